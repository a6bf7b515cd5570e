"""List views in a real browser: swapped parts, addresses, Back and Forward, pins."""

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from flask import Flask
from playwright.sync_api import Error, Page, Route, expect

from tests.browser.conftest import Clinic, Look, Visit
from tests.browser.ways import SCRIPT_FIRST
from tests.personas import Personas
from tests.shipments.files import csv, row, take_in

# What is shown here does not depend on the database.

Stock = Callable[[int], None]


@pytest.fixture
def stock(app: Flask, personas: Personas) -> Stock:
    """`stock(60)` announces so many shipments to Clinic A, lots in reverse order."""

    def announce(count: int) -> None:
        rows = [
            row(
                id=f"SHP-{number:03}",
                lot=f"L{900 - number}",
                doses=str(number + 10),
                shipped="02/01/2021",
            )
            for number in range(1, count + 1)
        ]
        run = take_in(app, csv(*rows))
        assert run.added == count

    return announce


def numbers(page: Page) -> list[str]:
    """The Shipment IDs that are shown."""
    return page.locator("tbody th").all_inner_texts()


def at_list(visit: Visit, *, script: bool = True) -> Page:
    page = visit("manager_a", script=script)
    page.goto("/shipments/?view=all&sort=number")
    expect(page.locator("tbody th").first).to_have_text("SHP-001")
    return page


@SCRIPT_FIRST
def test_paging_keeps_its_address_and_back_and_forward_walk_it(
    visit: Visit, stock: Stock, script: bool
) -> None:
    stock(60)
    page = at_list(visit, script=script)
    first = numbers(page)
    assert len(first) == 25
    page.get_by_role("link", name="Next").click()
    expect(page.locator("tbody th").first).to_have_text("SHP-026")
    second, second_address = numbers(page), page.url
    page.get_by_role("link", name="Next").click()
    expect(page.locator("tbody th").first).to_have_text("SHP-051")
    assert len(numbers(page)) == 10
    page.go_back()
    expect(page.locator("tbody th").first).to_have_text("SHP-026")
    assert page.url == second_address
    page.go_back()
    expect(page.locator("tbody th").first).to_have_text("SHP-001")
    page.go_forward()
    expect(page.locator("tbody th").first).to_have_text("SHP-026")
    page.reload()
    assert numbers(page) == second
    page.get_by_role("link", name="Previous").click()
    expect(page.locator("tbody th").first).to_have_text("SHP-001")
    assert numbers(page) == first


@SCRIPT_FIRST
def test_sorting_and_searching_show_in_the_address_and_survive_a_reload(
    visit: Visit, stock: Stock, script: bool
) -> None:
    stock(40)
    page = at_list(visit, script=script)
    page.get_by_role("link", name="Lot #").click()
    expect(page.locator("tbody th").first).to_have_text("SHP-040")
    expect(page).to_have_url(re.compile(r"sort=lot\b"))
    expect(page.get_by_role("columnheader", name="Lot #")).to_have_attribute(
        "aria-sort", "ascending"
    )
    page.get_by_role("link", name="Lot #").click()
    expect(page.locator("tbody th").first).to_have_text("SHP-001")
    expect(page).to_have_url(re.compile(r"sort=-lot\b"))
    page.get_by_role("searchbox").fill("SHP-03")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="records")).to_have_text("10 records")
    expect(page).to_have_url(re.compile(r"q=SHP-03\b"))
    shown = numbers(page)
    assert shown[0] == "SHP-030"
    page.reload()
    assert numbers(page) == shown
    expect(page.get_by_role("searchbox")).to_have_value("SHP-03")
    page.go_back()
    expect(page.locator("tbody th").first).to_have_text("SHP-001")


def test_with_script_only_the_list_is_fetched_and_the_focus_stays(
    visit: Visit, stock: Stock
) -> None:
    stock(60)
    page = at_list(visit)
    page.evaluate("window.same = true")
    link = page.get_by_role("link", name="Quantity Shipped")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Quantity Shipped")).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(link).to_be_focused()
    page.get_by_role("link", name="Next").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody th").first).to_have_text("SHP-026")
    expect(page.get_by_role("link", name="Next")).to_be_focused()
    assert page.evaluate("window.same") is True


def test_of_two_clicks_the_last_counts_though_its_answer_comes_first(
    visit: Visit, stock: Stock
) -> None:
    stock(60)
    page = at_list(visit)
    held: list[Route] = []
    page.route("**/shipments/?*sort=lot*", lambda route: held.append(route))
    with page.expect_request("**/shipments/?*sort=lot*"):
        page.get_by_role("link", name="Lot #").click()
    page.get_by_role("link", name="Next").click()
    expect(page.locator("tbody th").first).to_have_text("SHP-026")
    with suppress(Error):  # nobody waits for it any more
        held[0].continue_()
    page.wait_for_timeout(500)
    assert numbers(page)[0] == "SHP-026"
    assert "sort=number" in page.url


@SCRIPT_FIRST
def test_a_pinned_view_opens_by_default(visit: Visit, stock: Stock, script: bool) -> None:
    stock(3)
    page = visit("manager_a", script=script)
    page.goto("/shipments/")
    menu = page.locator("summary", has_text="List view")
    expect(menu).to_contain_text("Recently Viewed")
    menu.click()
    page.get_by_role("link", name="All Shipments").first.click()
    pin = page.get_by_role("button", name="Pin this list view")
    expect(pin).to_have_attribute("aria-pressed", "false")
    pin.click()
    expect(pin).to_have_attribute("aria-pressed", "true")
    page.goto("/")
    page.get_by_role("link", name="Shipments", exact=True).click()
    expect(menu).to_contain_text("All Shipments")
    assert sorted(numbers(page)) == ["SHP-001", "SHP-002", "SHP-003"]


def test_menus_close_on_escape_and_on_a_click_elsewhere(visit: Visit, stock: Stock) -> None:
    stock(1)
    page = at_list(visit)
    menu = page.locator("summary", has_text="List view")
    choice = page.get_by_role("link", name="Recently Viewed")
    menu.click()
    expect(choice).to_be_visible()
    choice.focus()
    page.keyboard.press("Escape")
    expect(choice).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    page.get_by_role("heading", level=1).click()
    expect(choice).to_be_hidden()


@pytest.mark.parametrize(
    ("who", "address", "last"),
    [
        ("manager.a", "/shipments/?view=all", "Doses Received"),
        ("manager.a", "/vaccine-inventory/?view=all", "Doses Available"),
        ("manager.a", "/vaccine-inventory/wastage-and-returns?view=all", "Doses"),
        ("manager.a", "/vaccine-inventory/history", "Doses"),
        ("manager.a", "/transfers/?view=all", "Doses Sent"),
        ("manager.a", "/administration/?view=all", "Status"),
        ("admin", "/accounts?view=all", "Status"),
    ],
)
def test_from_a_tablet_on_no_column_is_cut_and_amounts_stay(
    look: Look, clinic: Clinic, who: str, address: str, last: str
) -> None:
    page = look(who)
    page.goto(address)
    for width in (768, 820, 1024, 1100, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        cut = page.locator(".scroll:has(.rows)").evaluate("it => it.scrollWidth - it.clientWidth")
        assert cut <= 0, f"{address} at {width} px is {cut} px too wide"
        expect(page.get_by_role("columnheader", name=last, exact=True)).to_be_visible()
        if width == 1280:
            expect(page.locator("thead th.more").locator("visible=false")).to_have_count(0)
