"""Scanning in a real browser: a keyboard scanner types fast and presses Enter."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_pages import violations
from tests.browser.ways import PHONE, SCHEMES, SCRIPT_FIRST, SIZES
from tests.inventory.stock import shipment_id
from tests.inventory.test_scan import MODERNA, VIAL
from tests.shipments.files import csv, row, take_in

# What is shown here does not depend on the database.

BEFORE, AFTER = f"01{VIAL}21S123", "1727063010011J20A"


def scan(page: Page, before: str, after: str = "") -> None:
    """What a scanner does that sends its separator as Ctrl+], and Enter at the end."""
    page.get_by_label("Scan").click()
    page.keyboard.type(before)
    if after:
        page.keyboard.press("Control+]")
        page.keyboard.type(after)
    page.keyboard.press("Enter")


def filled(page: Page) -> None:
    expect(page.get_by_text("Filled in from the code")).to_be_visible()
    expect(page.locator("#product")).to_have_value(MODERNA)
    expect(page.locator("#lot")).to_have_value("011J20A")
    expect(page.locator("#expiration_date")).to_have_value("06/30/2027")
    expect(page.locator("#scan")).to_have_value("")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_scanner_fills_in_the_form_and_the_work_goes_on(visit: Visit) -> None:
    page = visit("manager_a")
    page.goto("/vaccine-inventory/add")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    scan(page, BEFORE, AFTER)
    filled(page)
    assert [("assist=scan" in body, "go=" in body) for body in sent if body] == [(True, False)]
    expect(page.locator("#serial_number")).to_have_value("S123")
    expect(page.locator("#scan-told")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#product")).to_be_focused()
    page.get_by_label("Total Doses").fill("10")
    page.get_by_label("Unable to locate shipment record").check()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Review")).to_be_visible()


def test_enter_with_nothing_scanned_goes_on(visit: Visit) -> None:
    page = visit("manager_a")
    page.goto("/vaccine-inventory/add")
    page.get_by_label("Scan").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Lot #: Please fill in this field.")


@SCRIPT_FIRST
def test_the_button_fills_in_what_was_pasted(visit: Visit, script: bool) -> None:
    page = visit("manager_a", script=script)
    page.goto("/vaccine-inventory/add")
    page.get_by_label("Scan").fill(f"(01){VIAL}(17)270630(10)011J20A")
    page.get_by_role("button", name="Fill in").click()
    filled(page)


def test_the_scanners_enter_is_enough_without_script(visit: Visit) -> None:
    page = visit("manager_a", script=False)
    page.goto("/vaccine-inventory/add")
    scan(page, f"01{VIAL}{AFTER}")
    filled(page)


@SCRIPT_FIRST
def test_readings_and_contradictions_are_asked_about(
    app: Flask, visit: Visit, script: bool
) -> None:
    take_in(app, csv(row()))
    page = visit("manager_a", script=script, viewport=PHONE)
    page.goto(f"/vaccine-inventory/add?shipment={shipment_id(app)}")
    scan(page, f"01{VIAL}1727063010021C21A")
    page.get_by_label("Lot #: 021C21A").check()
    page.get_by_role("button", name="Fill in").click()
    expect(page.locator("#lot")).to_have_value("011J20A")
    page.get_by_label("The code is right: change the form").check()
    page.get_by_role("button", name="Fill in").click()
    expect(page.get_by_text("Filled in from the code: Lot #.")).to_be_visible()
    expect(page.locator("#lot")).to_have_value("021C21A")


@SCHEMES
@SIZES
def test_axe_finds_nothing_in_what_is_asked_and_told(
    app: Flask, visit: Visit, size: object, scheme: str
) -> None:
    take_in(app, csv(row()))
    page = visit("manager_a", viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"/vaccine-inventory/add?shipment={shipment_id(app)}")
    scan(page, f"01{VIAL}1727063010021C21A")
    expect(page.get_by_role("radio").first).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Lot #: 021C21A").check()
    page.get_by_role("button", name="Fill in").click()
    expect(page.get_by_label("The code is right: change the form")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("The form is right: leave it as it is").check()
    page.get_by_role("button", name="Fill in").click()
    expect(page.get_by_text("The form was left as it is.")).to_be_visible()
    assert violations(page) == []
    scan(page, "HELLO")
    expect(page.get_by_role("alert")).to_contain_text("This is not a GS1 code")
    expect(page.locator("#scan")).to_be_focused()
    assert violations(page) == []


@SCRIPT_FIRST
def test_the_scan_after_a_failed_one_replaces_it(visit: Visit, script: bool) -> None:
    page = visit("manager_a", script=script)
    page.goto("/vaccine-inventory/add")
    scan(page, "HELLO")
    expect(page.locator("#scan-error")).to_contain_text("This is not a GS1 code")
    expect(page.locator("#scan")).to_have_value("HELLO")
    expect(page.locator("#scan")).to_be_focused()
    page.keyboard.type(f"01{VIAL}{AFTER}")
    page.keyboard.press("Enter")
    filled(page)


@pytest.mark.parametrize("label", ["Lot #", "Expiration Date", "Serial Number", "Shipment Record"])
@SCRIPT_FIRST
def test_a_scanner_that_types_into_another_field_fills_in_the_form(
    visit: Visit, script: bool, label: str
) -> None:
    page = visit("manager_a", script=script)
    page.goto("/vaccine-inventory/add")
    page.get_by_label(label, exact=False).first.click()
    if script:
        page.keyboard.type(BEFORE)
        page.keyboard.press("Control+]")
        page.keyboard.type(AFTER)
    else:
        page.keyboard.type(f"01{VIAL}{AFTER}")
    page.keyboard.press("Enter")
    filled(page)
