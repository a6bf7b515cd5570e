"""Adding a shipment's doses: by keyboard alone, pressed twice, walked back, timed out."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import func, select, update

from blueprints.inventory.models import VaccineInventory
from blueprints.shipments.models import Shipment
from portal import clock
from portal.db import unit_of_work
from portal.people.models import UserSession
from tests.browser.conftest import Visit, sign_in
from tests.browser.ways import SCRIPT_FIRST
from tests.personas import PASSPHRASE, Personas
from tests.shipments.files import csv, row, take_in

# What is shown here does not depend on the database.

MOST_TABS = 60


@pytest.fixture
def shipment(app: Flask, personas: Personas) -> int:
    """A shipment of 300 doses to Clinic A."""
    expires = clock.now().date() + timedelta(days=200)
    take_in(app, csv(row(expires=f"{expires:%m/%d/%Y}")))
    with app.app_context(), unit_of_work(write=False) as session:
        return session.scalars(select(Shipment.id)).one()


@pytest.fixture
def records(app: Flask) -> Callable[[], int]:
    """How many inventory records there are."""

    def count() -> int:
        with app.app_context(), unit_of_work(write=False) as session:
            return session.scalar(select(func.count()).select_from(VaccineInventory)) or 0

    return count


def tab_to(page: Page, name: str, *, back: bool = False) -> None:
    """Press Tab until the control of this name has the focus, which must be seen at each stop."""
    for _press in range(MOST_TABS):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        focused = page.evaluate(
            """() => {
                const one = document.activeElement, style = getComputedStyle(one);
                const box = one.getBoundingClientRect();
                const label = one.labels?.[0] || one;
                return {
                    name: (one.getAttribute("aria-label") || label.textContent).trim(),
                    body: one === document.body,
                    seen: parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== "none",
                    there: box.bottom > 0 && box.top < innerHeight && box.right > 0,
                };
            }"""
        )
        if focused["body"]:
            continue
        assert focused["seen"], f"focus is not seen on {focused}"
        assert focused["there"], f"focus is out of sight on {focused}"
        if focused["name"].removesuffix("*").strip() == name:
            return
    raise AssertionError(f"{name} is not reached with Tab")


def to_review(page: Page, shipment: int) -> None:
    page.goto(f"/vaccine-inventory/add?shipment={shipment}")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()


def test_the_keyboard_alone_leads_from_sign_in_to_the_record(visit: Visit, shipment: int) -> None:
    page = visit()
    page.goto("/")
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type("manager.a")
    tab_to(page, "Password")
    page.keyboard.type(PASSPHRASE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    tab_to(page, "Shipments")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Shipments")
    tab_to(page, "List view: Recently Viewed")
    page.keyboard.press("Enter")
    tab_to(page, "All Shipments")
    page.keyboard.press("Enter")
    expect(page.locator("summary", has_text="List view")).to_contain_text("All Shipments")
    tab_to(page, "SHP-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Shipment SHP-1")
    tab_to(page, "Add to Inventory")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("New Vaccine Inventory")

    tab_to(page, "Total Doses")
    page.keyboard.press("Control+a")
    page.keyboard.type("many")
    page.keyboard.press("Enter")
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    tab_to(page, summary.get_by_role("link").inner_text())
    page.keyboard.press("Enter")
    expect(page.get_by_label("Total Doses")).to_be_focused()
    expect(page.get_by_label("Total Doses")).to_have_value("many")
    page.keyboard.press("Control+a")
    page.keyboard.type("120")
    tab_to(page, "Shipment Record")
    page.keyboard.press("Control+a")
    page.keyboard.type("shp-1")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox").last).to_have_value("SHP-1 – 011J20A")
    tab_to(page, "Next")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Review")).to_be_focused()
    tab_to(page, "Save")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("011J20A")
    expect(page.locator("dl.hl dd").first).to_have_text("120")

    tab_to(page, "Related")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Related")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("link", name="Related")).to_be_focused()
    tab_to(page, "Details", back=True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Details")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("link", name="Details")).to_be_focused()
    tab_to(page, "Edit Vaccine Inventory Name")
    page.keyboard.press("Enter")
    name = page.get_by_role("textbox", name="Vaccine Inventory Name")
    expect(name).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Spring lot")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Spring lot")


@SCRIPT_FIRST
def test_a_double_click_on_save_makes_one_record(
    visit: Visit, shipment: int, records: Callable[[], int], script: bool
) -> None:
    page = visit("manager_a", script=script)
    to_review(page, shipment)
    page.get_by_role("button", name="Save", exact=True).dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text("011J20A")
    assert records() == 1


@SCRIPT_FIRST
def test_back_after_saving_shows_that_it_is_done_and_forward_returns(
    visit: Visit, shipment: int, records: Callable[[], int], script: bool
) -> None:
    page = visit("manager_a", script=script)
    to_review(page, shipment)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("011J20A")
    page.go_back()
    expect(page.get_by_role("heading", name="Already done")).to_be_visible()
    page.go_forward()
    expect(page.locator("dl.hl")).to_be_visible()
    assert records() == 1


@SCRIPT_FIRST
def test_after_a_time_out_signing_in_leads_back_to_what_was_typed(
    app: Flask, visit: Visit, shipment: int, records: Callable[[], int], script: bool
) -> None:
    page = visit("manager_a", script=script)
    page.goto(f"/vaccine-inventory/add?shipment={shipment}")
    page.get_by_label("Total Doses").fill("120")
    page.get_by_label("Serial Number").fill("SERIAL-9")
    with app.app_context(), unit_of_work() as session:
        session.execute(update(UserSession).values(last_seen_at=clock.now() - timedelta(hours=2)))
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign In")
    assert records() == 0
    expect(page.locator("main .note")).to_have_count(1)
    sign_in(page, "manager.a")
    expect(page.get_by_role("heading", level=1)).to_have_text("New Vaccine Inventory")
    expect(page.locator("main .note")).to_have_count(1)
    expect(page.locator("main .note")).to_contain_text("What you entered is still here")
    expect(page.get_by_label("Total Doses")).to_have_value("120")
    expect(page.get_by_label("Serial Number")).to_have_value("SERIAL-9")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("dl.hl dd").first).to_have_text("120")
    assert records() == 1


@SCRIPT_FIRST
def test_cancel_asks_and_leads_back_to_the_shipment(
    visit: Visit, shipment: int, records: Callable[[], int], script: bool
) -> None:
    page = visit("manager_a", script=script)
    page.goto(f"/vaccine-inventory/add?shipment={shipment}")
    page.get_by_label("Total Doses").fill("120")
    page.get_by_role("button", name="Cancel").click()
    question = page.get_by_role("heading", name="Discard what you entered?")
    expect(question).to_be_visible()
    if script:
        expect(question).to_be_focused()
    page.get_by_role("button", name="Back to the form").click()
    expect(page.get_by_label("Total Doses")).to_have_value("120")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shipment SHP-1")
    expect(page.get_by_text("Discarded. Nothing was saved.")).to_be_visible()
    page.goto("/")
    expect(page.get_by_text("Unfinished forms")).to_have_count(0)
    assert records() == 0


def test_the_whole_is_cancelled_by_keyboard(visit: Visit, shipment: int) -> None:
    page = visit("manager_a")
    to_review(page, shipment)
    tab_to(page, "Cancel")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Discard what you entered?")).to_be_focused()
    tab_to(page, "Back to the form")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Review")).to_be_focused()
    tab_to(page, "Cancel")
    page.keyboard.press("Enter")
    tab_to(page, "Discard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Shipment SHP-1")


def test_what_was_said_of_the_last_record_does_not_stand_above_the_next(
    visit: Visit, shipment: int
) -> None:
    page = visit("manager_a")
    to_review(page, shipment)
    page.get_by_role("button", name="Save & New").click()
    said = page.get_by_role("status").filter(has_text="300 doses were added")
    expect(said).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(said).to_have_count(0)
