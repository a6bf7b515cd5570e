"""Reading the schedule of a location, as its set-up page shows it."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select

from blueprints.scheduling.models import (
    Schedule,
    ScheduleDay,
    ScheduleHours,
    ScheduleProduct,
    Slot,
)
from blueprints.scheduling.rules import DosesBound, Hours, Setup, SpecialDay
from portal.access.scope import Scope
from portal.catalog.models import Product
from portal.clock import now
from portal.db import session


def find_schedule(location_id: int) -> Schedule | None:
    """The schedule of the location, or None before it was set up."""
    return session().scalar(select(Schedule).where(Schedule.location_id == location_id))


def setup_of(schedule: Schedule) -> Setup:
    """The schedule as values."""
    weekly: list[list[Hours]] = [[] for _day in range(7)]
    rows = session().execute(
        select(ScheduleHours.weekday, ScheduleHours.opens, ScheduleHours.closes)
        .where(ScheduleHours.schedule_id == schedule.id)
        .order_by(ScheduleHours.weekday, ScheduleHours.opens)
    )
    for weekday, opens, closes in rows:
        weekly[weekday].append(Hours(opens, closes))
    products = session().scalars(
        select(ScheduleProduct.product_id).where(ScheduleProduct.schedule_id == schedule.id)
    )
    return Setup(
        active=schedule.active,
        weekly=tuple(map(tuple, weekly)),
        slot_minutes=schedule.slot_minutes,
        places=schedule.places,
        horizon_days=schedule.horizon_days,
        notice_minutes=schedule.notice_minutes,
        public=schedule.public,
        second_dose_share=schedule.second_dose_share,
        walk_in_share=schedule.walk_in_share,
        doses_bound=DosesBound(schedule.doses_bound),
        products=frozenset(products),
        latitude=schedule.latitude,
        longitude=schedule.longitude,
    )


@dataclass(frozen=True)
class ListedDay:
    """A closure or special day as the page lists it; `id` is that of its first row."""

    id: int
    day: date
    special: SpecialDay


def list_special_days(location_id: int, first: date) -> list[ListedDay]:
    """The closures and special days of the location from `first` on, in order."""
    found: dict[date, ListedDay] = {}
    rows = session().scalars(
        select(ScheduleDay)
        .where(ScheduleDay.location_id == location_id, ScheduleDay.day >= first)
        .order_by(ScheduleDay.day, ScheduleDay.opens)
    )
    for row in rows:
        hours = (Hours(row.opens, row.closes),) if row.kind == "special" else ()
        before = found.get(row.day)
        if before is not None:
            hours = (*before.special.hours, *hours)
        number = before.id if before else row.id
        found[row.day] = ListedDay(number, row.day, SpecialDay(row.reason, hours))
    return list(found.values())


def special_days(location_id: int, first: date) -> dict[date, SpecialDay]:
    """The closures and special days of the location from `first` on, by day."""
    return {each.day: each.special for each in list_special_days(location_id, first)}


@dataclass(frozen=True)
class Misfit:
    """A time with bookings that the schedule has no place for, and its slots."""

    starts_at: datetime
    day: date
    minute: int
    booked: int
    places: int
    slot_ids: tuple[int, ...]


def list_misfits(location_id: int, moment: datetime | None = None) -> list[Misfit]:
    """The times from now on with more bookings than places, or that are not offered any more."""
    rows = session().execute(
        select(Slot.starts_at, Slot.day, Slot.minute, Slot.id, Slot.taken, Slot.places, Slot.open)
        .where(
            Slot.location_id == location_id,
            Slot.starts_at >= (moment or now()),
            or_(Slot.taken > 0, Slot.open),
        )
        .order_by(Slot.starts_at, Slot.id)
    )
    found: dict[datetime, Misfit] = {}
    for row in rows:
        before = found.get(row.starts_at)
        found[row.starts_at] = Misfit(
            row.starts_at,
            row.day,
            row.minute,
            (before.booked if before else 0) + row.taken,
            (before.places if before else 0) + (row.places if row.open else 0),
            (*(before.slot_ids if before else ()), row.id),
        )
    return [each for each in found.values() if each.booked > each.places]


def schedule_here(scope: Scope) -> Schedule | None:
    """The schedule of the present location, for who may see it."""
    scope.require("scheduling.view")
    return find_schedule(scope.location_id)


def products_to_offer(chosen: frozenset[int]) -> dict[int, str]:
    """The names of the products that can be ordered, and of those that are chosen, by id."""
    rows = session().execute(
        select(Product.id, Product.name)
        .where(or_(Product.orderable, Product.id.in_(chosen)))
        .order_by(Product.name)
    )
    return {row.id: row.name for row in rows}
