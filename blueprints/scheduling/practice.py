"""Schedules for practice mode: the sample clinics give appointments, and one day is closed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from blueprints.scheduling.jobs import make_slots
from blueprints.scheduling.rules import Hours, Setup, SpecialDay
from blueprints.scheduling.services import save, set_day
from portal.access.scope import Scope
from portal.diary import DAYS, DiaryEvent, Past

MAY = "scheduling.handle"
WORKDAY = (Hours(8 * 60, 12 * 60), Hours(13 * 60, 17 * 60))
SATURDAY = (Hours(9 * 60, 12 * 60),)
SETUP = Setup(
    active=True,
    weekly=(*(WORKDAY,) * 5, SATURDAY, ()),
    public=True,
    walk_in_share=25,
)
# The nights in which the days ahead get their slots: those of two months are there at any time.
NIGHTS = (DAYS - 30, DAYS - 60, 1)
AT_NIGHT = 60
# The closed day is that many days ahead, and was closed before anybody booked it.
CLOSED, KNOWN_FOR = 9, 12


def diary(past: Past) -> Iterator[DiaryEvent]:
    """Turn scheduling on everywhere, the second clinic's for staff only, and close a day."""
    for number, place in enumerate(past.places):
        at = past.at(past.workday(DAYS, place), 7 * 60 + 40 + 12 * number, place)
        turn_on = partial(_turn_on, replace(SETUP, public=number != 1))
        yield DiaryEvent(at, turn_on, may=MAY, place=place.id)
    first = past.places[0]
    for back in NIGHTS:
        yield DiaryEvent(past.at(past.day(back, first), AT_NIGHT, first), _night)
    closed = past.day(0, first) + timedelta(days=CLOSED)
    at = past.at(past.workday(KNOWN_FOR, first), 16 * 60 + 35, first)
    yield DiaryEvent(at, partial(_close, closed), may=MAY, place=first.id)


def _turn_on(setup: Setup, scope: Scope) -> None:
    save(scope, setup, seen=1)


def _night() -> None:
    make_slots()


def _close(day: date, scope: Scope) -> None:
    set_day(scope, day, SpecialDay("Staff training"))
