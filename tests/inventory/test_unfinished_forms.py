"""A form that was begun for a shipment which has moved on meanwhile."""

from flask import Flask
from sqlalchemy import select

from blueprints.inventory.models import VaccineInventory
from portal.db import unit_of_work
from portal.wizards.models import Draft
from tests.client import Browser, Page
from tests.inventory import stock
from tests.personas import Personas
from tests.shipments.files import csv, row, take_in


def begun(app: Flask, browser: Browser) -> tuple[int, Page]:
    """A form opened from SHP-1 with its first step sent; then the shipment goes elsewhere."""
    take_in(app, csv(row()))
    browser.sign_in("manager_a")
    page = browser.get(f"/vaccine-inventory/add?shipment={stock.shipment_id(app)}")
    sent = browser.submit(page, {"serial_number": "typed a lot"}, button="Next")
    assert sent.status == 303
    take_in(app, csv(row(pin="NCA650002")))
    with app.app_context(), unit_of_work(write=False) as session:
        return session.scalars(select(Draft.id)).one(), sent


def test_an_unfinished_form_outlives_its_shipment(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    draft, sent = begun(app, browser)
    assert f"/drafts/{draft}" in browser.get("/").html
    page = browser.get(f"/drafts/{draft}")
    assert page.status == 200
    assert "typed a lot" in page.root.text
    onward = page.root.with_text("a", "Continue").attributes["href"]
    for address in (onward, sent.leads_to):
        page = browser.get(address)
        while page.leads_to:
            page = browser.get(page.leads_to)
        assert page.status == 200
        serial = page.root.one("input", name="serial_number")
        assert serial.attributes["value"] == "typed a lot"
    refused = browser.submit(page, button="Next")
    assert refused.status == 422
    assert "typed a lot" in refused.html
    without = {
        "shipment": "",
        "shipment_text": "",
        "unable_to_locate_shipment": "y",
        "serial_number": "typed a lot",
    }
    review = browser.submit(refused, without, button="Next", follow=True)
    saved = browser.submit(review, button="Save")
    assert saved.status == 303
    with app.app_context(), unit_of_work(write=False) as session:
        record = session.scalars(select(VaccineInventory)).one()
        assert (record.serial_number, record.shipment_id) == ("typed a lot", None)
        assert record.location_id == personas.locations["A"]


def test_the_steps_behind_do_not_ask_for_the_lost_shipment(app: Flask, browser: Browser) -> None:
    draft, _sent = begun(app, browser)
    for step in ("lot", "review"):
        answer = browser.get(f"/vaccine-inventory/add/{draft}/{step}")
        assert answer.leads_to.endswith(f"/vaccine-inventory/add/{draft}/details")


def test_a_form_is_still_not_opened_from_a_shipment_of_another_location(
    app: Flask, browser: Browser
) -> None:
    begun(app, browser)
    moved = f"/vaccine-inventory/add?shipment={stock.shipment_id(app)}"
    page = browser.get(moved)
    assert page.status == 404
    assert browser.get("/vaccine-inventory/add?shipment=x").status == 404
