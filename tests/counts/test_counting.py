"""`Count`: start, enter, save, finish, cancel (SPEC D11)."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from blueprints.counts.checks import booked
from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import Kind
from portal import clock
from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from portal.people.models import User, UserSession
from portal.places.scope import Scope
from tests.client import Browser
from tests.counts.steps import COUNTS, begin, documents, enter, field, offered, store, wrong
from tests.inventory import stock

CHANGES = ("enter", "finish", "renew", "cancel")


def actions() -> list[str]:
    """The audited actions on counts, in order."""
    with unit_of_work(write=False) as session:
        found = session.scalars(select(AuditEntry.action).order_by(AuditEntry.number))
        return [action for action in found if action.startswith("count.")]


# Start


def test_a_count_lists_all_doses_that_should_be_there(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    expired = stock.add(
        scope, name="Delta", lot="OLD", expiration_date=stock.day(1), received_on=stock.day(3)
    )
    held = stock.add(scope, name="Epsilon", lot="HELD")
    empty = stock.add(scope, name="Zeta", lot="EMPTY", doses=1)
    stock.post(scope, empty, Kind.WASTED, 1)
    with unit_of_work() as session:
        session.get_one(VaccineInventory, held).quarantined = True
    page = begin(manager)
    names = [row.one("th").text for row in page.root.one("tbody").all("tr")]
    assert names == ["1. Alpha", "2. Beta", "3. Delta Expired", "4. Epsilon Quarantine", "5. Gamma"]
    assert [field(page, f"counted_{number}") for number in range(1, 6)] == [""] * 5
    assert stock.counters(expired)["doses_available"] == 100, "nothing is changed by counting"
    assert actions()[0] == "count.started"


def test_one_storage_unit_is_counted_alone(manager: Browser, records: list[int]) -> None:
    store(records[0], "Freezer")
    store(records[1], "Refrigerator 1")
    assert list(offered(manager.get(COUNTS))) == [
        "All storage units (3 records)",
        "Freezer (1 record)",
        "Refrigerator 1 (1 record)",
        "No storage unit (1 record)",
    ]
    page = begin(manager, "Freezer")
    assert [row.one("th").text for row in page.root.one("tbody").all("tr")] == ["1. Alpha"]
    whole = begin(manager)
    headings = [one.text for one in whole.root.all("h2")]
    assert headings == ["Freezer", "Refrigerator 1", "No storage unit"]


def test_a_second_open_count_of_the_same_is_refused_with_the_way_to_the_first(
    manager: Browser, records: list[int]
) -> None:
    store(records[0], "Freezer")
    first = begin(manager, "Freezer")
    refused = begin(manager, "Freezer")
    assert refused.status == 409
    assert "“Freezer” is being counted already." in refused.root.text
    link = refused.root.with_text("a", "Go on with the open count")
    assert link.attributes["href"] == first.response.request.path
    assert begin(manager).status == 200, "all units together are another count"
    assert "All storage units are being counted already." in begin(manager).root.text


@pytest.mark.parametrize("unit", ["", "none", "unit:Nowhere", "unit:", "x" * 70])
def test_where_nothing_is_there_is_nothing_to_count(
    manager: Browser, scope: Scope, unit: str
) -> None:
    page = manager.get(COUNTS)
    refused = manager.submit(page, {"storage_unit": unit}, button="Start Count")
    assert refused.status == 422
    assert "there is nothing to count" in refused.root.text
    assert "No counts yet" in manager.get(COUNTS).root.text


def test_what_is_in_no_storage_unit_is_counted_alone(manager: Browser, records: list[int]) -> None:
    assert list(offered(manager.get(COUNTS))) == ["All storage units (3 records)"]
    store(records[0], "Freezer")
    page = begin(manager, "No storage unit")
    path = page.response.request.path
    names = [row.one("th").text for row in page.root.one("tbody").all("tr")]
    assert names == ["1. Beta", "2. Gamma"]
    assert "Storage Unit No storage unit" in page.root.one("dl").text
    assert "Storage Unit No storage unit" in manager.get(f"{path}/sheet").root.text
    refused = begin(manager, "No storage unit")
    assert refused.status == 409
    assert "The records without a storage unit are being counted already." in refused.root.text
    link = refused.root.with_text("a", "Go on with the open count")
    assert link.attributes["href"] == path
    for other in ("All storage units", "Freezer"):
        assert begin(manager, other).status == 200, "another count"
    confirm = enter(manager, manager.get(path), {1: 19, 2: 5}, reason_1="lost")
    manager.submit(confirm, button="Finish Count")
    assert [stock.counters(one)["doses_available"] for one in records] == [100, 19, 5]
    units = [row.all("td")[0].text for row in manager.get(COUNTS).root.one("tbody").all("tr")]
    assert units == ["Freezer", "All storage units", "No storage unit"]
    assert wrong() == []


def test_a_unit_that_is_called_none_is_a_unit(manager: Browser, records: list[int]) -> None:
    store(records[1], "none")
    page = begin(manager, "none")
    assert [row.one("th").text for row in page.root.one("tbody").all("tr")] == ["1. Beta"]
    rest = begin(manager, "No storage unit")
    names = [row.one("th").text for row in rest.root.one("tbody").all("tr")]
    assert names == ["1. Alpha", "2. Gamma"]


# Enter and save


def test_what_was_saved_is_there_for_the_next_day_and_the_next_user(
    manager: Browser, colleague: Browser, records: list[int]
) -> None:
    page = begin(manager)
    saved = enter(
        manager, page, {1: "98", 2: ""}, button="Save", reason_1="broken", not_counted_3="y"
    )
    path = saved.response.request.path
    assert "2 of 3" in saved.root.text
    other = colleague.get(path)
    assert field(other, "counted_1") == "98"
    assert field(other, "counted_2") == ""
    chosen = other.root.one("select", name="reason_1").all("option", selected="")
    assert [one.attributes["value"] for one in chosen] == ["broken"]
    assert "checked" in other.root.one("input", name="not_counted_3").attributes
    assert stock.counters(records[0])["doses_available"] == 100
    assert actions().count("count.saved") == 1
    manager.submit(manager.get(path), button="Save")
    assert actions().count("count.saved") == 1, "what changes nothing is not on record"


def test_two_who_enter_different_lines_keep_both(
    manager: Browser, colleague: Browser, records: list[int]
) -> None:
    mine = begin(manager)
    path = mine.response.request.path
    theirs = colleague.get(path)
    enter(colleague, theirs, {2: 20}, button="Save", note="Second shelf was icy")
    enter(manager, mine, {1: 100}, button="Save")
    now = manager.get(path)
    assert [field(now, f"counted_{number}") for number in (1, 2, 3)] == ["100", "20", ""]
    assert now.root.one("textarea").text == "Second shelf was icy"


def test_two_who_enter_the_same_line_are_told_and_the_second_decides(
    manager: Browser, colleague: Browser, records: list[int]
) -> None:
    mine = begin(manager)
    path = mine.response.request.path
    enter(colleague, colleague.get(path), {1: 99, 2: 20}, button="Save", note="Theirs")
    refused = enter(manager, mine, {1: 98, 3: 5}, button="Save", note="Mine")
    assert refused.status == 409
    assert "It says 99 now." in refused.root.text
    assert "It is now: “Theirs”" in refused.root.text
    assert (field(refused, "counted_1"), field(refused, "counted_3")) == ("98", "5")
    assert field(manager.get(path), "counted_1") == "99", "nothing is saved yet"
    manager.submit(refused, button="Save")
    now = manager.get(path)
    assert [field(now, f"counted_{number}") for number in (1, 2, 3)] == ["98", "20", "5"]
    assert now.root.one("textarea").text == "Mine"


@pytest.mark.parametrize(
    ("entered", "sentence"),
    [
        ({"counted_1": "many"}, "Enter a whole number"),
        ({"counted_1": "-1"}, "Enter 0 or more."),
        ({"counted_1": "1,000,001"}, "Enter 1,000,000 or less."),
        ({"reason_1": "bored"}, "Choose a reason from the list."),
        ({"reason_1": "x" * 50}, "Choose a reason from the list."),
        ({"note": "x" * 1001}, "A note has at most 1,000 characters."),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_typed_is_lost(
    manager: Browser, records: list[int], entered: dict[str, str], sentence: str
) -> None:
    page = begin(manager)
    refused = enter(manager, page, {2: "19"}, button="Save", **entered)
    assert refused.status == 422
    assert sentence in refused.root.text
    assert field(refused, "counted_2") == "19"
    assert "0 of 3" in manager.get(page.response.request.path).root.text


def test_a_form_that_comes_too_late_is_kept(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    page = begin(manager)
    path = page.response.request.path
    with unit_of_work() as session:
        session.execute(update(UserSession).values(last_seen_at=clock.now() - timedelta(hours=2)))
    sent = manager.submit(page, {"counted_2": "19"}, button="Save")
    assert sent.leads_to.startswith("/sign-in")
    manager.sign_in("manager_a")
    again = manager.get(f"{path}/enter?late=1")
    assert field(again, "counted_2") == "19"
    manager.submit(again, button="Save")
    assert field(manager.get(path), "counted_2") == "19"


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
    assert "The count was finished and booked as C-000001." in done.root.text
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
    assert "Nothing differs" in confirm.root.text
    assert "1 record was not counted" in confirm.root.text
    done = manager.submit(confirm, button="Finish Count", follow=True)
    assert "nothing was booked" in done.root.text
    assert documents() == []
    assert wrong() == []
    assert begin(manager).status == 200, "the next count can begin"


def test_blank_is_not_zero(manager: Browser, records: list[int]) -> None:
    page = begin(manager)
    refused = enter(manager, page, {1: 100, 2: 0}, reason_2="lost")
    assert refused.status == 422
    assert "Enter a number, 0 for none, or tick “Not counted”." in refused.root.text
    assert refused.root.one("input", name="counted_3").attributes["aria-invalid"] == "true"
    assert field(refused, "counted_2") == "0"
    confirm = manager.submit(refused, {"counted_3": "5"}, button="Finish", follow=True)
    manager.submit(confirm, button="Finish Count", follow=True)
    assert stock.counters(records[1])["doses_available"] == 0
    assert wrong() == []


@pytest.mark.parametrize(
    ("entered", "sentence"),
    [
        ({"counted_1": "97"}, "Doses missing: 3. Choose what became of them."),
        ({"counted_1": "97", "reason_1": "found"}, "Doses missing: 3."),
        ({"counted_1": "103"}, "There are 3 doses more than expected."),
        ({"counted_1": "103", "reason_1": "lost"}, "There are 3 doses more than expected."),
        ({"counted_1": "97", "reason_1": "other"}, "Say in a few words what happened."),
        ({"counted_1": "97", "not_counted_1": "y"}, "not both"),
    ],
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
    assert "Nothing was booked" in refused.root.text
    rows = [[one.text for one in row.all()] for row in refused.root.one("tbody").all("tr")]
    assert rows == [["2. Beta", "LOT2", "20", "16", "20"]], "only what moved, old and new"
    assert documents() == []
    assert "Stock moved" in manager.get(path.removesuffix("/finish")).root.text
    page = manager.submit(refused, button="Take the new expected value", follow=True)
    assert "1 record has a new expected value. Count it again." in page.root.text
    assert [field(page, f"counted_{number}") for number in (1, 2, 3)] == ["97", "", "5"]
    assert enter(manager, page, {}).status == 422, "it must be counted again"
    confirm = enter(manager, page, {2: 16})
    manager.submit(confirm, button="Finish Count", follow=True)
    assert [stock.counters(record)["doses_available"] for record in records] == [97, 16, 5]
    assert actions().count("count.renewed") == 1
    assert wrong() == []


def test_doses_that_left_and_came_back_are_movement_too(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    page = begin(manager)
    stock.reverse(scope, stock.post(scope, records[0], Kind.WASTED, 3))
    confirm = enter(manager, page, {1: 97, 2: 20, 3: 5}, reason_1="broken")
    assert "Doses came or went while you counted" in confirm.root.text
    assert confirm.root.all("button", type="submit")[-1].text == "Take the new expected value"


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
    manager.submit(refused, button="Take the new expected value")
    stale = manager.submit(old, {"counted_1": "100", "operation_id": "a" * 43}, button="Save")
    assert stale.status == 409
    assert "It is blank now; 99 are expected." in stale.root.text


def test_nobody_books_what_they_have_not_seen(
    manager: Browser, colleague: Browser, records: list[int]
) -> None:
    confirm = enter(manager, begin(manager), {1: 97, 2: 20, 3: 5}, reason_1="broken")
    path = confirm.response.request.path.removesuffix("/finish")
    enter(colleague, colleague.get(path), {1: 90}, button="Save")
    refused = manager.submit(confirm, button="Finish Count")
    assert refused.status == 409
    assert "Please look through it again." in refused.root.text
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
    told = "Manager A has finished this count, on "
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
    assert "1 of 3 records are counted" in form.root.text
    done = manager.submit(form, button="Cancel Count", follow=True)
    assert "Cancelled" in done.root.text
    assert done.root.all("input", name="counted_1") == []
    assert stock.counters(records[0])["doses_available"] == 100
    assert documents() == []
    assert actions()[-2:] == ["count.cancelled", "count.viewed"]
    assert begin(manager).status == 200


# The list, the sheet, the rights


def test_open_counts_stand_first_then_the_newest_and_older_ones_are_reached(
    manager: Browser, records: list[int]
) -> None:
    store(records[0], "Freezer")
    first = begin(manager, "Freezer").response.request.path
    closed = []
    for _time in range(27):
        path = begin(manager).response.request.path
        manager.submit(manager.get(f"{path}/cancel"), button="Cancel Count")
        closed.append(path)
    page = manager.get(COUNTS)
    listed = [one.one("a").attributes["href"] for one in page.root.one("tbody").all("tr")]
    assert listed == [first, *reversed(closed[2:])]
    older = manager.get(page.root.with_text("a", "Older counts").attributes["href"])
    listed = [one.one("a").attributes["href"] for one in older.root.one("tbody").all("tr")]
    assert listed == [closed[1], closed[0]]


def test_the_sheet_has_a_box_for_each_record_and_can_be_blind(
    manager: Browser, records: list[int]
) -> None:
    store(records[0], "Freezer")
    page = begin(manager)
    enter(manager, page, {1: 12345}, button="Save")
    sheet = manager.get(page.root.with_text("a", "Count Sheet").attributes["href"])
    assert [one.text for one in sheet.root.all("caption")] == ["Freezer", "No storage unit"]
    assert len(sheet.root.all("td", class_="box")) == 3
    assert "Clinic A, NCA650001" in sheet.root.text
    for shown in ("Alpha", "LOT1", "06/30/2027", "100", "Signature"):
        assert shown in sheet.root.text
    assert "12345" not in sheet.root.text
    blind = manager.get(sheet.root.with_text("a", "Without expected doses").attributes["href"])
    assert "Expected" not in blind.root.text
    assert "100" not in blind.root.text
    assert len(blind.root.all("td", class_="box")) == 3


@pytest.mark.parametrize("who", ["provider_a", "readonly_a"])
def test_providers_have_no_counts(manager: Browser, records: list[int], who: str) -> None:
    path = begin(manager).response.request.path
    manager.sign_in(who)
    for address in (COUNTS, path, f"{path}/sheet", f"{path}/finish", f"{path}/cancel"):
        assert manager.get(address).status == 403


def test_another_locations_count_is_not_found(manager: Browser, records: list[int]) -> None:
    path = begin(manager).response.request.path
    manager.sign_in("manager_b")
    for address in (path, f"{path}/sheet", f"{path}/finish", f"{path}/cancel"):
        assert manager.get(address).status == 404
    assert "No counts yet" in manager.get(COUNTS).root.text


def test_an_agent_sees_a_count_and_changes_nothing(manager: Browser, records: list[int]) -> None:
    page = begin(manager)
    path = page.response.request.path
    enter(manager, page, {1: 98}, button="Save", reason_1="broken")
    with unit_of_work() as session:
        agent = session.get_one(User, manager.personas.users["agent"])
        agent.current_location_id = manager.personas.locations["A"]
    manager.sign_in("agent")
    listed = manager.get(COUNTS)
    assert "Count 1" in listed.root.text
    assert listed.root.all("select", name="storage_unit") == []
    shown = manager.get(path)
    assert "98" in shown.root.text
    assert shown.root.all("input", name="counted_1") == []
    assert "Broken vial or syringe" in shown.root.text
    token = shown.root.all("input", name="csrf_token")[0].attributes["value"]
    for address in (f"{COUNTS}start", *(f"{path}/{one}" for one in CHANGES)):
        assert manager.post(address, {"csrf_token": token}).status == 403
    for address in (f"{path}/enter", f"{path}/finish", f"{path}/cancel"):
        assert manager.get(address).status == 403


# What `portal check` finds


@pytest.mark.parametrize(
    "tampering",
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


# Storage units


def test_a_box_is_moved_with_the_pen_and_that_is_on_record(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    store(records[1], "Freezer")
    page = manager.get(f"/vaccine-inventory/{records[0]}")
    form = manager.get(page.root.one("a", title="Edit Storage Unit").attributes["href"])
    offered = [one.attributes["value"] for one in form.root.one("datalist").all("option")]
    assert offered == ["Freezer"]
    long = manager.submit(form, {"storage_unit": "x" * 61}, button="Save")
    assert long.status == 422
    assert "at most 60 characters" in long.root.text
    done = manager.submit(form, {"storage_unit": " Walk-in  fridge "}, button="Save", follow=True)
    assert "Walk-in fridge" in done.root.text
    with unit_of_work(write=False) as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "inventory.stored")
        ).one()
        assert entry.values_before == {"storage_unit": ""}
        assert entry.values_after == {"storage_unit": "Walk-in fridge"}
    assert len(stock.entries(records[0])) == 1, "no dose moves in the ledger"
