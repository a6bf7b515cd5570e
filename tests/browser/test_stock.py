"""Wastage and transfers in a real browser, with script and without; quarantine, late losses."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from blueprints.inventory.ledger.documents import open_document
from blueprints.inventory.ledger.entries import Movement, post
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.quarantine import services as quarantine
from blueprints.inventory.rules import DocumentKind, Kind
from portal.db import unit_of_work
from tests.browser.conftest import Visit
from tests.browser.test_pages import too_wide, violations
from tests.browser.ways import SCHEMES, SCRIPT_FIRST, SIZES
from tests.inventory import stock
from tests.personas import Personas

# What is shown here does not depend on the database.


@pytest.fixture
def record(app: Flask, personas: Personas) -> int:
    """A hundred doses at Clinic A."""
    with app.app_context():
        return stock.add(stock.scope_for(personas, "manager_a"), name="Blue fridge")


def available(app: Flask, record: int) -> int:
    with app.app_context(), unit_of_work(write=False) as session:
        return session.get_one(VaccineInventory, record).doses_available


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@SCRIPT_FIRST
def test_wastage_from_the_list_to_its_slip(
    app: Flask, visit: Visit, record: int, script: bool
) -> None:
    page = visit("manager_a", script=script)
    page.goto("/vaccine-inventory/?view=all")
    page.get_by_role("link", name="Wastage", exact=True).click()
    page.get_by_label("Doses wasted: Blue fridge").fill("101")
    press(page, "Next")
    expect(page.get_by_text("Only 100 doses are available. You entered 101.").first).to_be_visible()
    page.get_by_label("Doses wasted: Blue fridge").fill("3")
    press(page, "Next")
    expect(page.get_by_role("heading", name="Date and reason")).to_be_visible()
    page.get_by_role("combobox", name="Reason").select_option("Broken vial or syringe")
    page.get_by_label("Closed vial").check()
    press(page, "Next")
    expect(page.get_by_role("heading", name="Confirm")).to_be_visible()
    expect(page.get_by_role("cell", name="97", exact=True)).to_be_visible()
    press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text("Wastage W-000001")
    assert available(app, record) == 97


@SCRIPT_FIRST
def test_a_transfer_is_sent_and_received_by_the_wizard_of_the_guide(
    app: Flask, visit: Visit, record: int, script: bool
) -> None:
    page = visit("manager_a", script=script)
    page.goto(f"/vaccine-inventory/{record}")
    page.get_by_role("link", name="Transfer", exact=True).click()
    page.get_by_label("Doses to transfer: Blue fridge").fill("40")
    press(page, "Next")
    page.locator("#receiver").fill("Clinic B")
    page.get_by_role("combobox", name="Reason").select_option("More than needed here")
    press(page, "Next")
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    press(page, "Send")
    expect(page.get_by_role("heading", level=1)).to_have_text("Transfer T-000001")
    assert available(app, record) == 60

    there = visit("manager_b", script=script)
    there.goto("/vaccine-inventory/")
    there.get_by_role("link", name="Inbound Transfer", exact=True).click()
    there.get_by_label("Blue fridge").check()
    press(there, "Next")
    expect(there.get_by_text("Doses sent: 40")).to_be_visible()
    there.get_by_label("Date Received").fill(f"{stock.day():%m/%d/%Y}")
    there.get_by_role("textbox", name="Doses Received").fill("38")
    press(there, "Next")
    expect(there.get_by_text("Doses missing: 2 of 40").first).to_be_visible()
    there.get_by_role("combobox", name="Reason for missing doses").select_option(
        "Damaged in transit"
    )
    press(there, "Next")
    expect(there.get_by_text("processed and added to your inventory")).to_be_visible()
    press(there, "Finish")
    expect(there.get_by_role("heading", level=1)).to_have_text("Blue fridge")
    expect(there.locator("dl.hl")).to_contain_text("38")


@SIZES
@SCHEMES
def test_quarantine_stands_in_the_list_and_what_was_counted_on_the_confirmation(
    app: Flask, personas: Personas, visit: Visit, record: int, size: object, scheme: str
) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        product = stock.product_id()
        with unit_of_work():
            quarantine.place(
                scope, quarantine.Hold(product_id=product, lot="011J20A", reason="recall")
            )
            document = open_document(scope, DocumentKind.COUNT, happened_on=stock.day())
            movement = Movement(
                kind=Kind.WASTED,
                doses=2,
                happened_on=stock.day(),
                reason="lost",
                document_id=document.id,
            )
            post(scope.user, record, movement)
    page = visit("manager_a", viewport=size, color_scheme=scheme, reduced_motion="reduce")

    def look() -> None:
        assert violations(page) == []
        assert too_wide(page) == []

    page.goto("/vaccine-inventory/?view=all")
    expect(page.locator("tbody").get_by_text("Quarantine", exact=True)).to_be_visible()
    look()
    page.goto(f"/vaccine-inventory/wastage?record={record}")
    page.get_by_label("Doses wasted: Blue fridge").fill("2")
    press(page, "Next")
    page.get_by_role("combobox", name="Reason").select_option("Broken vial or syringe")
    page.get_by_label("Closed vial").check()
    press(page, "Next")
    expect(page.get_by_text("Make sure these are not the same doses")).to_be_visible()
    look()
    page.get_by_role("link", name="Show C-000001").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Count C-000001")
    page.go_back()
    page.get_by_label("I have checked this: it is right as entered.").check()
    press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text("Wastage W-000002")


def test_the_name_of_a_record_is_proposed_while_product_and_lot_are_typed(
    visit: Visit, record: int
) -> None:
    page = visit("manager_a", script=True)
    page.goto("/vaccine-inventory/add")
    name, lot = page.get_by_label("Vaccine Inventory Name"), page.get_by_label("Lot #")
    page.get_by_label("Product", exact=False).first.press_sequentially("Janss")
    page.get_by_role("option").first.click()
    expect(name).to_have_value("")
    lot.press_sequentially("ab12")
    expect(name).to_have_value("Janssen – AB12")
    lot.press_sequentially("3")
    expect(name).to_have_value("Janssen – AB123")
    name.fill("Door of the fridge")
    lot.press_sequentially("4")
    expect(name).to_have_value("Door of the fridge")
