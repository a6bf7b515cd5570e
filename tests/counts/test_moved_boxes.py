"""A box that is moved to another fridge during a count is not booked as lost (SPEC D11)."""

import time
from multiprocessing.synchronize import Event
from typing import Any

import pytest
from flask import Flask

from blueprints.counts import services
from blueprints.counts.queries import get_count
from blueprints.counts.starting import start as start_count
from blueprints.inventory.models import StockDocument, VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.inventory.storage import put_into
from portal.access.scope import Scope
from portal.audit.models import AuditEntry
from portal.db import run, session, unit_of_work
from tests.client import Browser, Page
from tests.counts import careless
from tests.counts.steps import begin, documents, enter, field, store, wrong
from tests.counts.test_races import outcome, recount
from tests.effort import some
from tests.inventory import stock
from tests.inventory.careless import be_careless
from tests.personas import Personas
from tests.processes import FORK, results, start

MOMENT = 1.0


@pytest.fixture
def fridge(records: list[int]) -> list[int]:
    """The three records, all in one fridge."""
    for record in records:
        store(record, "Fridge 1")
    return records


def move(browser: Browser, record: int, unit: str) -> None:
    """Put a box elsewhere, with the pen on the page of its record."""
    page = browser.get(f"/vaccine-inventory/{record}")
    form = browser.get(page.root.one("a", title="Edit Storage Unit").attributes["href"])
    assert browser.submit(form, {"storage_unit": unit}, button="Save").status == 303


def rows(page: Page) -> list[list[str]]:
    """The cells of the first table."""
    return [[one.text for one in row.all()] for row in page.root.all("tbody")[0].all("tr")]


def described(page: Page, number: int) -> str:
    """What a reader of screens hears beside the field of a line."""
    notes = page.root.one("input", name=f"counted_{number}").attributes.get("aria-describedby", "")
    return " ".join(page.root.one(id=note).text for note in notes.split())


def test_a_box_in_another_fridge_is_not_booked_as_lost_and_the_way_on_is_offered(
    manager: Browser, colleague: Browser, fridge: list[int]
) -> None:
    confirm = enter(manager, begin(manager, "Fridge 1"), {1: 0, 2: 20, 3: 5}, reason_1="lost")
    path = confirm.response.request.path
    move(colleague, fridge[0], "Fridge 2")
    refused = manager.submit(confirm, button="Finish Count")
    assert refused.status == 409
    told = refused.root.one("div", role="alert").text
    assert "“1. Alpha” is in another storage unit now. Nothing was recorded." in told
    assert rows(refused) == [["1. Alpha", "LOT1", "Fridge 1", "Fridge 2", "100", "0"]]
    assert "Doses came in or went out" not in refused.root.text
    assert documents() == []
    assert rows(manager.get(path)) == rows(refused), "the page says so by itself"
    again = manager.submit(refused, button="Count again", follow=True)
    assert "1 record is blank again. Count it where it is now" in again.root.text
    assert "new expected number" not in again.root.text
    assert [one.text for one in again.root.all("h2")] == ["Fridge 2", "Fridge 1"]
    assert [field(again, f"counted_{number}") for number in (1, 2, 3)] == ["", "20", "5"]
    confirm = enter(manager, again, {1: 99}, reason_1="broken")
    manager.submit(confirm, button="Finish Count")
    assert [stock.counters(one)["doses_available"] for one in fridge] == [99, 20, 5]
    assert wrong() == []


def test_the_form_says_where_a_box_stands_now_and_nothing_of_others(
    manager: Browser, colleague: Browser, fridge: list[int]
) -> None:
    path = begin(manager, "Fridge 1").response.request.path
    assert "Box moved" not in manager.get(path).html
    move(colleague, fridge[0], "Fridge 2")
    move(colleague, fridge[1], "")
    page = manager.get(path)
    assert "Box moved It is in “Fridge 2” now. Count it there" in described(page, 1)
    assert "It is in no storage unit now." in described(page, 2)
    assert described(page, 3) == ""
    names = [row.one("th").text for row in page.root.one("tbody").all("tr")]
    assert names[0].startswith("1. Alpha Box moved It is in “Fridge 2” now.")
    assert names[2] == "3. Gamma"
    sheet = manager.get(f"{path}/sheet").root.one("tbody").all("tr")
    assert "It is in “Fridge 2” now." in sheet[0].one("th").text
    refused = enter(manager, page, {1: "many"}, button="Save")
    assert "Enter a whole number" in described(refused, 1)
    assert "It is in “Fridge 2” now." in described(refused, 1)


def test_a_moved_box_that_is_not_counted_or_agrees_keeps_nobody_from_finishing(
    manager: Browser, colleague: Browser, fridge: list[int]
) -> None:
    page = begin(manager, "Fridge 1")
    for record in fridge[:2]:
        move(colleague, record, "Fridge 2")
    confirm = enter(manager, page, {2: 20, 3: 4}, reason_3="lost", not_counted_1="y")
    done = manager.submit(confirm, button="Finish Count", follow=True)
    assert "C-000001" in done.root.text
    assert [stock.counters(one)["doses_available"] for one in fridge] == [100, 20, 4]
    assert wrong() == []


def test_a_box_that_is_back_in_its_fridge_was_not_moved(
    manager: Browser, colleague: Browser, fridge: list[int]
) -> None:
    page = begin(manager, "Fridge 1")
    move(colleague, fridge[0], "Fridge 2")
    move(colleague, fridge[0], "Fridge 1")
    confirm = enter(manager, page, {1: 97, 2: 20, 3: 5}, reason_1="broken")
    manager.submit(confirm, button="Finish Count")
    assert stock.counters(fridge[0])["doses_available"] == 97


def test_boxes_without_a_unit_that_were_put_into_one_were_moved(
    manager: Browser, colleague: Browser, records: list[int]
) -> None:
    store(records[2], "Fridge 2")
    page = begin(manager, "No storage unit")
    for record in records[:2]:
        move(colleague, record, "Fridge 2")
    confirm = enter(manager, page, {1: 0, 2: 0}, reason_1="lost", reason_2="lost")
    assert rows(confirm) == [
        ["1. Alpha", "LOT1", "No storage unit", "Fridge 2", "100", "0"],
        ["2. Beta", "LOT2", "No storage unit", "Fridge 2", "20", "0"],
    ]
    token = confirm.root.all("input", name="csrf_token")[0].attributes["value"]
    forced = manager.post(confirm.response.request.path, {"csrf_token": token, "seen": "2"})
    assert forced.status == 409
    assert "“1. Alpha”, “2. Beta” are in other storage units now." in forced.root.text
    assert documents() == []


def test_a_sentence_names_five_lines_and_the_table_all(
    manager: Browser, scope: Scope, colleague: Browser
) -> None:
    moved = [stock.add(scope, name=f"Record {number}", lot=f"L{number}") for number in range(7)]
    for record in moved:
        store(record, "Fridge 1")
    page = begin(manager, "Fridge 1")
    lost = {f"reason_{number}": "lost" for number in range(1, 8)}
    confirm = enter(manager, page, dict.fromkeys(range(1, 8), 0), **lost)
    for record in moved:
        store(record, "Fridge 2")
    refused = manager.submit(confirm, button="Finish Count")
    assert "“5. Record 4” and 2 more records are in other" in refused.root.text
    assert len(rows(refused)) == 7


def test_doses_that_went_and_a_box_that_was_moved_are_taken_up_together(
    manager: Browser, scope: Scope, colleague: Browser, fridge: list[int]
) -> None:
    confirm = enter(
        manager,
        begin(manager, "Fridge 1"),
        {1: 0, 2: 0, 3: 5},
        reason_1="lost",
        reason_2="lost",
    )
    for record in fridge[:2]:
        move(colleague, record, "Fridge 2")
    stock.post(scope, fridge[1], Kind.ADMINISTERED, 1)
    refused = manager.submit(confirm, button="Finish Count")
    assert [one.text for one in refused.root.all("h2")] == [
        "Doses came in or went out while you counted",
        "Boxes were moved while you counted",
    ]
    assert "2. Beta Box moved It is in “Fridge 2” now." in rows(refused)[0][0]
    again = manager.submit(refused, button="Refresh expected numbers", follow=True)
    assert "1 record has a new expected number." in again.root.text
    assert "1 record is blank again." in again.root.text
    confirm = enter(manager, again, {1: 100, 2: 19})
    assert "There are no differences" in confirm.root.text
    with unit_of_work(write=False):
        noted = session().query(AuditEntry).filter_by(action="count.renewed").one()
        assert noted.values_before == {"1": "100 Fridge 1", "2": "20 Fridge 1"}
        assert noted.values_after == {"1": "100 Fridge 2", "2": "19 Fridge 2"}


def test_a_line_typed_on_a_page_from_before_it_is_counted_again_is_not_taken_silently(
    manager: Browser, colleague: Browser, fridge: list[int]
) -> None:
    old = begin(manager, "Fridge 1")
    confirm = enter(manager, old, {1: 0, 2: 20, 3: 5}, reason_1="lost")
    move(colleague, fridge[0], "Fridge 2")
    manager.submit(manager.submit(confirm, button="Finish Count"), button="Count again")
    typed = {"counted_1": "0", "reason_1": "lost", "operation_id": "a" * 43}
    stale = manager.submit(old, typed, button="Save")
    assert stale.status == 409
    assert "It is blank now. Expected doses: 100." in stale.root.text
    manager.submit(stale, button="Save")
    assert field(manager.get(old.response.request.path), "counted_1") == "0", "knowingly"


def test_a_form_from_before_places_were_marked_loses_nothing(
    manager: Browser, fridge: list[int]
) -> None:
    """It was opened before an update."""
    page = begin(manager, "Fridge 1")
    note, *lines = field(page, "was").split()
    old = " ".join([note, *(line.rpartition(":")[0] for line in lines)])
    asked = manager.submit(page, {"was": old, "counted_1": "99"}, button="Save")
    assert field(asked, "counted_1") == "99"
    manager.submit(asked, button="Save")
    assert field(manager.get(page.response.request.path), "counted_1") == "99"


def test_a_count_of_all_units_finds_the_box_wherever_it_is_and_only_asks(
    manager: Browser, colleague: Browser, fridge: list[int]
) -> None:
    page = begin(manager)
    for record in fridge[:2]:
        move(colleague, record, "Fridge 2")
    assert "It is in “Fridge 2” now." in described(manager.get(page.response.request.path), 1)
    confirm = enter(manager, page, {1: 97, 2: 20, 3: 4}, reason_1="broken", reason_3="lost")
    first, second = rows(confirm)
    assert "It is in “Fridge 2” now. Was it counted there?" in first[0]
    assert second[0] == "3. Gamma"
    manager.submit(confirm, button="Finish Count")
    assert [stock.counters(one)["doses_available"] for one in fridge] == [97, 20, 4]
    assert wrong() == []


# A box is moved in the very moment in which the count finishes


def counted(scope: Scope) -> tuple[int, int]:
    """A record of 10 doses in a fridge, and a complete count of it: one is missing."""
    record = stock.add(scope, doses=10)
    store(record, "Fridge 1")
    with unit_of_work():
        return record, recount(scope, start_count(scope, "Fridge 1").row.id)


def finish(scope: Scope, count_id: int) -> None:
    services.finish(scope, count_id, seen=get_count(scope, count_id).row.version)


def put(scope: Scope, record: int, unit: str) -> bool:
    put_into(scope, session().get_one(VaccineInventory, record), unit)
    return True


def move_slowly(scope: Scope, record: int, moved: Event, finishing: Event) -> None:
    """Move the box, and let the other begin to finish before that is committed."""

    def slowly() -> bool:
        done = put(scope, record, "Fridge 2")
        moved.set()
        assert finishing.wait(30)
        time.sleep(MOMENT)
        return done

    run(slowly, write=True)


def finish_meanwhile(scope: Scope, count_id: int, moved: Event, finishing: Event) -> str:
    assert moved.wait(30)
    finishing.set()
    return outcome(lambda: finish(scope, count_id))


def under_way(app: Flask, personas: Personas) -> tuple[str, int]:
    """What becomes of a count that finishes while its box is being moved, and of its doses."""
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record, count_id = counted(scope)
        moved, finishing = FORK.Event(), FORK.Event()
        _none, became = results(
            [
                start(app, move_slowly, scope, record, moved, finishing),
                start(app, finish_meanwhile, scope, count_id, moved, finishing),
            ]
        )
        assert wrong() == []
        return became, stock.counters(record)["doses_available"]


@pytest.mark.both_databases
def test_a_box_that_is_just_being_moved_is_not_booked_as_lost(
    app: Flask, personas: Personas
) -> None:
    assert under_way(app, personas) == ("refused", 10)


def finish_slowly(scope: Scope, count_id: int, looked: Event, moved: Event) -> bool:
    """Finish on a machine that is busy between looking and booking; whether the box was moved
    meanwhile."""
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        open_document = services.open_document

        def wait(*arguments: Any, **named: Any) -> StockDocument:
            looked.set()
            seen.append(moved.wait(MOMENT))
            return open_document(*arguments, **named)

        patch.setattr(services, "open_document", wait)
        run(lambda: bool(finish(scope, count_id)), write=True)
    return any(seen)


def move_in_between(scope: Scope, record: int, looked: Event, moved: Event) -> None:
    assert looked.wait(30)
    run(lambda: put(scope, record, "Fridge 2"), write=True)
    moved.set()


def gap(app: Flask, personas: Personas) -> bool:
    """Whether a box can be moved between looking and booking."""
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record, count_id = counted(scope)
        looked, moved = FORK.Event(), FORK.Event()
        between, _none = results(
            [
                start(app, finish_slowly, scope, count_id, looked, moved),
                start(app, move_in_between, scope, record, looked, moved),
            ]
        )
        return bool(between)


@pytest.mark.both_databases
def test_no_box_is_moved_between_looking_and_booking(app: Flask, personas: Personas) -> None:
    assert not gap(app, personas)


@pytest.mark.both_databases
@pytest.mark.parametrize("race", some([under_way, gap], short=1))
def test_both_would_show_that_nobody_holds_the_records(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch, database_kind: str, race: Any
) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite lets one transaction write at a time")
    be_careless(monkeypatch, careless.LOCKS_NOTHING)
    assert race(app, personas) in {True, ("done", 9)}


def test_nobody_is_asked_what_became_of_doses_that_were_transferred_meanwhile(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    page = begin(manager)
    stock.post(scope, records[0], Kind.WASTED, 20)
    confirm = enter(manager, page, {1: 80, 2: 20, 3: 5})
    assert confirm.status == 200
    assert "Doses came in or went out while you counted" in confirm.root.text
    assert "Doses missing" not in confirm.root.text
    again = manager.submit(confirm, button="Refresh expected numbers", follow=True)
    done = manager.submit(enter(manager, again, {1: 80}), button="Finish Count", follow=True)
    assert "nothing was recorded" in done.root.text


def test_all_that_moved_can_only_be_counted_again(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    page = begin(manager)
    for record in records:
        stock.post(scope, record, Kind.WASTED, 1)
    confirm = enter(manager, page, {1: 1, 2: 1, 3: 1})
    assert "Doses came in or went out while you counted" in confirm.root.text
    assert "Nothing was counted" not in confirm.root.text
