"""What a form is about has changed when it is saved: the step that it concerns comes back, with
everything that was typed."""

import pytest
from flask import Flask

from blueprints.inventory.rules import Kind
from tests.client import Browser
from tests.inventory import stock
from tests.inventory.test_corrections import agent_at_a
from tests.personas import Personas
from tests.shipments.files import csv, row, take_in

REGIONS = pytest.mark.parametrize("region", [None, "wizard"])


@REGIONS
def test_a_lot_that_came_since_is_asked_about_before_the_delivery_is_saved(
    app: Flask, browser: Browser, personas: Personas, region: str | None
) -> None:
    take_in(app, csv(row()))
    browser.sign_in("manager_a")
    form = browser.get(f"/vaccine-inventory/add?shipment={stock.shipment_id(app)}")
    typed = {"serial_number": "S-77", "doses": "290"}
    review = browser.submit(form, typed, button="Next", follow=True)
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=5, confirmed=True)
    asked = browser.submit(review, button="Save", region=region)
    assert asked.status == 422
    assert "Please complete this step first. Nothing was saved." in asked.root.text
    assert "(doses available: 5, expires 06/30/2027)" in asked.root.text
    review = browser.submit(asked, {"duplicate": str(record)}, button="Next", follow=True)
    assert "S-77" in review.root.text
    assert browser.submit(review, button="Save").leads_to == f"/vaccine-inventory/{record}"
    with app.app_context():
        assert stock.counters(record)["doses_available"] == 295
        assert stock.wrong() == []


def test_a_reversal_whose_doses_have_left_since_comes_back_with_its_note(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=5)
        (entry,) = (number for number, _kind, _doses in stock.entries(record))
        agent_at_a(personas)
    page = browser.sign_in("agent").get(f"/vaccine-inventory/entries/{entry}/reverse")
    with app.app_context():
        stock.post(scope, record, Kind.ADMINISTERED, 4)
    told = browser.submit(page, {"note": "Typed twice"}, button="Reverse")
    assert told.status == 409
    alert = told.root.one("div", role="alert").text
    assert alert.startswith("Nothing was saved Some of these doses have been used since.")
    assert told.root.one("textarea").text == "Typed twice"


def test_a_quarantine_and_a_release_that_are_too_late_come_back_with_their_note(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    with app.app_context():
        record = stock.add(stock.scope_for(personas, "manager_a"), doses=5)
    browser.sign_in("manager_a")
    page = browser.get(f"/vaccine-inventory/{record}/quarantine")
    why = {"reason": "other", "note": "Fridge"}
    first, second = (browser.submit(page, why, button="Quarantine") for _press in "12")
    assert (first.status, second.status) == (303, 303), "one form twice is one"
    told = browser.submit(page, {**why, "operation_id": "x" * 43}, button="Quarantine")
    assert told.status == 409
    alert = told.root.one("div", role="alert").text
    assert alert == "Nothing was saved This lot is already in quarantine for this reason."
    assert told.root.one("textarea").text == "Fridge"
    page = browser.get("/vaccine-inventory/quarantine/1/release")
    button = "Release from Quarantine"
    assert browser.submit(page, {"note": "Cold"}, button=button).status == 303
    told = browser.submit(page, {"note": "Cool", "operation_id": "y" * 43}, button=button)
    assert told.status == 409
    assert "Manager A has already released this lot." in told.root.one("div", role="alert").text
    assert told.root.one("textarea").text == "Cool"
