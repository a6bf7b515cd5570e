"""What waits in the outbox does not go to who lost the access, nor to an address given up."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from portal.messages.models import Message
from portal.messages.services import queue
from portal.places.models import Location
from tests.accounts.steps import press
from tests.client import Browser
from tests.people.steps import NEW, reading, sign_in, writing
from tests.personas import PASSPHRASE, Personas
from tests.shipments.files import csv, row, take_in

Promise = Callable[..., None]
WHO = "manager_ab"
OLD, RIGHT = "manager.ab@example.org", "abby.monroe@example.org"
KEPT = {"email_changed": "waiting", "password_changed": "waiting"}


@pytest.fixture
def promised(app: Flask, personas: Personas) -> None:
    """What waits for the manager of A and B, and for a colleague."""
    with writing(app):
        for who, address in ((WHO, OLD), ("manager_a", "manager.a@example.org")):
            user_id = personas.users[who]
            for kind, letter in (("daily_digest", "A"), ("transfer_sent", "B")):
                queue(
                    kind,
                    address,
                    context={},
                    user_id=user_id,
                    location_id=personas.locations[letter],
                )
            for kind in ("location_added", "password_reset", "email_changed", "password_changed"):
                queue(kind, address, context={}, secret={"link": "x"}, user_id=user_id)


def states(app: Flask, who: int) -> dict[str, str]:
    """The states of the user's messages, by kind; each says why it was cancelled."""
    with reading(app) as session:
        found = session.scalars(select(Message).where(Message.user_id == who)).all()
        assert all(one.reason and not one.secret for one in found if one.state == "cancelled")
        return {one.kind: one.state for one in found}


def lost(app: Flask, who: int) -> set[str]:
    return {kind for kind, state in states(app, who).items() if state == "cancelled"}


def test_who_was_deactivated_gets_nothing_more_but_the_warnings(
    browser: Browser, personas: Personas, promised: None
) -> None:
    user_id = personas.users[WHO]
    assert press(browser.sign_in("admin"), user_id, "Deactivate").status == 303
    found = states(browser.app, user_id)
    assert {kind: state for kind, state in found.items() if state != "cancelled"} == KEPT
    assert len(found) == 6
    assert lost(browser.app, personas.users["manager_a"]) == set()


def test_who_lost_the_last_location_gets_nothing_more_but_the_warnings(
    browser: Browser, personas: Personas, promised: None
) -> None:
    user_id = personas.users[WHO]
    press(browser.sign_in("admin"), user_id, "Change Locations", locations=[])
    found = states(browser.app, user_id)
    assert {kind: state for kind, state in found.items() if state != "cancelled"} == KEPT


def test_of_a_location_that_was_lost_nothing_more_is_told(
    browser: Browser, personas: Personas, promised: None
) -> None:
    user_id = personas.users[WHO]
    press(browser.sign_in("manager_a"), user_id, "Change Locations", locations=[])
    assert lost(browser.app, user_id) == {"daily_digest"}
    assert lost(browser.app, personas.users["manager_a"]) == set()


def test_who_is_no_manager_any_more_is_told_nothing_of_the_stock(
    browser: Browser, personas: Personas, promised: None
) -> None:
    user_id = personas.users[WHO]
    press(browser.sign_in("admin"), user_id, "Change Profile", profile="provider")
    assert lost(browser.app, user_id) == {"daily_digest", "transfer_sent"}


def test_nothing_goes_to_an_address_that_was_corrected(
    browser: Browser, personas: Personas, promised: None
) -> None:
    user_id = personas.users[WHO]
    page = browser.sign_in("admin").get(f"/accounts/{user_id}")
    form = {"action": f"/accounts/{user_id}/correct"}
    assert browser.submit(page, {"email": RIGHT}, **form).status == 303
    assert lost(browser.app, user_id) == {
        "daily_digest",
        "transfer_sent",
        "location_added",
        "password_reset",
    }
    with writing(browser.app):
        queue("daily_digest", RIGHT, context={}, user_id=user_id)
    page = browser.get(f"/accounts/{user_id}")
    assert browser.submit(page, {"email": "a.monroe@example.org"}, **form).status == 303
    with reading(browser.app) as session:
        waiting = session.execute(
            select(Message.kind, Message.address)
            .where(Message.user_id == user_id, Message.state == "waiting")
            .order_by(Message.id)
        ).all()
    assert [tuple(one) for one in waiting] == [
        ("email_changed", OLD),
        ("password_changed", OLD),
        ("email_changed", OLD),
        ("email_changed", RIGHT),
    ], "each address that was given up hears of it"


def test_the_warning_of_a_new_password_outlives_the_account(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    sign_in(browser, "provider.a")
    typed = {"current_password": PASSPHRASE, "new_password": NEW}
    assert browser.submit(browser.get("/password"), typed, button="Save").status == 303
    press(another().sign_in("manager_a"), user_id, "Deactivate")
    assert states(browser.app, user_id) == {"password_changed": "waiting"}


def test_a_manager_who_was_told_of_shipments_is_no_longer(
    browser: Browser, personas: Personas
) -> None:
    with writing(browser.app) as session:
        place = session.get_one(Location, personas.locations["A"])
        place.coordinator_email = place.backup_email = ""
    take_in(browser.app, csv(row()))
    press(browser.sign_in("admin"), personas.users["manager_a"], "Deactivate")
    assert states(browser.app, personas.users["manager_a"]) == {"shipment_announced": "cancelled"}
    assert states(browser.app, personas.users[WHO]) == {"shipment_announced": "waiting"}
