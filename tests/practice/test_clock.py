"""The clock can be moved while practice mode is filled, and never where data is real."""

import ast
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine
from flask import Flask

from portal import clock
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.diary import DiaryEvent, Past, live_through, past_until
from portal.errors import Invalid
from portal.messages.upkeep import note_left_in_practice
from portal.settings import Settings
from tests.client import Browser
from tests.house.source import ROOT, sources

NOW = datetime(2026, 6, 10, 14, 20, tzinfo=UTC)
THEN = NOW - timedelta(days=30)


@pytest.fixture
def settings(app: Flask) -> Settings:
    found: Settings = app.extensions["portal"].settings
    return found


@pytest.fixture
def of_practice(app: Flask, settings: Settings) -> Settings:
    made = replace(settings, practice=True)
    app.extensions["portal"] = replace(app.extensions["portal"], settings=made)
    return made


def test_the_clock_of_a_portal_with_real_data_cannot_be_moved(settings: Settings) -> None:
    with time_machine.travel(NOW, tick=False):
        with pytest.raises(RuntimeError, match="real data"), clock.practice_clock(settings) as put:
            put(THEN)
        assert clock.now() == NOW


def test_a_portal_with_real_data_says_of_no_message_that_it_was_sent(app: Flask) -> None:
    with (
        app.app_context(),
        pytest.raises(RuntimeError, match="real data"),
        unit_of_work(),
    ):
        note_left_in_practice()


def test_it_is_moved_within_alone_and_only_forward_up_to_the_present(
    of_practice: Settings,
) -> None:
    with time_machine.travel(NOW, tick=False):
        with clock.practice_clock(of_practice) as put:
            assert clock.now() == NOW
            put(THEN)
            assert clock.now() == THEN
            assert clock.today("America/New_York") == THEN.date()
            for wrong in (THEN - timedelta(seconds=1), NOW + timedelta(seconds=1)):
                with pytest.raises(ValueError, match="cannot be put"):
                    put(wrong)
            put(NOW)
            put(NOW)
        assert clock.now() == NOW


def test_after_a_failed_filling_it_is_the_present_again(of_practice: Settings) -> None:
    with time_machine.travel(NOW, tick=False):
        with suppress(OSError), clock.practice_clock(of_practice) as put:
            put(THEN)
            raise OSError
        assert clock.now() == NOW


def test_nobody_else_sees_it_moved(of_practice: Settings, browser: Browser) -> None:
    """A server in the same process goes on in the present: each thread has a clock of its own."""
    seen: list[datetime] = []
    with time_machine.travel(NOW, tick=False), clock.practice_clock(of_practice) as put:
        put(THEN)
        other = threading.Thread(target=lambda: seen.append(clock.now()))
        other.start()
        other.join()
    assert seen == [NOW]


def test_only_the_filling_of_practice_mode_moves_it() -> None:
    named = {"practice_clock", "_lived_through"}
    users = set()
    for source in sources():
        words = {
            getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "name", None)
            for node in ast.walk(source.tree)
        }
        if named & words:
            users.add(str(source.path.relative_to(ROOT)))
    assert users == {"portal/clock.py", "portal/practice.py"}


# The diary


def lived(app: Flask, settings: Settings, list_events: Callable[[Past], list[DiaryEvent]]) -> None:
    with time_machine.travel(NOW, tick=False), app.app_context():
        past = past_until(NOW)
        with clock.practice_clock(settings) as put:
            live_through(list_events(past), past, put)


def test_events_happen_in_the_order_of_time_and_lead_to_others(
    app: Flask, of_practice: Settings
) -> None:
    found: list[tuple[str, datetime]] = []

    def note(name: str, *further: DiaryEvent) -> Callable[[], tuple[DiaryEvent, ...]]:
        def do() -> tuple[DiaryEvent, ...]:
            found.append((name, clock.now()))
            return further

        return do

    hour = timedelta(hours=1)
    ahead = DiaryEvent(NOW + hour, note("ahead"))
    lived(
        app,
        of_practice,
        lambda _past: [
            DiaryEvent(THEN + 3 * hour, note("third")),
            DiaryEvent(THEN, note("first", DiaryEvent(THEN + 2 * hour, note("led to")), ahead)),
            DiaryEvent(THEN + hour, note("second")),
            DiaryEvent(THEN + 3 * hour, note("listed later")),
            DiaryEvent(NOW, note("now")),
            ahead,
        ],
    )
    assert found == [
        ("first", THEN),
        ("second", THEN + hour),
        ("led to", THEN + 2 * hour),
        ("third", THEN + 3 * hour),
        ("listed later", THEN + 3 * hour),
        ("now", NOW),
    ]


def test_somebody_does_it_who_works_there_may_and_is_there(
    app: Flask, of_practice: Settings
) -> None:
    did: dict[tuple[str, str], dict[str, set[int]]] = {}

    def events(past: Past) -> list[DiaryEvent]:
        at = {place.name: place.id for place in past.places} | {"": None}
        asked = (
            ("administration.give", "Clinic A"),
            ("wastage.record", "Clinic A"),
            ("wastage.record", "Clinic B"),
            ("recipients.merge", ""),
            ("no.such.right", "Clinic A"),
        )

        def note(key: tuple[str, str], day: int, scope: Scope) -> None:
            assert scope.can(key[0])
            assert (scope.location.name if scope.location else "") == key[1]
            did[key].setdefault(scope.user.username, set()).add(day)

        made = []
        for key in asked:
            did[key] = {}
            for hours in range(0, 24 * 20, 6):
                moment = THEN + timedelta(hours=hours)
                do = partial(note, key, moment.toordinal())
                made.append(DiaryEvent(moment, do, may=key[0], place=at[key[1]]))
        return made

    lived(app, of_practice, events)
    people = [set(days) for days in did.values()]
    assert people == [
        {"manager.a", "manager.ab", "provider.a"},
        {"manager.a", "manager.ab"},
        {"manager.b", "manager.ab"},
        {"agent", "admin"},
        set(),
    ]
    here, there = (did["wastage.record", f"Clinic {letter}"]["manager.ab"] for letter in "AB")
    assert not here & there, "nobody is at two locations on one day"


def test_what_is_refused_is_left_out_and_the_rest_goes_on(
    app: Flask, of_practice: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    found: list[str] = []

    def refused() -> None:
        raise Invalid("There are no doses.")

    hour = timedelta(hours=1)
    lived(
        app,
        of_practice,
        lambda _past: [
            DiaryEvent(THEN, refused),
            DiaryEvent(THEN + hour, lambda: found.append("after")),
        ],
    )
    assert found == ["after"]
    assert "There are no doses." in caplog.text
