"""A count from the list to what was booked, in a real browser, with script and without."""

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from blueprints.inventory.rules import Kind
from tests.browser.conftest import Visit
from tests.browser.test_pages import too_wide, violations
from tests.browser.ways import SCHEMES, SCRIPT_FIRST, SIZES
from tests.filled import filled
from tests.inventory import stock
from tests.personas import Personas

# What is shown here does not depend on the database.


@pytest.fixture
def records(app: Flask, personas: Personas) -> list[int]:
    """Two records at Clinic A: 100 doses in the freezer, and 20 that nobody has put anywhere."""
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        return [
            stock.add(scope, name="Alpha", lot="LOT1", doses=100),
            stock.add(scope, name="Beta", lot="LOT2", doses=20),
        ]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def line(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def begin(page: Page) -> None:
    page.goto("/vaccine-inventory/?view=all")
    menu = page.locator("summary", has_text="More")
    if menu.count():
        menu.click()
    page.get_by_role("link", name="Count", exact=True).click()
    press(page, "Start Count")
    expect(page.get_by_role("heading", level=1)).to_have_text("Count 1")


@SCRIPT_FIRST
def test_a_count_is_entered_saved_finished_and_booked(
    app: Flask, visit: Visit, records: list[int], script: bool
) -> None:
    page = visit("manager_a", script=script)
    page.goto(f"/vaccine-inventory/{records[0]}")
    page.get_by_role("link", name="Edit Storage Unit").click()
    page.locator("input[name=storage_unit]").fill("Freezer")
    press(page, "Save")
    expect(page.get_by_text("Freezer")).to_be_visible()
    begin(page)
    expect(page.get_by_role("heading", level=2)).to_have_text(["Freezer", "No storage unit"])
    page.get_by_label("Doses counted, 1. Alpha", exact=True).fill("98")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Doses counted, 1. Alpha", exact=True)).to_have_value("98")
    press(page, "Finish")
    expect(page.get_by_text("Doses missing: 2.").first).to_be_visible()
    if script:
        expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("alert").get_by_role("link").last.click()
    expect(page.get_by_label("Doses counted, 2. Beta", exact=True)).to_be_focused()
    page.keyboard.type("20")
    line(page, "Alpha").get_by_role("combobox").select_option("Broken vial or syringe")
    press(page, "Finish")
    expect(page.get_by_role("heading", level=1)).to_have_text("Finish Count")

    with app.app_context():
        stock.post(None, records[1], Kind.ADMINISTERED, 1)
    press(page, "Finish Count")
    expect(line(page, "Beta").get_by_role("cell")).to_have_text(["LOT2", "20", "19", "20"])
    press(page, "Refresh expected numbers")
    expect(page.get_by_label("Doses counted, 2. Beta", exact=True)).to_have_value("")
    page.get_by_label("Doses counted, 2. Beta", exact=True).fill("19")
    press(page, "Finish")
    button = page.get_by_role("button", name="Finish Count")
    button.dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Count 1")
    page.get_by_role("link", name="C-000001").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Count C-000001")
    with app.app_context():
        assert [stock.counters(record)["doses_available"] for record in records] == [98, 19]
        assert stock.wrong() == []


@SIZES
@SCHEMES
def test_every_page_of_a_count_is_accessible_and_fits(
    app: Flask, visit: Visit, records: list[int], size: object, scheme: str
) -> None:
    page = visit("manager_a", viewport=size, color_scheme=scheme, reduced_motion="reduce")

    def look() -> None:
        assert violations(page) == []
        assert too_wide(page) == []

    page.goto("/counts/")
    look()
    begin(page)
    look()
    page.goto("/counts/")
    press(page, "Start Count")
    expect(page.get_by_role("link", name="Continue the open count")).to_be_visible()
    look()
    page.get_by_role("link", name="Continue the open count").click()
    press(page, "Finish")
    expect(page.get_by_role("alert")).to_be_visible()
    look()
    page.get_by_label("Doses counted, 1. Alpha", exact=True).fill("98")
    line(page, "Alpha").get_by_role("combobox").select_option("Broken vial or syringe")
    page.get_by_label("Not counted, 2. Beta").check()
    press(page, "Finish")
    expect(page.get_by_role("button", name="Finish Count")).to_be_visible()
    look()
    with app.app_context():
        stock.post(None, records[0], Kind.ADMINISTERED, 1)
    press(page, "Finish Count")
    expect(page.get_by_role("button", name="Refresh expected numbers")).to_be_visible()
    look()
    for path in ("/counts/1/sheet", "/counts/1/sheet?blind=1", "/counts/1/cancel"):
        page.goto(path)
        look()
    press(page, "Cancel Count")
    expect(page.get_by_text("Nothing was recorded.")).to_be_visible()
    look()


@pytest.fixture
def many(app: Flask, personas: Personas) -> None:
    """120 records of 10 doses at Clinic A: three pages."""

    def add() -> None:
        with app.app_context():
            scope = stock.scope_for(personas, "manager_a")
            for number in range(1, 121):
                stock.add(scope, name=f"Vaccine {number:03}", lot=f"LOT{number:03}", doses=10)

    filled(app, "120 vaccines", add)


@SCRIPT_FIRST
def test_a_long_count_is_entered_page_by_page(visit: Visit, many: None, script: bool) -> None:
    page = visit("manager_a", script=script)
    begin(page)
    expect(page.get_by_text("Records 1 to 50 of 120.")).to_be_visible()
    page.get_by_label("Doses counted, 50. Vaccine 050", exact=True).fill("10")
    press(page, "Save & Next")
    expect(page.get_by_text("Records 51 to 100 of 120.")).to_be_visible()
    page.get_by_label("Doses counted, 51. Vaccine 051", exact=True).fill("9")
    page.get_by_role("combobox", name="Another page").select_option(
        "1 to 50: 1 of 50 counted, No storage unit"
    )
    press(page, "Save & Go")
    expect(page.get_by_label("Doses counted, 50. Vaccine 050", exact=True)).to_have_value("10")
    press(page, "Finish")
    expect(page.get_by_text("On other pages 70 records are not complete yet.")).to_be_visible()
    for number in range(1, 50):
        page.get_by_label(f"Not counted, {number}. Vaccine {number:03}").check()
    press(page, "Finish")
    expect(page.get_by_text("This page was saved.")).to_be_visible()
    expect(page.get_by_label("Doses counted, 51. Vaccine 051", exact=True)).to_have_value("9")
    expect(page.get_by_text("Doses missing: 1.").first).to_be_visible()


@SIZES
@SCHEMES
def test_the_pages_of_a_long_count_are_accessible_and_fit(
    visit: Visit, many: None, size: object, scheme: str
) -> None:
    page = visit("manager_a", viewport=size, color_scheme=scheme, reduced_motion="reduce")
    begin(page)
    for path in ("/counts/1?page=3", "/counts/1?page=2&check=1", "/counts/"):
        page.goto(path)
        assert violations(page) == []
        assert too_wide(page) == []
    page.goto("/counts/1/cancel")
    press(page, "Cancel Count")
    expect(page.get_by_role("link", name="Next")).to_be_visible()
    assert violations(page) == []
    assert too_wide(page) == []


def test_a_line_that_is_lost_at_save_takes_nothing_along(
    app: Flask, visit: Visit, records: list[int]
) -> None:
    page = visit("manager_a")
    begin(page)
    counted = page.get_by_label("Doses counted, 1. Alpha", exact=True)
    counted.fill("98")
    page.context.set_offline(True)
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("No connection.")
    expect(counted).to_have_value("98")
    page.context.set_offline(False)
    press(page, "Save")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.reload()
    expect(counted).to_have_value("98")
