"""kill -9 at every moment of the `Next` that receives a transfer: pressed again, it is received
once, and until then not at all."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from blueprints.inventory.ledger import entries as ledger
from blueprints.transfers import notices, services
from blueprints.transfers.checks import conserved
from blueprints.transfers.models import TransferLine
from portal import db as portal_db
from portal import drafts
from portal.audit import services as audit_services
from portal.audit.verify import verify
from portal.db import db, unit_of_work
from portal.messages.models import Message
from tests.client import Browser, fields_of
from tests.effort import some
from tests.inventory import stock
from tests.killing import press
from tests.personas import Personas
from tests.processes import ChildFailed, start
from tests.transfers.test_races import send

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.slow("kills processes at many moments"),
]

# Module, function, which call of it, and whether to die before it or behind it.
MOMENTS = [
    (services, "lock_arrivals", 1, "behind"),
    (services, "_claim", 1, "before"),
    (services, "_claim", 1, "behind"),
    (services, "record_for_arrival", 1, "behind"),
    (ledger, "_entry", 1, "before"),
    (ledger, "_entry", 1, "behind"),
    (ledger, "_entry", 2, "behind"),
    (ledger, "_entry", 3, "before"),
    (ledger, "_entry", 3, "behind"),
    (ledger, "_write", 1, "behind"),
    (notices, "queue_many", 1, "behind"),
    (drafts, "finish", 1, "before"),
    (drafts, "finish", 1, "behind"),
    (audit_services, "_append", 1, "before"),
    (audit_services, "_append", 1, "behind"),
    (portal_db, "_finish", 1, "before"),
    (portal_db, "_commit", 1, "before"),
    (portal_db, "_commit", 1, "behind"),
]


def state() -> tuple[str, int, int, int]:
    """The line's state, doses at the receiver, entries, and mails to the sender."""
    with unit_of_work(write=False) as session:
        line = session.scalars(select(TransferLine)).one()
        received = line.doses_received or 0
        told = session.scalar(
            select(func.count()).select_from(Message).where(Message.kind == "transfer_received")
        )
        entries = session.scalar(select(func.count()).select_from(ledger.DoseEntry))
        return line.state, received, entries or 0, told or 0


@pytest.mark.parametrize(
    "moment", some(MOMENTS, short=3), ids=lambda moment: f"{moment[3]} {moment[1]} {moment[2]}"
)
def test_killed_while_receiving_and_pressed_again(
    app: Flask, personas: Personas, browser: Browser, moment: tuple[Any, ...]
) -> None:
    with app.app_context():
        sender = stock.scope_for(personas, "manager_a")
        record = stock.add(sender)
        _transfer, line = send(sender, personas.locations["B"], record)
    browser.sign_in("manager_b")
    form = browser.submit(
        browser.get(f"/transfers/inbound?line={line}"), button="Next", follow=True
    )
    filled = {
        "date_received": f"{stock.day():%m/%d/%Y}",
        "doses_received": "8",
        "difference_reason": "lost_transit",
    }
    (element,) = [
        one for one in form.root.all("form") if any(b.text == "Next" for b in one.all("button"))
    ]
    fields = fields_of(element, "Next") | filled
    address = element.attributes["action"]
    with app.app_context():
        db.engine.dispose()
    child = start(app, press, browser, address, fields, moment)
    with pytest.raises(ChildFailed, match="ended by -9"):
        child.result()
    with app.app_context():
        committed = moment[1:] == ("_commit", 1, "behind")
        assert state() == (("received", 8, 5, 2) if committed else ("in_transit", 0, 2, 0))
    again = browser.post(address, fields)
    assert again.status == 303
    with app.app_context():
        assert state() == ("received", 8, 5, 2)
        assert stock.counters(record)["doses_transferred"] == 10
        assert stock.wrong() == []
        with unit_of_work(write=False):
            assert list(conserved()) == []
        assert verify().ok
    done = browser.get(again.leads_to)
    assert "processed and added to your inventory" in done.root.text
