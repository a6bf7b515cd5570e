"""What can be booked at a location, and why the rest cannot.

These functions are open to other modules, whose own access rules apply: they tell how many places
are free, and nothing of who took the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Row, Select, and_, bindparam, case, func, or_, select

from blueprints.scheduling.bounds import DoseBook
from blueprints.scheduling.doses import ANYTHING, Wish, are_counted, book_of
from blueprints.scheduling.finding import Offer, near
from blueprints.scheduling.lapsed import Lapsed, has_place, lapsed_at, still_taken
from blueprints.scheduling.models import Schedule, ScheduleDay, Slot
from blueprints.scheduling.rules import DosesBound, SlotKind, last_day
from portal import clock
from portal.db import session
from portal.i18n import _
from portal.places.models import Location
from portal.remembering import remembered

__all__ = [
    "Day",
    "Offer",
    "TakenTime",
    "Time",
    "Why",
    "Wish",
    "days",
    "near",
    "next_free_day",
    "taken_times",
    "times",
]

DAY_FORMAT = "%m/%d/%Y"

# Made once: every step of a booking asks for them.
TERMS = (
    select(
        *(Location.time_zone, Schedule.active, Schedule.horizon_days),
        *(Schedule.notice_minutes, Schedule.doses_bound),
    )
    .outerjoin(Schedule, Schedule.location_id == Location.id)
    .where(Location.id == bindparam("location_id"))
)
OFFERED = and_(
    Slot.location_id == bindparam("location_id"),
    Slot.kind.in_(bindparam("kinds", expanding=True)),
    Slot.open,
)
TIMES = (
    select(Slot.starts_at, Slot.kind, Slot.id, Slot.minute, Slot.places, Slot.taken)
    .where(OFFERED, Slot.day == bindparam("day"))
    .order_by(Slot.starts_at)
)
CLOSURES = select(ScheduleDay.day, ScheduleDay.reason).where(
    ScheduleDay.location_id == bindparam("location_id"),
    ScheduleDay.day >= bindparam("first"),
    ScheduleDay.day <= bindparam("last"),
    ScheduleDay.kind == "closed",
)


class Why(StrEnum):
    """Why a day or a time cannot be chosen."""

    FREE = ""
    OVER = "over"
    EARLY = "early"
    BEYOND = "beyond"
    CLOSED = "closed"
    FULL = "full"
    NOTICE = "notice"
    DOSES = "doses"

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
            Why.DOSES: _("No doses"),
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
    booked. `last` is None where scheduling is off, `book` where doses do not limit what can be."""

    moment: datetime
    today: date
    last: date | None
    earliest: datetime
    book: DoseBook | None = None

    def bounded(self, free: int, day: date, wish: Wish) -> int:
        """Of so many free places on `day` those that there are doses for."""
        if not free or self.book is None:
            return free
        return min(free, self.book.free(day, wish.product_id))

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


def _terms(location_id: int, moment: datetime | None, wish: Wish) -> _Terms:
    moment = moment or clock.now()
    row = _schedule_of(location_id)
    today = clock.local(moment, row.time_zone).date()
    if not row.active:
        return _Terms(moment, today, None, moment)
    notice = timedelta(minutes=row.notice_minutes)
    limited = row.doses_bound == DosesBound.LIMIT and are_counted()
    return _Terms(
        moment,
        today,
        last_day(today, row.horizon_days),
        moment + notice,
        book_of(location_id, today, wish) if limited else None,
    )


@remembered("location", "schedule")
def _schedule_of(location_id: int) -> Row[str, bool, int, int, str]:
    return session().execute(TERMS, {"location_id": location_id}).one()


def days(
    location_id: int,
    first: date,
    last: date,
    *,
    kinds: Sequence[str] = (SlotKind.GENERAL,),
    not_before: date | None = None,
    moment: datetime | None = None,
    wish: Wish = ANYTHING,
) -> list[Day]:
    """Every day from `first` to `last`, with its free places of those kinds or why there are none.

    `not_before` is the first day that may be chosen for the person; `moment` is now unless given;
    `wish` says which dose is to be given.
    """
    terms = _terms(location_id, moment, wish)
    lapsed = lapsed_at([location_id])
    asked = {"location_id": location_id, "first": first, "last": last}
    rows = session().execute(
        _free_by_day(lapsed) if lapsed else DAYS,
        asked | {"kinds": _named(kinds), "earliest": terms.earliest},
    )
    found = {row.day: row for row in rows}
    closed = {row.day: row.reason for row in session().execute(CLOSURES, asked)}
    made = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        why, reason = terms.refusal(day, not_before)
        row = found.get(day)
        if why is Why.FREE:
            why, reason = _state(
                row.free if row else None, row.sooner if row else 0, closed.get(day, "")
            )
        places = int(row.free) if row and why is Why.FREE else 0
        usable = terms.bounded(places, day, wish)
        if places and not usable:
            why, reason = Why.DOSES, _("No usable doses.")
        made.append(Day(day, usable, reason, why))
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


def _named(kinds: Sequence[str]) -> list[str]:
    return [str(kind) for kind in kinds]


def _free_by_day(lapsed: Lapsed) -> Select[date, int, int]:
    taken = still_taken(lapsed)
    free = case((taken < Slot.places, Slot.places - taken), else_=0)
    in_time = Slot.starts_at >= bindparam("earliest")
    return (
        select(
            Slot.day,
            func.sum(case((in_time, free), else_=0)).label("free"),
            func.sum(free).label("sooner"),
        )
        .where(OFFERED, Slot.day >= bindparam("first"), Slot.day <= bindparam("last"))
        .group_by(Slot.day)
    )


# As long as nothing is held no more: mostly.
DAYS = _free_by_day({})


def times(
    location_id: int,
    day: date,
    *,
    kinds: Sequence[str] = (SlotKind.GENERAL,),
    not_before: date | None = None,
    moment: datetime | None = None,
    wish: Wish = ANYTHING,
) -> list[Time]:
    """The times of `day` in order, with their free places or why there are none.

    Of several kinds at one time the first in `kinds` that has a place is the one to claim.
    """
    terms = _terms(location_id, moment, wish)
    lapsed = lapsed_at([location_id])
    rows = session().execute(
        TIMES, {"location_id": location_id, "kinds": _named(kinds), "day": day}
    )
    order = {str(kind): number for number, kind in enumerate(kinds)}
    found: dict[datetime, Time] = {}
    for row in sorted(rows, key=lambda row: (row.starts_at, order[row.kind])):
        free = max(0, row.places - row.taken + lapsed.get(row.id, 0))
        known = found.get(row.starts_at)
        if known is None:
            found[row.starts_at] = Time(row.id, row.starts_at, row.minute, free, "")
        elif free:
            chosen = known.slot_id if known.free else row.id
            found[row.starts_at] = Time(chosen, row.starts_at, row.minute, known.free + free, "")
    refusal = terms.refusal(day, not_before)
    usable = terms.bounded(sum(time.free for time in found.values()), day, wish)
    return [_judged(time, terms, refusal, usable) for time in found.values()]


def _judged(time: Time, terms: _Terms, refusal: tuple[Why, str], usable: int) -> Time:
    """The time as it can be chosen, with no more places than there are `usable` doses."""
    why, reason = refusal
    if why is Why.FREE:
        if time.starts_at < terms.moment:
            why, reason = Why.OVER, _("This time is over.")
        elif not time.free:
            why, reason = Why.FULL, _("Full.")
        elif time.starts_at < terms.earliest:
            why, reason = Why.NOTICE, _("Too soon: appointments must be made earlier.")
        elif not usable:
            why, reason = Why.DOSES, _("No usable doses.")
    if why is Why.FREE:
        return replace(time, free=min(time.free, usable))
    return Time(time.slot_id, time.starts_at, time.minute, 0, reason, why)


def next_free_day(
    location_id: int,
    *,
    kinds: Sequence[str] = (SlotKind.GENERAL,),
    not_before: date | None = None,
    moment: datetime | None = None,
    wish: Wish = ANYTHING,
) -> date | None:
    """The first day with a place that can be chosen; None if there is none within the horizon."""
    terms = _terms(location_id, moment, wish)
    if terms.last is None:
        return None
    query = (
        select(Slot.day)
        .where(
            OFFERED,
            Slot.starts_at >= terms.earliest,
            has_place(lapsed_at([location_id])),
        )
        .order_by(Slot.starts_at)
        .limit(1)
    )
    if not_before is not None:
        query = query.where(Slot.day >= not_before)
    found = session().scalar(query, {"location_id": location_id, "kinds": _named(kinds)})
    if found is None or found > terms.last:
        return None
    # A dose that could be given later could be given then: no later day has more of them.
    return found if terms.bounded(1, found, wish) else None


@dataclass(frozen=True)
class TakenTime:
    """How many places of a time are taken, of how many."""

    day: date
    minute: int
    taken: int
    places: int


def taken_times(location_id: int, first: date, last: date) -> list[TakenTime]:
    """The times of these days that are offered or in which somebody has a place, in order."""
    taken = still_taken(lapsed_at([location_id]))
    rows = session().execute(
        select(
            *(Slot.day, Slot.minute),
            func.sum(taken).label("taken"),
            func.sum(case((Slot.open, Slot.places), else_=0)).label("places"),
        )
        .where(
            Slot.location_id == location_id,
            Slot.day >= first,
            Slot.day <= last,
            or_(Slot.open, taken > 0),
        )
        .group_by(Slot.day, Slot.starts_at, Slot.minute)
        .order_by(Slot.starts_at)
    )
    return [TakenTime(row.day, row.minute, int(row.taken), int(row.places)) for row in rows]
