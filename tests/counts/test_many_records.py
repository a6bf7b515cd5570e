"""A count of more records than stand on one page: all are counted, page by page (SPEC D11)."""

from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import update

from blueprints.counts import queries, rules, views
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind
from portal import clock
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.people.models import User, UserSession
from tests.client import Browser, Page
from tests.counts.steps import COUNTS, begin, enter, field, wrong
from tests.effort import some
from tests.filled import filled
from tests.inventory import stock

MANY = 120
IN_FREEZER = 70


@pytest.fixture
def many(app: Flask, scope: Scope) -> list[int]:
    """120 records of 10 doses, in the order of a count of all: the first 70 are in the freezer."""
    return filled(app, "120 records", partial(add_many, scope))


def add_many(scope: Scope) -> list[int]:
    """120 records of 10 doses, the first 70 in the freezer."""
    first = stock.add(scope, name="Record 001", lot="LOT001", doses=10)
    for number in range(2, MANY + 1):
        stock.add(scope, name=f"Record {number:03}", lot=f"LOT{number:03}", doses=10)
    records = list(range(first, first + MANY))
    with unit_of_work() as session:
        freezer = VaccineInventory.id.in_(records[:IN_FREEZER])
        session.execute(update(VaccineInventory).where(freezer).values(storage_unit="Freezer"))
    return records


@pytest.fixture
def manager(many: list[int], manager: Browser) -> Browser:
    """A's manager, signed in once the records are there."""
    return manager


@pytest.fixture
def colleague(many: list[int], colleague: Browser) -> Browser:
    """Another manager of A, signed in once the records are there."""
    return colleague


def lines(page: Page) -> list[int]:
    """The numbers of the lines on a page."""
    rows = [row for body in page.root.all("tbody") for row in body.all("tr")]
    return [int(row.one("th").text.partition(".")[0]) for row in rows]


def fill(browser: Browser, page: Page, button: str, /, **more: str) -> Page:
    """Enter 10 doses on every line of a page, and what `more` says; the page that follows."""
    return enter(browser, page, dict.fromkeys(lines(page), 10), button=button, **more)


def test_all_are_counted_page_by_page_and_booked_together(
    manager: Browser, many: list[int]
) -> None:
    page = begin(manager)
    assert lines(page) == list(range(1, 51))
    assert "Records 1 to 50 of 120." in page.root.text
    second = fill(manager, page, "Save & Next", counted_3="8", reason_3="broken")
    assert lines(second) == list(range(51, 101))
    assert [one.text for one in second.root.all("h2")] == ["Freezer", "No storage unit"]
    third = fill(manager, second, "Save & Next")
    assert lines(third) == list(range(101, 121))
    names = [one.text for one in third.root.all("button")]
    assert "Save & Next" not in names
    confirm = fill(manager, third, "Finish", counted_120="11", reason_120="found")
    assert confirm.root.one("h1").text == "Finish Count"
    assert lines(confirm) == [3, 120]
    assert "118 records agree" in confirm.root.text
    done = manager.submit(confirm, button="Finish Count", follow=True)
    assert "C-000001" in done.root.text
    doses = [stock.counters(record)["doses_available"] for record in many]
    assert doses == [10, 10, 8, *[10] * 116, 11]
    assert wrong() == []


def test_what_came_of_it_is_read_page_by_page(manager: Browser, many: list[int]) -> None:
    page = fill(manager, begin(manager), "Save & Next")
    path = page.response.request.path
    with unit_of_work() as session:
        agent = session.get_one(User, manager.personas.users["agent"])
        agent.current_location_id = manager.personas.locations["A"]
    manager.sign_in("agent")
    first = manager.get(path)
    assert lines(first) == list(range(1, 51))
    second = manager.get(first.root.with_text("a", "Next").attributes["href"])
    assert "Records 51 to 100 of 120." in second.root.text
    last = manager.get(first.root.with_text("a", "Last").attributes["href"])
    assert lines(last) == list(range(101, 121))
    assert lines(manager.get(last.root.with_text("a", "Previous").attributes["href"])) == lines(
        second
    )
    assert last.root.all("input", name="counted_101") == []


def test_a_count_opens_where_something_is_left_to_enter(manager: Browser, many: list[int]) -> None:
    page = begin(manager)
    path = page.response.request.path
    fill(manager, page, "Save")
    again = manager.get(path)
    assert lines(again)[0] == 51
    pages = [one.text for one in again.root.one("select", name="page").all("option")]
    assert pages == [
        "1 to 50: 50 of 50 counted, Freezer",
        "51 to 100: 0 of 50 counted, Freezer",
        "101 to 120: 0 of 20 counted, No storage unit",
    ]
    there = manager.submit(again, {"page": "3", "counted_51": "9"}, button="Save & Go", follow=True)
    assert lines(there)[0] == 101
    assert field(manager.get(f"{path}?page=2"), "counted_51") == "9", "nothing typed is lost"
    assert lines(manager.get(f"{path}?page=999"))[0] == 101
    assert lines(manager.get(f"{path}?page=0"))[0] == 1


@pytest.mark.parametrize("button", some(["Save", "Save & Next", "Save & Go", "Finish"], short=2))
def test_a_page_that_cannot_be_is_not_left(manager: Browser, many: list[int], button: str) -> None:
    page = begin(manager)
    refused = enter(manager, page, {1: "many", 2: 9}, button=button, page="3")
    assert refused.status == 422
    assert lines(refused) == list(range(1, 51))
    assert field(refused, "counted_2") == "9"


def test_finish_leads_to_the_first_page_that_is_not_complete(
    manager: Browser, many: list[int]
) -> None:
    page = fill(manager, begin(manager), "Save & Go", page="3")
    path = page.response.request.path
    refused = enter(manager, page, {101: 10})
    assert refused.status == 422, "what is missing on this page comes first"
    assert "Enter a number (0 for none)" in refused.root.text
    assert "On other pages 50 records are not complete yet." in refused.root.text
    assert field(refused, "counted_101") == "10"
    second = fill(manager, refused, "Finish")
    assert second.status == 200
    assert "This page was saved. Other pages are not complete yet." in second.root.text
    assert lines(second) == list(range(51, 101))
    assert second.root.one("input", name="counted_51").attributes["aria-invalid"] == "true"
    assert "On other pages" not in second.root.text
    early = manager.get(f"{path}/finish", follow_redirects=True)
    assert early.root.one("input", name="counted_51").attributes["aria-invalid"] == "true"
    assert fill(manager, second, "Finish").root.one("h1").text == "Finish Count"


def test_two_who_enter_different_pages_keep_both(
    manager: Browser, colleague: Browser, many: list[int]
) -> None:
    mine = begin(manager)
    path = mine.response.request.path
    theirs = colleague.get(f"{path}?page=2")
    enter(colleague, theirs, {51: 10}, button="Save", note="Second shelf was icy")
    enter(manager, mine, {1: 9}, button="Save")
    assert field(manager.get(f"{path}?page=1"), "counted_1") == "9"
    second = manager.get(f"{path}?page=2")
    assert field(second, "counted_51") == "10"
    assert second.root.one("textarea").text == "Second shelf was icy"


def test_a_page_that_comes_too_late_is_kept(manager: Browser, many: list[int]) -> None:
    path = begin(manager).response.request.path
    page = manager.get(f"{path}?page=2")
    with unit_of_work() as session:
        session.execute(update(UserSession).values(last_seen_at=clock.now() - timedelta(hours=2)))
    sent = manager.submit(page, {"counted_77": "7"}, button="Save & Next")
    assert sent.leads_to.startswith("/sign-in")
    manager.sign_in("manager_a")
    again = manager.get(f"{path}/enter?late=1")
    assert lines(again) == list(range(51, 101))
    assert field(again, "counted_77") == "7"
    after = manager.submit(again, button="Save & Next", follow=True)
    assert lines(after)[0] == 101
    assert field(manager.get(f"{path}?page=2"), "counted_77") == "7"


def test_what_moved_on_any_page_is_counted_again(
    manager: Browser, scope: Scope, many: list[int]
) -> None:
    page = begin(manager)
    path = page.response.request.path
    for button in ("Save & Next", "Save & Next", "Finish"):
        page = fill(manager, page, button)
    stock.post(scope, many[76], Kind.ADMINISTERED, 1)
    refused = manager.submit(page, button="Finish Count")
    assert refused.status == 409
    assert lines(refused) == [77]
    again = manager.submit(refused, button="Refresh expected numbers", follow=True)
    assert lines(again) == list(range(51, 101)), "it leads to what must be counted again"
    confirm = enter(manager, again, {77: 9})
    manager.submit(confirm, button="Finish Count")
    assert "Finished" in manager.get(path).root.text
    assert wrong() == []


def test_a_form_of_another_size_loses_nothing(
    manager: Browser, many: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was opened before an update that made the pages smaller."""
    page = begin(manager)
    for module in (rules, queries, views):
        monkeypatch.setattr(module, "LINES_A_PAGE", 20)
    saved = fill(manager, page, "Save")
    assert "50 of 120" in saved.root.text


def test_a_long_sheet_is_printed_in_parts_and_says_so(
    manager: Browser, many: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = begin(manager).response.request.path
    whole = manager.get(f"{path}/sheet")
    assert len(whole.root.all("td", class_="box")) == MANY
    assert "Print every sheet." not in whole.root.text
    monkeypatch.setattr("blueprints.counts.views.LINES_A_SHEET", 50)
    first = manager.get(f"{path}/sheet?blind=1")
    assert "Sheet 1 of 3. Records 1 to 50 of 120." in first.root.text
    assert "Print every sheet." in first.root.text
    third = manager.get(first.root.with_text("a", "Sheet 3").attributes["href"])
    assert lines(third) == list(range(101, 121))
    assert "Expected" not in third.root.text
    shown = manager.get(third.root.with_text("a", "With expected doses").attributes["href"])
    assert lines(shown) == lines(third)


def test_before_starting_the_page_says_how_many_there_are_and_that_all_can_be_counted(
    manager: Browser, many: list[int]
) -> None:
    page = manager.get(COUNTS)
    for words in ("All storage units (120 records)", "Freezer (70 records)", "of the count: 50."):
        assert words in page.root.text


def test_a_page_weighs_the_same_however_much_is_counted(manager: Browser, many: list[int]) -> None:
    few, all_ = begin(manager, "No storage unit"), begin(manager)
    assert lines(few) == list(range(1, 51))
    assert len(all_.html) < len(few.html) * 1.1
