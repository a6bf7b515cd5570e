"""Doses are given while a count finishes, a count is finished many times, and two begin one."""

import random
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import DBAPIError

from blueprints.counts import services
from blueprints.counts.queries import get_count, list_lines, list_moved
from blueprints.counts.rules import EnteredLine, mark_of
from blueprints.counts.starting import start as start_count
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import StockDocument
from blueprints.inventory.rules import Kind
from portal.access.scope import Scope
from portal.audit.verify import verify
from portal.db import run, unit_of_work
from portal.errors import Conflict, Invalid, Unavailable
from tests.counts import careless
from tests.counts.steps import documents, wrong
from tests.effort import amount
from tests.inventory import stock
from tests.inventory.careless import be_careless
from tests.personas import Personas
from tests.processes import FORK, results, start, together

pytestmark = pytest.mark.slow("lets several processes race")

PROCESSES, TURNS = 4, amount(short=8, full=15)
MOMENT = 1.0
DOSES = 400


def counted(scope: Scope) -> int:
    """A complete count: a dose of every record is missing. Its id."""
    with unit_of_work():
        count = start_count(scope)
        return recount(scope, count.row.id)


def recount(scope: Scope, count_id: int) -> int:
    """Enter one dose less than is expected in every line that is blank."""
    lines = []
    for line in list_lines(get_count(scope, count_id)):
        was = line.entered
        if was.counted is None:
            typed = EnteredLine(was.expected, was.expected - 1, "lost")
            lines.append(services.SentCount(line.number, was, typed))
    services.save(scope, count_id, lines, note="", note_mark=mark_of(""))
    return count_id


# Doses are given while the count finishes


def give_or_count(index: int, scope: Scope, records: list[int], count_id: int) -> int:
    """The first process finishes the count, all others give doses; how often it was refused."""
    if index:
        give(index, scope, records)
        return 0
    refused = 0
    for _turn in range(20 * TURNS):
        try:
            if look(scope, count_id):
                run(lambda: bool(finish(scope, count_id)), write=True)
                return refused
            refused += 1
        except services.StockMoved:
            refused += 1
        run(lambda: bool(renew(scope, count_id)), write=True)
    pytest.fail("the count never came to its end")


def look(scope: Scope, count_id: int) -> bool:
    """The page before `Finish Count`, at which somebody looks for a moment."""
    with unit_of_work(write=False):
        still = not list_moved(get_count(scope, count_id))
    time.sleep(random.uniform(0, 0.02))
    return still


def finish(scope: Scope, count_id: int) -> object:
    return services.finish(scope, count_id, seen=get_count(scope, count_id).row.version)


def renew(scope: Scope, count_id: int) -> int:
    services.renew(scope, count_id)
    return recount(scope, count_id)


def give(index: int, scope: Scope, records: list[int]) -> None:
    chance = random.Random(index)
    for _turn in range(TURNS):
        time.sleep(chance.uniform(0, 0.06))
        movement = ledger.Movement(kind=Kind.ADMINISTERED, doses=1, happened_on=stock.day())
        record = chance.choice(records)
        run(
            lambda record=record, movement=movement: bool(  # type: ignore[misc]
                ledger.post(scope.user, record, movement)
            ),
            write=True,
        )


def race(app: Flask, personas: Personas, name: str = "LOT") -> list[str]:
    """What is wrong after doses were given while a count was finished."""
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        records = [stock.add(scope, lot=f"{name}{number}", doses=DOSES) for number in range(3)]
        count_id = counted(scope)
        together(app, PROCESSES, give_or_count, scope, records, count_id)
        found = wrong()
        given = sum(stock.counters(record)["doses_administered"] for record in records)
        if given != (PROCESSES - 1) * TURNS:
            found.append(f"{given} doses were given")
        if [stock.counters(record)["doses_wasted"] for record in records] != [1, 1, 1]:
            found.append("not every difference was booked once")
        return [*found, *([] if verify().ok else ["the audit trail is broken"])]


@pytest.mark.both_databases
def test_what_is_booked_was_compared_with_what_was_there(app: Flask, personas: Personas) -> None:
    assert race(app, personas) == []


def repeatedly(app: Flask, personas: Personas, rounds: int = 10) -> list[str]:
    """The race until something is wrong."""
    for number in range(rounds):
        found = race(app, personas, f"ROUND{number}-")
        if found:
            return found
    return []


def test_the_race_would_show_that_nobody_looks_again(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_careless(monkeypatch, careless.LOOKS_BEFORE)
    assert repeatedly(app, personas) != []


# A dose is given in the very moment between looking and booking


def finish_slowly(scope: Scope, count_id: int, looked: Event, given: Event) -> None:
    """Finish on a machine that is busy between looking and booking."""
    with pytest.MonkeyPatch.context() as patch:
        open_document = services.open_document

        def wait(*arguments: Any, **named: Any) -> StockDocument:
            looked.set()
            given.wait(MOMENT)
            return open_document(*arguments, **named)

        patch.setattr(services, "open_document", wait)
        run(lambda: bool(finish(scope, count_id)), write=True)


def give_in_between(scope: Scope, record: int, looked: Event, given: Event) -> None:
    """Give a dose once the other has looked."""
    assert looked.wait(30)
    movement = ledger.Movement(kind=Kind.ADMINISTERED, doses=1, happened_on=stock.day())
    run(lambda: bool(ledger.post(scope.user, record, movement)), write=True)
    given.set()


def gap(app: Flask, personas: Personas) -> list[str]:
    """What is wrong after a dose was given between looking and booking."""
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=10)
        count_id = counted(scope)
        looked, given = FORK.Event(), FORK.Event()
        both = [
            start(app, finish_slowly, scope, count_id, looked, given),
            start(app, give_in_between, scope, record, looked, given),
        ]
        results(both)
        assert stock.counters(record)["doses_available"] == 8
        return wrong()


@pytest.mark.both_databases
def test_nobody_gives_a_dose_between_looking_and_booking(app: Flask, personas: Personas) -> None:
    assert gap(app, personas) == []


@pytest.mark.thorough
def test_the_gap_would_show_that_nobody_holds_the_records(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch, database_kind: str
) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite lets one transaction write at a time")
    be_careless(monkeypatch, careless.LOCKS_NOTHING)
    assert gap(app, personas) != []


# Many at once at one count


def outcome(function: Callable[[], object]) -> str:
    """What became of a call in a unit of its own."""
    try:
        with unit_of_work():
            function()
    except services.Closed:
        return "closed"
    except (Conflict, Invalid):
        return "refused"
    except (DBAPIError, Unavailable):
        return "failed"
    return "done"


def end_it(index: int, scope: Scope, count_id: int) -> str:
    if index % 3 == 2:
        return outcome(lambda: services.cancel(scope, count_id))
    return outcome(lambda: finish(scope, count_id))


def test_of_eight_who_finish_or_cancel_one_is_first(app: Flask, personas: Personas) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=10)
        count_id = counted(scope)
        results = together(app, 8, end_it, scope, count_id)
        assert sorted(results) == ["closed"] * 7 + ["done"]
        with unit_of_work(write=False):
            finished = get_count(scope, count_id).state == "finished"
        assert stock.counters(record)["doses_wasted"] == len(documents()) == int(finished)
        assert wrong() == []


def begin_it(_index: int, scope: Scope) -> str:
    return outcome(lambda: start_count(scope))


def test_of_eight_who_start_the_same_count_one_does(app: Flask, personas: Personas) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        stock.add(scope, doses=10)
        assert sorted(together(app, 8, begin_it, scope)) == ["done"] + ["refused"] * 7


def enter_it(index: int, scope: Scope, count_id: int) -> str:
    """Each enters a line of its own, from a page that was opened before all others saved."""
    with unit_of_work(write=False):
        was = list_lines(get_count(scope, count_id))[index].entered
    time.sleep(0.05)
    sent = services.SentCount(index + 1, was, EnteredLine(was.expected, index))
    return outcome(lambda: services.save(scope, count_id, [sent], note="", note_mark=mark_of("")))


@pytest.mark.both_databases
def test_six_who_enter_lines_at_once_keep_all(app: Flask, personas: Personas) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        for number in range(6):
            stock.add(scope, lot=f"LOT{number}", doses=10)
        with unit_of_work():
            count_id = start_count(scope).row.id
        assert together(app, 6, enter_it, scope, count_id) == ["done"] * 6
        with unit_of_work(write=False):
            lines = [line.entered.counted for line in list_lines(get_count(scope, count_id))]
        assert lines == list(range(6))
