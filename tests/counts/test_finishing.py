"""`Finish Count`: the differences are booked once, unless stock moved meanwhile (SPEC D11)."""

import pytest
from sqlalchemy import select, text

from blueprints.counts.checks import booked
from blueprints.inventory.models import DoseEntry
from blueprints.inventory.rules import Kind
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.client import Browser
from tests.counts.steps import actions, begin, documents, enter, field, wrong
from tests.effort import some
from tests.inventory import stock

# Finish


def test_the_differences_are_booked_under_one_number_and_nothing_else_is(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    confirm = enter(
        manager,
        begin(manager),
        {1: 97, 2: 22, 3: 5},
        reason_1="broken",
        reason_2="found",
        reason_3="lost",
        note="Monthly count",
    )
    rows = [[one.text for one in row.all()] for row in confirm.root.one("tbody").all("tr")]
    assert rows == [
        ["1. Alpha", "LOT1", "100", "97", "−3", "Wasted", "Broken vial or syringe"],
        ["2. Beta", "LOT2", "20", "22", "+2", "Adjusted", "Found again"],
    ]
    assert "1 record agrees" in confirm.root.text
    assert documents() == [], "nothing is booked before it is confirmed"
    done = manager.submit(confirm, button="Finish Count", follow=True)
    assert "The count was finished and recorded as C-000001." in done.root.text
    assert documents() == [("count", "", "Monthly count")]
    assert [stock.counters(record)["doses_available"] for record in records] == [97, 22, 5]
    assert stock.counters(records[0])["doses_wasted"] == 3
    assert stock.counters(records[1])["doses_total"] == 22
    assert len(stock.entries(records[2])) == 1, "without a difference nothing is booked"
    slip = manager.get(done.root.with_text("a", "C-000001").attributes["href"])
    assert "Count C-000001" in slip.root.one("h1").text
    back = manager.get(slip.root.with_text("a", "Show the count").attributes["href"])
    assert back.response.request.path == done.response.request.path
    assert "Finished" in back.root.text
    history = manager.get(f"/vaccine-inventory/{records[0]}?tab=related")
    assert "Broken vial or syringe" in history.root.text
    assert actions().count("count.finished") == 1
    assert wrong() == []


def test_a_count_without_differences_books_nothing(manager: Browser, records: list[int]) -> None:
    confirm = enter(manager, begin(manager), {1: 100, 2: 20}, not_counted_3="y")
    assert "There are no differences" in confirm.root.text
    assert "1 record was not counted" in confirm.root.text
    done = manager.submit(confirm, button="Finish Count", follow=True)
    assert "nothing was recorded" in done.root.text
    assert documents() == []
    assert wrong() == []
    assert begin(manager).status == 200, "the next count can begin"


def test_blank_is_not_zero(manager: Browser, records: list[int]) -> None:
    page = begin(manager)
    refused = enter(manager, page, {1: 100, 2: 0}, reason_2="lost")
    assert refused.status == 422
    assert "Enter a number (0 for none), or check “Not counted”." in refused.root.text
    assert refused.root.one("input", name="counted_3").attributes["aria-invalid"] == "true"
    assert field(refused, "counted_2") == "0"
    confirm = manager.submit(refused, {"counted_3": "5"}, button="Finish", follow=True)
    manager.submit(confirm, {"confirmed": "y"}, button="Finish Count", follow=True)
    assert stock.counters(records[1])["doses_available"] == 0
    assert wrong() == []


@pytest.mark.parametrize(
    ("entered", "sentence"),
    some(
        [
            ({"counted_1": "97"}, "Doses missing: 3. Choose what happened to them."),
            ({"counted_1": "97", "reason_1": "found"}, "Doses missing: 3."),
            ({"counted_1": "103"}, "Extra doses: 3."),
            ({"counted_1": "103", "reason_1": "lost"}, "Extra doses: 3."),
            ({"counted_1": "97", "reason_1": "other"}, "Say in a few words what happened."),
            ({"counted_1": "97", "not_counted_1": "y"}, "not both"),
        ],
        short=3,
    ),
)
def test_each_difference_needs_a_reason_that_fits(
    manager: Browser, records: list[int], entered: dict[str, str], sentence: str
) -> None:
    refused = enter(manager, begin(manager), {2: 20, 3: 5}, **entered)
    assert refused.status == 422
    assert sentence in refused.root.text
    assert field(refused, "counted_1") == entered["counted_1"]
    assert documents() == []


def test_other_with_a_note_is_enough(manager: Browser, records: list[int]) -> None:
    confirm = enter(
        manager, begin(manager), {1: 99, 2: 20, 3: 5}, reason_1="other", note="Mouse in the fridge"
    )
    manager.submit(confirm, button="Finish Count", follow=True)
    assert "Mouse in the fridge" in manager.get(f"/vaccine-inventory/{records[0]}?tab=related").html


def test_a_count_in_which_nothing_was_counted_is_to_be_cancelled(
    manager: Browser, records: list[int]
) -> None:
    refused = enter(
        manager, begin(manager), {}, not_counted_1="y", not_counted_2="y", not_counted_3="y"
    )
    assert refused.status == 422
    assert "Cancel the count instead" in refused.root.text


def test_the_page_to_finish_is_not_reached_with_blanks(
    manager: Browser, records: list[int]
) -> None:
    path = begin(manager).response.request.path
    page = manager.get(f"{path}/finish", follow_redirects=True)
    assert page.response.request.path == path
    assert "The count is not complete yet." in page.root.text


# Stock that moves meanwhile


def test_doses_given_meanwhile_stop_the_count_and_the_way_on_is_offered(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    confirm = enter(manager, begin(manager), {1: 97, 2: 20, 3: 5}, reason_1="broken")
    path = confirm.response.request.path
    stock.post(scope, records[1], Kind.ADMINISTERED, 4)
    refused = manager.submit(confirm, button="Finish Count")
    assert refused.status == 409
    assert "Nothing was recorded" in refused.root.text
    rows = [[one.text for one in row.all()] for row in refused.root.one("tbody").all("tr")]
    assert rows == [["2. Beta", "LOT2", "20", "16", "20"]], "only what moved, old and new"
    assert documents() == []
    assert "Stock moved" in manager.get(path.removesuffix("/finish")).root.text
    page = manager.submit(refused, button="Refresh expected numbers", follow=True)
    assert "1 record has a new expected number. Count it again." in page.root.text
    assert [field(page, f"counted_{number}") for number in (1, 2, 3)] == ["97", "", "5"]
    assert enter(manager, page, {}).status == 422, "it must be counted again"
    confirm = enter(manager, page, {2: 16})
    manager.submit(confirm, button="Finish Count", follow=True)
    assert [stock.counters(record)["doses_available"] for record in records] == [97, 16, 5]
    assert actions().count("count.renewed") == 1
    assert wrong() == []


def test_the_only_record_that_was_counted_may_be_counted_again(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    page = begin(manager)
    stock.post(scope, records[0], Kind.ADMINISTERED, 1)
    confirm = enter(manager, page, {1: 100}, not_counted_2="y", not_counted_3="y")
    assert confirm.status == 200
    assert "Nothing was counted" not in confirm.root.text
    page = manager.submit(confirm, button="Refresh expected numbers", follow=True)
    manager.submit(enter(manager, page, {1: 98}, reason_1="broken"), button="Finish Count")
    assert stock.counters(records[0])["doses_available"] == 98
    assert wrong() == []


def test_doses_that_left_and_came_back_are_movement_too(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    page = begin(manager)
    stock.reverse(scope, stock.post(scope, records[0], Kind.WASTED, 3))
    confirm = enter(manager, page, {1: 97, 2: 20, 3: 5}, reason_1="broken")
    assert "Doses came in or went out while you counted" in confirm.root.text
    assert confirm.root.all("button", type="submit")[-1].text == "Refresh expected numbers"


def test_what_is_not_counted_may_move(manager: Browser, scope: Scope, records: list[int]) -> None:
    page = begin(manager)
    stock.post(scope, records[2], Kind.ADMINISTERED, 5)
    confirm = enter(manager, page, {1: 97, 2: 20}, reason_1="broken", not_counted_3="y")
    manager.submit(confirm, button="Finish Count", follow=True)
    assert stock.counters(records[0])["doses_available"] == 97
    assert wrong() == []


def test_a_line_typed_on_a_page_from_before_the_new_value_is_not_taken_silently(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    old = begin(manager)
    confirm = enter(manager, old, {1: 100, 2: 20, 3: 5})
    stock.post(scope, records[0], Kind.ADMINISTERED, 1)
    refused = manager.submit(confirm, button="Finish Count")
    manager.submit(refused, button="Refresh expected numbers")
    stale = manager.submit(old, {"counted_1": "100", "operation_id": "a" * 43}, button="Save")
    assert stale.status == 409
    assert "It is blank now. Expected doses: 99." in stale.root.text


def test_nobody_books_what_they_have_not_seen(
    manager: Browser, colleague: Browser, records: list[int]
) -> None:
    confirm = enter(manager, begin(manager), {1: 97, 2: 20, 3: 5}, reason_1="broken")
    path = confirm.response.request.path.removesuffix("/finish")
    enter(colleague, colleague.get(path), {1: 90}, button="Save")
    refused = manager.submit(confirm, button="Finish Count")
    assert refused.status == 409
    assert "Please check it again." in refused.root.text
    assert "−10" in refused.root.text
    assert documents() == []
    manager.submit(refused, button="Finish Count")
    assert stock.counters(records[0])["doses_available"] == 90


# Once


def test_finished_is_finished(manager: Browser, colleague: Browser, records: list[int]) -> None:
    page = begin(manager)
    path = page.response.request.path
    confirm = enter(manager, page, {1: 97, 2: 20, 3: 5}, reason_1="broken")
    theirs, saving = colleague.get(f"{path}/finish"), colleague.get(path)
    cancelling = colleague.get(f"{path}/cancel")
    manager.submit(confirm, button="Finish Count")
    told = "Manager A finished this count on "
    assert told in colleague.submit(theirs, button="Finish Count", follow=True).root.text
    assert told in enter(colleague, saving, {1: 50}, button="Save").root.text
    assert told in colleague.submit(cancelling, button="Cancel Count", follow=True).root.text
    assert told in colleague.get(f"{path}/finish", follow_redirects=True).root.text
    assert stock.counters(records[0])["doses_available"] == 97
    assert len(documents()) == 1
    assert wrong() == []


def test_a_cancelled_count_books_nothing_and_makes_room(
    manager: Browser, records: list[int]
) -> None:
    page = enter(manager, begin(manager), {1: 3}, button="Save")
    form = manager.get(page.root.with_text("a", "Cancel Count").attributes["href"])
    assert "Records counted: 1 of 3" in form.root.text
    done = manager.submit(form, button="Cancel Count", follow=True)
    assert "Canceled" in done.root.text
    assert done.root.all("input", name="counted_1") == []
    assert stock.counters(records[0])["doses_available"] == 100
    assert documents() == []
    assert actions()[-2:] == ["count.cancelled", "count.viewed"]
    assert begin(manager).status == 200


# What `portal check` finds


@pytest.mark.parametrize(
    "tampering",
    some(
        [
            "UPDATE stock_count_line SET counted_doses = 96 WHERE number = 1",
            "UPDATE stock_count_line SET reason = 'lost' WHERE number = 1",
            "UPDATE stock_count_line SET entry_id = NULL WHERE number = 1",
            "UPDATE stock_count_line SET last_entry_id = 1 WHERE number = 1",
            "UPDATE stock_count_line SET counted_doses = 4 WHERE number = 3",
            "UPDATE stock_count_line SET not_counted = TRUE WHERE number = 1",
            "UPDATE stock_count SET document_id = NULL",
            "UPDATE stock_count SET state = 'cancelled', document_id = NULL",
        ],
        short=4,
    ),
)
def test_the_check_finds_a_count_that_was_booked_otherwise(
    manager: Browser, scope: Scope, records: list[int], tampering: str
) -> None:
    stock.post(scope, records[0], Kind.ADMINISTERED, 1)
    confirm = enter(
        manager, begin(manager), {1: 97, 2: 22, 3: 5}, reason_1="broken", reason_2="found"
    )
    manager.submit(confirm, button="Finish Count")
    assert wrong() == []
    with unit_of_work() as session:
        session.execute(text(tampering))
    with unit_of_work(write=False):
        assert list(booked()) != []


def test_a_reversed_entry_of_a_count_is_no_fault(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    confirm = enter(manager, begin(manager), {1: 97, 2: 20, 3: 5}, reason_1="broken")
    manager.submit(confirm, button="Finish Count")
    with unit_of_work(write=False) as session:
        entry = session.scalars(select(DoseEntry.id).where(DoseEntry.kind == Kind.WASTED)).one()
    stock.reverse(scope, entry)
    assert stock.counters(records[0])["doses_available"] == 100
    assert wrong() == []


def test_an_open_count_says_at_once_what_came_or_went(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    page = begin(manager)
    assert "while you counted" not in page.root.text
    stock.post(scope, records[0], Kind.ADMINISTERED, 3)
    again = manager.get(page.response.request.path)
    note = again.root.one("div", class_="note").text
    assert "1. Alpha: expected 100, now 97 (−3)" in " ".join(note.split())
    assert "Beta" not in note
