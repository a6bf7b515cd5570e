"""Schedules for tests: made through the services, and what of them can be booked."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select, update

from blueprints.scheduling.models import Slot
from blueprints.scheduling.rules import Hours, Setup
from blueprints.scheduling.services import save
from blueprints.scheduling.setups import find_schedule
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.places.models import Location

MORNING = Hours(9 * 60, 12 * 60)
AFTERNOON = Hours(13 * 60, 17 * 60)
EVERY_DAY = ((MORNING, AFTERNOON),) * 7
SETUP = Setup(active=True, weekly=EVERY_DAY, slot_minutes=30, places=3, notice_minutes=0)


def offer(scope: Scope, **changes: Any) -> Setup:
    """Save a schedule of the scope's location: every day from 9 to 12 and 1 to 5, 3 places each half
    hour, without notice, with `changes`. Bookings it leaves are accepted."""
    wished = replace(SETUP, **changes)
    with unit_of_work():
        schedule = find_schedule(scope.location_id)
        save(scope, wished, seen=schedule.version if schedule else 1, accepted=booked())
    return wished


def booked() -> int:
    """How many places are taken, all in all; within a unit of work."""
    from portal.db import session

    return sum(session().scalars(select(Slot.taken)))


def take(location_id: int, day: date, minute: int, count: int = 1, kind: str = "general") -> None:
    """Have so many places taken at that time."""
    with unit_of_work() as session:
        session.execute(
            update(Slot)
            .where(
                Slot.location_id == location_id,
                Slot.day == day,
                Slot.minute == minute,
                Slot.kind == kind,
            )
            .values(taken=count)
        )


def rows(location_id: int) -> list[Slot]:
    """All slots of the location, in order."""
    with unit_of_work(write=False) as session:
        return list(
            session.scalars(
                select(Slot).where(Slot.location_id == location_id).order_by(Slot.starts_at)
            )
        )


def move_to(location_id: int, zone: str) -> None:
    """Put the location into another time zone."""
    with unit_of_work() as session:
        session.get_one(Location, location_id).time_zone = zone
