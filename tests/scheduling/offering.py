"""Schedules for tests: made through the services, and what of them can be booked."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select, update

from blueprints.scheduling.models import Slot
from blueprints.scheduling.rules import Hours, Setup
from blueprints.scheduling.services import BookingsLeft, save
from blueprints.scheduling.setups import find_schedule
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.places.models import Location

MORNING = Hours(9 * 60, 12 * 60)
AFTERNOON = Hours(13 * 60, 17 * 60)
EVERY_DAY = ((MORNING, AFTERNOON),) * 7
SETUP = Setup(active=True, weekly=EVERY_DAY, slot_minutes=30, places=3, notice_minutes=0)


def offer(scope: Scope, **changes: Any) -> Setup:
    """Save a schedule of the scope's location: every day from 9 to 12 and 1 to 5, 3 places each
    half hour, without notice, with `changes`. Bookings it leaves are accepted."""
    wished = replace(SETUP, **changes)
    with unit_of_work():
        save_anyway(scope, wished)
    return wished


def save_anyway(scope: Scope, wished: Setup) -> None:
    """Save a schedule, whatever bookings it leaves."""
    schedule = find_schedule(scope.location_id)
    seen, left = (schedule.version if schedule else 1), 0
    while True:
        try:
            save(scope, wished, seen=seen, accepted=left)
        except BookingsLeft as refusal:  # more of them, while others book
            left = refusal.count
        else:
            return


def take(location_id: int, day: date, minute: int, count: int = 1, kind: str = "general") -> None:
    """Have so many places taken at that time."""
    _set(
        *(Slot.location_id == location_id, Slot.day == day),
        *(Slot.minute == minute, Slot.kind == kind),
        taken=count,
    )


def empty(ids: list[int]) -> None:
    """Have no place taken in these slots."""
    _set(Slot.id.in_(ids), taken=0)


def set_places(slot_id: int, places: int) -> None:
    """Give a slot so many places."""
    _set(Slot.id == slot_id, places=places)


def _set(*which: ColumnElement[bool], **values: int) -> None:
    with unit_of_work() as session:
        session.execute(update(Slot).where(*which).values(**values))


def rows(location_id: int) -> list[Slot]:
    """All slots of the location, in order."""
    with unit_of_work(write=False) as session:
        found = session.scalars(
            select(Slot).where(Slot.location_id == location_id).order_by(Slot.starts_at, Slot.id)
        ).all()
        session.expunge_all()
        return list(found)


def move_to(location_id: int, zone: str) -> None:
    """Put the location into another time zone."""
    with unit_of_work() as session:
        session.get_one(Location, location_id).time_zone = zone
