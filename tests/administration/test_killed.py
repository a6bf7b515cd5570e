"""kill -9 at every moment of `Save`: pressed again, the dose is recorded once, and until then not
at all."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from blueprints.administration import recording, services
from blueprints.administration.models import Administration
from blueprints.appointments import services as appointments
from blueprints.inventory.ledger import entries as ledger
from portal import db as portal_db
from portal import drafts
from portal.audit import services as audit_services
from portal.audit.verify import verify
from portal.db import db, unit_of_work
from portal.messages.models import Message
from tests.administration import chair
from tests.administration.pages import at_review
from tests.appointments.booking import booked, offered, person, slot_at, status
from tests.client import Browser, fields_of
from tests.effort import some
from tests.inventory import stock
from tests.killing import press
from tests.personas import Personas
from tests.processes import ChildFailed, start

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.slow("kills processes at many moments"),
]

# Module, function, which call of it, and whether to die before it or behind it.
MOMENTS = [
    (services, "lock_recipient", 1, "before"),
    (services, "lock_recipient", 1, "behind"),
    (services, "note_vaccinated", 1, "behind"),
    (services, "judged", 1, "behind"),
    (ledger, "_entry", 1, "before"),
    (ledger, "_entry", 1, "behind"),
    (ledger, "_write", 1, "behind"),
    (recording, "seal", 1, "before"),
    (services, "write", 1, "behind"),
    (appointments, "close", 1, "before"),
    (appointments, "close", 1, "behind"),
    (appointments, "cancel_unfitting", 1, "behind"),
    (services, "tell_given", 1, "behind"),
    (services, "announce", 1, "behind"),
    (drafts, "finish", 1, "before"),
    (drafts, "finish", 1, "behind"),
    (audit_services, "_append", 1, "behind"),
    (portal_db, "_commit", 1, "before"),
    (portal_db, "_commit", 1, "behind"),
]


def state(recipient: int, record: int) -> tuple[tuple[int, int], str, int, int]:
    """Doses of the lot, dose status, versions, and messages about doses."""
    with unit_of_work(write=False) as session:
        versions = session.scalar(select(func.count()).select_from(Administration))
        told = session.scalar(
            select(func.count()).select_from(Message).where(Message.kind == "vaccination_given")
        )
    return chair.left(record), status(recipient), versions or 0, told or 0


NOTHING = (10, 0), "dose_1_scheduled", 0, 0
ONCE = (9, 1), "dose_1_administered", 1, 1


@pytest.mark.parametrize(
    "moment", some(MOMENTS, short=3), ids=lambda moment: f"{moment[3]} {moment[1]} {moment[2]}"
)
def test_killed_while_saving_and_pressed_again(
    app: Flask, personas: Personas, browser: Browser, moment: tuple[Any, ...]
) -> None:
    with app.app_context():
        manager = stock.scope_for(personas, "manager_a")
        offered(manager)
        record, recipient = chair.lot(manager), person(manager)
        appointment = booked(manager, recipient, slot_at(manager.location_id, 2))
        arrival = chair.arrived(manager, recipient, appointment)
    form = at_review(browser.sign_in("provider_a"), arrival).root.one("div", id="wizard")
    (element,) = form.all("form")
    fields, address = fields_of(element, "Save"), element.attributes["action"]
    with app.app_context():
        db.engine.dispose()
    child = start(app, press, browser, address, fields, moment)
    with pytest.raises(ChildFailed, match="ended by -9"):
        child.result()
    with app.app_context():
        committed = moment[1:] == ("_commit", 1, "behind")
        assert state(recipient, record) == (ONCE if committed else NOTHING)
        assert chair.wrong() == []
    again = browser.post(address, fields)
    assert again.status in {303, 200, 409}
    with app.app_context():
        assert state(recipient, record) == ONCE
        assert chair.wrong() == []
        assert verify().ok
