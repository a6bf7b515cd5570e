"""SQLite's writers take turns, across all processes (`portal.waiting_line`)."""

import os
import signal
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from portal import db as database
from portal.db import db, run, unit_of_work
from portal.errors import Busy
from portal.waiting_line import Line, PlaceInLine, line_before
from tests.effort import amount
from tests.processes import FORK, start

pytestmark = pytest.mark.both_databases

PROCESSES, THREADS = 3, 2
# So often one may be overtaken by another, of 25 turns: whoever loses the processor before it has
# taken its number comes later.
FEW = 5


@pytest.fixture
def served(app: Flask) -> None:
    """A table for who has had a turn."""
    with app.app_context():
        if not database.is_sqlite():
            pytest.skip("PostgreSQL locks rows, not the database")
        with unit_of_work() as session:
            session.execute(text("CREATE TABLE served (id INTEGER PRIMARY KEY, who INTEGER)"))
        db.engine.dispose()


def save(app: Flask, who: int, turns: int) -> None:
    """Write so often, one after another, each time for about as long as a form takes."""
    with app.app_context():
        for _turn in range(turns):
            with unit_of_work() as session:
                session.execute(text("INSERT INTO served (who) VALUES (:who)"), {"who": who})
                time.sleep(0.004)


def save_with_others(app: Flask, begin: threading.Barrier, number: int, turns: int) -> None:
    """A process with several threads that all save."""
    begin.wait(30)
    threads = [
        threading.Thread(target=save, args=(app, number * THREADS + index, turns))
        for index in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def largest_lead(order: list[int]) -> int:
    """By how many turns somebody was ahead of another who was still to have some: so often was
    that one overtaken. Who gets the processor late begins late."""
    had, last = dict.fromkeys(set(order), 0), {who: at for at, who in enumerate(order)}
    lead = 0
    for at, who in enumerate(order):
        had[who] += 1
        waiting = [had[other] for other in had if last[other] > at]
        lead = max(lead, had[who] - min(waiting, default=had[who]))
    return lead


def race(app: Flask) -> list[int]:
    """Who had a turn, in order."""
    turns = amount(short=25, full=50)
    begin = FORK.Barrier(PROCESSES)
    children = [start(app, save_with_others, app, begin, i, turns) for i in range(PROCESSES)]
    for child in children:
        child.result()
    with app.app_context(), unit_of_work(write=False) as session:
        order = list(session.scalars(text("SELECT who FROM served ORDER BY id")))
    assert len(order) == PROCESSES * THREADS * turns
    return order


@pytest.mark.slow("lets several processes write for a while")
def test_nobody_is_overtaken_again_and_again(app: Flask, served: None) -> None:
    assert largest_lead(race(app)) <= FEW


@pytest.mark.slow("lets several processes write for a while")
def test_without_the_line_somebody_is(
    app: Flask, served: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Line, "join", lambda _line: None)
    assert largest_lead(race(app)) > FEW


def wait_in_line(path: str, ready: object, number: int) -> None:
    """Take a number and keep it."""
    place = line_before(path).join()
    assert place is not None
    ready.set()  # type: ignore[attr-defined]
    time.sleep(60)


def test_the_number_of_a_killed_process_is_free(app: Flask, tmp_path: Path) -> None:
    path, ready = str(tmp_path / "some.sqlite"), FORK.Event()
    child = start(app, wait_in_line, path, ready, 0)
    assert ready.wait(30)
    line = Line(path)
    place = line.join()
    assert place is not None
    assert not line.first(place.number)
    child.kill()
    child.process.join(10)
    assert line.first(place.number)
    line.close()


def test_who_stands_still_ahead_is_passed_in_the_end(
    app: Flask, served: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.waiting_line.COURTESY", 0.2)
    with app.app_context():
        path, ready = str(db.engine.url.database), FORK.Event()
    child = start(app, wait_in_line, path, ready, 0)
    assert ready.wait(30)
    os.kill(child.process.pid or 0, signal.SIGSTOP)
    save(app, 1, 1)
    child.kill()


def test_a_unit_within_another_does_not_wait_for_itself(app: Flask, served: None) -> None:
    with app.app_context():
        line = line_before(str(db.engine.url.database))
        with unit_of_work():
            assert line.join() is None
            assert len(line.places) == 1
        assert not line.places


def test_the_number_is_given_back_however_the_unit_ends(app: Flask, served: None) -> None:
    with app.app_context():
        path = str(db.engine.url.database)
        line = line_before(path)

        def fail() -> None:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            run(fail, write=True)
        assert not line.places
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            run(fail, write=True, patience=0.1)
        assert not line.places
        holder.rollback()
        save(app, 1, 1)
        assert not line.places


def test_without_the_file_there_is_a_line_in_the_process(tmp_path: Path) -> None:
    line = Line(str(tmp_path / "missing" / "some.sqlite"))
    first = line.join()
    assert first is not None
    places: list[PlaceInLine] = []

    def second() -> None:
        place = line.join()
        assert place is not None
        place.wait(30)
        places.append(place)

    thread = threading.Thread(target=second)
    thread.start()
    while len(line.places) < 2:
        time.sleep(0.001)
    assert not places
    first.leave()
    thread.join(30)
    assert len(places) == 1
