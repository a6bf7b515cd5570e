"""Returns, adjustments, reversals, quarantine, and transfers that come back, in a real browser."""

from flask import Flask
from playwright.sync_api import Page, expect

from blueprints.inventory.rules import Kind
from tests.browser.conftest import Visit
from tests.browser.test_stock import available, press, record
from tests.browser.ways import SCRIPT_FIRST
from tests.inventory import stock
from tests.personas import Personas

# What is shown here does not depend on the database.

__all__ = ["record"]  # fixture

LIST = "/vaccine-inventory/?view=all"


def follow(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()


def title(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


@SCRIPT_FIRST
def test_a_return_from_the_record_to_its_slip(
    app: Flask, visit: Visit, record: int, script: bool
) -> None:
    page = visit("manager_a", script=script)
    page.goto(f"/vaccine-inventory/{record}")
    follow(page, "Return")
    page.get_by_label("Doses returned: Blue fridge").fill("10")
    press(page, "Next")
    press(page, "Next")
    expect(page.get_by_text("Please fill in this field.").first).to_be_visible()
    page.get_by_role("combobox", name="Reason").select_option("Stored too warm")
    press(page, "Next")
    expect(page.get_by_role("cell", name="90", exact=True)).to_be_visible()
    press(page, "Save")
    title(page, "Return R-000001")
    page.emulate_media(media="print")
    expect(page.get_by_text("Received by, date")).to_be_visible()
    expect(page.get_by_role("button", name="Sign Out")).to_be_hidden()
    assert available(app, record) == 90


@SCRIPT_FIRST
def test_an_extra_dose_is_added_and_the_help_desk_takes_it_back(
    app: Flask, visit: Visit, personas: Personas, record: int, script: bool
) -> None:
    page = visit("manager_a", script=script)
    page.goto(f"/vaccine-inventory/{record}")
    follow(page, "Adjustment")
    page.get_by_role("textbox", name="Doses").fill("500")
    page.get_by_role("combobox", name="Reason").select_option("Extra dose in the vial")
    press(page, "Next")
    expect(page.get_by_text("Please check the number")).to_be_visible()
    press(page, "Previous")
    page.get_by_role("textbox", name="Doses").fill("1")
    press(page, "Next")
    expect(page.get_by_text("Please check the number")).to_have_count(0)
    press(page, "Save")
    expect(page.locator("dl.hl")).to_contain_text("101")

    desk = visit("agent", script=script)
    desk.goto("/switch-location")
    desk.get_by_role("button", name="Clinic A").click()
    desk.goto(f"/vaccine-inventory/{record}?tab=related")
    desk.get_by_role("link", name="Reverse entry").first.click()
    press(desk, "Reverse")
    expect(desk.get_by_text("Please fill in this field.").first).to_be_visible()
    desk.get_by_role("textbox", name="Reason").fill("Counted twice")
    press(desk, "Reverse")
    expect(desk.get_by_text("The entry was reversed.")).to_be_visible()
    expect(desk.get_by_text("Counted twice")).to_be_visible()
    assert available(app, record) == 100


@SCRIPT_FIRST
def test_a_manager_reverses_wastage(app: Flask, visit: Visit, record: int, script: bool) -> None:
    with app.app_context():
        stock.post(None, record, Kind.WASTED, 7)
    page = visit("manager_a", script=script)
    page.goto(f"/vaccine-inventory/{record}")
    follow(page, "Related")
    page.get_by_role("link", name="Reverse entry").click()
    page.get_by_role("textbox", name="Reason").fill("Wrong lot")
    press(page, "Reverse")
    expect(page.get_by_text("The entry was reversed.")).to_be_visible()
    expect(page.get_by_role("link", name="Reverse entry")).to_have_count(0)
    assert available(app, record) == 100


@SCRIPT_FIRST
def test_a_lot_is_held_and_released_at_its_location(
    app: Flask, visit: Visit, record: int, script: bool
) -> None:
    page = visit("manager_a", script=script)
    page.goto(f"/vaccine-inventory/{record}")
    follow(page, "Quarantine")
    page.get_by_role("combobox", name="Reason").select_option("Power failure")
    page.get_by_role("textbox", name="Note").fill("9.2 °C overnight")
    press(page, "Quarantine")
    expect(page.get_by_text("This lot has been in quarantine at this location")).to_be_visible()
    expect(page.get_by_role("link", name="Transfer", exact=True)).to_have_count(0)
    page.goto("/")
    expect(page.get_by_role("heading", name="In quarantine")).to_be_visible()
    follow(page, "Blue fridge")
    follow(page, "Release from Quarantine")
    page.get_by_role("textbox", name="Reason").fill("The maker says it is fine")
    press(page, "Release from Quarantine")
    title(page, "Blue fridge")
    expect(page.get_by_text("The lot is released.")).to_be_visible()
    follow(page, "Related")
    expect(page.get_by_text("The maker says it is fine")).to_be_visible()


@SCRIPT_FIRST
def test_a_recall_holds_a_lot_at_all_locations(
    app: Flask, visit: Visit, record: int, script: bool
) -> None:
    office = visit("admin", script=script)
    office.goto("/vaccine-inventory/quarantine")
    follow(office, "Quarantine")
    office.locator("#product").fill("Moderna")
    if script:
        office.locator("[role=listbox] [role=option]").first.click()
    office.get_by_role("textbox", name="Lot #").fill("011j20b")
    office.get_by_role("combobox", name="Reason").select_option("Recall")
    press(office, "Quarantine at all locations")
    if not script:
        office.get_by_role("radio").first.check()
        press(office, "Quarantine at all locations")
    expect(office.get_by_text("No location has a lot 011J20B").first).to_be_visible()
    office.get_by_role("textbox", name="Lot #").fill("011j20a")
    press(office, "Quarantine at all locations")
    expect(office.get_by_text("Doses available: 100, at locations: 1.")).to_be_visible()
    page = visit("manager_a", script=script)
    page.goto(f"/vaccine-inventory/{record}")
    expect(page.get_by_text("This lot has been in quarantine at all locations")).to_be_visible()
    expect(page.get_by_role("link", name="Release from Quarantine")).to_have_count(0)


def send(page: Page, record: int, doses: int) -> None:
    """From the record to the page of the transfer."""
    page.goto(f"/vaccine-inventory/{record}")
    follow(page, "Transfer")
    page.get_by_label("Doses to transfer: Blue fridge").fill(str(doses))
    press(page, "Next")
    page.locator("#receiver").fill("Clinic B")
    page.get_by_role("combobox", name="Reason").select_option("More than needed here")
    press(page, "Next")
    press(page, "Send")


@SCRIPT_FIRST
def test_a_transfer_is_cancelled_by_its_sender(
    app: Flask, visit: Visit, record: int, script: bool
) -> None:
    page = visit("manager_a", script=script)
    send(page, record, 40)
    title(page, "Transfer T-000001")
    follow(page, "Cancel Transfer")
    page.get_by_role("textbox", name="Reason").fill("Wrong clinic")
    press(page, "Cancel Transfer")
    expect(page.get_by_text("The transfer was canceled.")).to_be_visible()
    expect(page.get_by_role("link", name="Cancel Transfer")).to_have_count(0)
    assert available(app, record) == 100


@SCRIPT_FIRST
def test_a_transfer_is_refused_by_its_receiver(
    app: Flask, visit: Visit, record: int, script: bool
) -> None:
    send(visit("manager_a", script=script), record, 40)
    page = visit("manager_b", script=script)
    page.goto("/transfers/")
    page.goto("/transfers/?view=all")
    follow(page, "T-000001")
    follow(page, "Refuse Transfer")
    page.get_by_role("textbox", name="Reason").fill("Arrived warm")
    press(page, "Refuse Transfer")
    expect(page.get_by_text("Please fill in this field.").first).to_be_visible()
    page.get_by_role("radio", name="No, or not sure").check()
    press(page, "Refuse Transfer")
    expect(page.get_by_text("The transfer was refused.")).to_be_visible()
    assert available(app, record) == 100
    there = visit("manager_a", script=script)
    there.goto(f"/vaccine-inventory/{record}")
    expect(there.get_by_text("Clinic B: Arrived warm")).to_be_visible()


@SCRIPT_FIRST
def test_a_manager_sets_when_to_be_warned(visit: Visit, record: int, script: bool) -> None:
    page = visit("manager_a", script=script)
    page.goto(LIST)
    page.locator("summary", has_text="More").click()
    follow(page, "Alerts")
    fewer = page.get_by_role("textbox", name="Doses")
    fewer.fill("few")
    press(page, "Save")
    expect(page.get_by_text("Enter a whole number").first).to_be_visible()
    fewer.fill("150")
    press(page, "Save")
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.goto("/")
    expect(page.get_by_text("100 usable doses")).to_be_visible()
