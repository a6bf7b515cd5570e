"""What can be booked at a location, and why the rest cannot.

`days`, `times` and `next_free_day` are open to other modules, whose own access rules apply: they
tell how many places are free, and nothing of who took the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from blueprints.scheduling.models import (
    Schedule,
    ScheduleDay,
    ScheduleHours,
    ScheduleProduct,
    Slot,
)
from blueprints.scheduling.rules import DosesBound, Hours, Kind, Setup, SpecialDay, last_day
from portal import clock
from portal.access.scope import Scope
from portal.catalog.models import Product
from portal.db import session
from portal.i18n import _
from portal.places.models import Location

DAY_FORMAT = "%m/%d/%Y"


class Why(StrEnum):
    """Why a day or a time cannot be chosen."""

    FREE = ""
    OVER = "over"
    EARLY = "early"
    BEYOND = "beyond"
    CLOSED = "closed"
    FULL = "full"
    NOTICE = "notice"

    @property
    def label(self) -> str:
        """It in a word or two, for where there is little room."""
        return {
            Why.FREE: "",
            Why.OVER: _("Over"),
            Why.EARLY: _("Too early"),
            Why.BEYOND: _("Not yet"),
            Why.CLOSED: _("Closed"),
            Why.FULL: _("Full"),
            Why.NOTICE: _("Too soon"),
        }[self]


@dataclass(frozen=True)
class Day:
    """A day, how many places are free, and if none can be chosen the sentence that says why."""

    day: date
    free: int
    reason: str
    why: Why = Why.FREE


@dataclass(frozen=True)
class Time:
    """A time of a day. `slot_id` is the slot to claim; `minute` is the location's wall clock."""

    slot_id: int
    starts_at: datetime
    minute: int
    free: int
    reason: str
    why: Why = Why.FREE


@dataclass(frozen=True)
class _Terms:
    """What holds of a location at a moment: the first and last day, the first moment that can be
    booked. `last` is None where scheduling is off."""

    moment: datetime
    today: date
    last: date | None
    earliest: datetime

    def refusal(self, day: date, not_before: date | None) -> tuple[Why, str]:
        """Why no time of `day` can be chosen whatever is free, as far as the terms say so."""
        if day < self.today:
            return Why.OVER, _("This day is over.")
        if self.last is None:
            return Why.CLOSED, _("This location does not offer appointments.")
        if not_before is not None and day < not_before:
            return Why.EARLY, _("Too early until %(day)s.", day=not_before.strftime(DAY_FORMAT))
        if day > self.last:
            return Why.BEYOND, _(
                "Appointments can be made until %(day)s.", day=self.last.strftime(DAY_FORMAT)
            )
        return Why.FREE, ""


def _terms(location_id: int, moment: datetime | None) -> _Terms:
    moment = moment or clock.now()
    row = (
        session()
        .execute(
            select(
                Location.time_zone, Schedule.active, Schedule.horizon_days, Schedule.notice_minutes
            )
            .outerjoin(Schedule, Schedule.location_id == Location.id)
            .where(Location.id == location_id)
        )
        .one()
    )
    today = clock.local(moment, row.time_zone).date()
    if not row.active:
        return _Terms(moment, today, None, moment)
    notice = timedelta(minutes=row.notice_minutes)
    return _Terms(moment, today, last_day(today, row.horizon_days), moment + notice)


def days(
    location_id: int,
    first: date,
    last: date,
    *,
    kinds: Sequence[str] = (Kind.GENERAL,),
    not_before: date | None = None,
    moment: datetime | None = None,
) -> list[Day]:
    """Every day from `first` to `last`, with its free places of those kinds or why there are none.

    `not_before` is the first day that may be chosen for the person; `moment` is now unless given.
    """
    terms = _terms(location_id, moment)
    free = case((Slot.taken < Slot.places, Slot.places - Slot.taken), else_=0)
    in_time = Slot.starts_at >= terms.earliest
    rows = session().execute(
        select(
            Slot.day,
            func.sum(case((in_time, free), else_=0)).label("free"),
            func.sum(free).label("sooner"),
        )
        .where(_offered(location_id, kinds), Slot.day >= first, Slot.day <= last)
        .group_by(Slot.day)
    )
    found = {row.day: row for row in rows}
    closed = _closures(location_id, first, last)
    made = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        why, reason = terms.refusal(day, not_before)
        row = found.get(day)
        if why is Why.FREE:
            why, reason = _state(
                row.free if row else None, row.sooner if row else 0, closed.get(day, "")
            )
        made.append(Day(day, row.free if row and why is Why.FREE else 0, reason, why))
    return made


def _state(free: int | None, sooner: int, closed: str) -> tuple[Why, str]:
    """What is wrong with a day of so many free places in time, `sooner` with those too soon."""
    if free is None:
        return Why.CLOSED, _("Closed: %(reason)s", reason=closed) if closed else _("Closed.")
    if free:
        return Why.FREE, ""
    if sooner:
        return Why.NOTICE, _("Too soon: appointments must be made earlier.")
    return Why.FULL, _("Full.")


def _offered(location_id: int, kinds: Sequence[str]) -> ColumnElement[bool]:
    return and_(
        Slot.location_id == location_id, Slot.kind.in_([str(kind) for kind in kinds]), Slot.open
    )


def _closures(location_id: int, first: date, last: date) -> dict[date, str]:
    rows = session().execute(
        select(ScheduleDay.day, ScheduleDay.reason).where(
            ScheduleDay.location_id == location_id,
            ScheduleDay.day >= first,
            ScheduleDay.day <= last,
            ScheduleDay.kind == "closed",
        )
    )
    return {day: reason for day, reason in rows}


def times(
    location_id: int,
    day: date,
    *,
    kinds: Sequence[str] = (Kind.GENERAL,),
    not_before: date | None = None,
    moment: datetime | None = None,
) -> list[Time]:
    """The times of `day` in order, with their free places or why there are none.

    Of several kinds at one time the first in `kinds` that has a place is the one to claim.
    """
    terms = _terms(location_id, moment)
    rows = session().execute(
        select(Slot.starts_at, Slot.kind, Slot.id, Slot.minute, Slot.places, Slot.taken)
        .where(_offered(location_id, kinds), Slot.day == day)
        .order_by(Slot.starts_at)
    )
    order = {str(kind): number for number, kind in enumerate(kinds)}
    found: dict[datetime, Time] = {}
    for row in sorted(rows, key=lambda row: (row.starts_at, order[row.kind])):
        free = max(0, row.places - row.taken)
        known = found.get(row.starts_at)
        if known is None:
            found[row.starts_at] = Time(row.id, row.starts_at, row.minute, free, "")
        elif free:
            chosen = known.slot_id if known.free else row.id
            found[row.starts_at] = Time(chosen, row.starts_at, row.minute, known.free + free, "")
    refusal = terms.refusal(day, not_before)
    return [_judged(time, terms, refusal) for time in found.values()]


def _judged(time: Time, terms: _Terms, refusal: tuple[Why, str]) -> Time:
    why, reason = refusal
    if why is Why.FREE:
        if time.starts_at < terms.moment:
            why, reason = Why.OVER, _("This time is over.")
        elif not time.free:
            why, reason = Why.FULL, _("Full.")
        elif time.starts_at < terms.earliest:
            why, reason = Why.NOTICE, _("Too soon: appointments must be made earlier.")
    if why is Why.FREE:
        return time
    return Time(time.slot_id, time.starts_at, time.minute, 0, reason, why)


def next_free_day(
    location_id: int,
    *,
    kinds: Sequence[str] = (Kind.GENERAL,),
    not_before: date | None = None,
    moment: datetime | None = None,
) -> date | None:
    """The first day with a place that can be chosen; None if there is none within the horizon."""
    terms = _terms(location_id, moment)
    if terms.last is None:
        return None
    first = max(terms.today, not_before or terms.today)
    return session().scalar(
        select(Slot.day)
        .where(
            _offered(location_id, kinds),
            Slot.day >= first,
            Slot.day <= terms.last,
            Slot.starts_at >= terms.earliest,
            Slot.taken < Slot.places,
        )
        .order_by(Slot.day, Slot.starts_at)
        .limit(1)
    )


# What the set-up page shows


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


def special_days(location_id: int, first: date) -> dict[date, SpecialDay]:
    """The closures and special days of the location from `first` on."""
    found: dict[date, SpecialDay] = {}
    for row in _special_rows(location_id, first):
        hours = (Hours(row.opens, row.closes),) if row.kind == "special" else ()
        before = found.get(row.day)
        found[row.day] = SpecialDay(row.reason, (*(before.hours if before else ()), *hours))
    return found


def _special_rows(location_id: int, first: date) -> Iterable[ScheduleDay]:
    return session().scalars(
        select(ScheduleDay)
        .where(ScheduleDay.location_id == location_id, ScheduleDay.day >= first)
        .order_by(ScheduleDay.day, ScheduleDay.opens)
    )


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
            Slot.starts_at >= (moment or clock.now()),
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
    return {number: name for number, name in rows}
