"""Setting up what a location offers, and taking places in it."""

import logging
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from blueprints.scheduling import setups, slots
from blueprints.scheduling.doses import ANYTHING, Wish, are_counted, book_of
from blueprints.scheduling.models import (
    Schedule,
    ScheduleDay,
    ScheduleHours,
    ScheduleProduct,
    Slot,
)
from blueprints.scheduling.rules import DosesBound, Setup, SpecialDay, check, check_hours
from portal.access.scope import Actor, Scope
from portal.audit.services import record as audit
from portal.clock import now, today
from portal.db import is_sqlite, session
from portal.errors import Conflict, Invalid, NotFound
from portal.i18n import _, ngettext
from portal.places.models import Location

log = logging.getLogger("portal.scheduling")

# How long a time that nobody booked is kept after it is over.
KEPT = timedelta(days=7)
OWN = (
    *("active", "slot_minutes", "places", "horizon_days", "notice_minutes", "public"),
    *("second_dose_share", "walk_in_share", "doses_bound", "latitude", "longitude"),
)


# Made once: every step of a booking asks for them.
LIMITED = (
    select(Schedule.id)
    .where(
        Schedule.location_id.in_(
            select(Slot.location_id).where(Slot.id.in_(bindparam("slot_ids", expanding=True)))
        ),
        Schedule.doses_bound == DosesBound.LIMIT,
    )
    .order_by(Schedule.id)
    .with_for_update(key_share=True)
)
ONE_MORE = (
    update(Slot)
    .where(Slot.id == bindparam("slot_id"), Slot.open)
    .values(taken=Slot.taken + 1)
    .returning(Slot)
    .execution_options(synchronize_session=False, populate_existing=True)
)
ONE_MORE_IF_FREE = ONE_MORE.where(Slot.taken < Slot.places)


class SlotTaken(Conflict):
    """The last place went to somebody else, or the time is not offered any more."""


class NoDoses(SlotTaken):
    """There is no usable dose for one more appointment on that day."""


class Outdated(Conflict):
    """Somebody else changed the schedule since it was shown."""


class BookingsLeft(Conflict):
    """So many bookings would have no place any more; saved when no more than that are accepted."""

    def __init__(self, count: int) -> None:
        super().__init__(
            ngettext(
                "%(num)s booking does not fit this schedule. It is kept, and nobody is told by "
                "this. Nothing was saved yet. Press the button again to save.",
                "%(num)s bookings do not fit this schedule. They are kept, and nobody is told by "
                "this. Nothing was saved yet. Press the button again to save.",
                count,
            )
        )
        self.count = count


# Taking places


def claim(slot_id: int, wish: Wish = ANYTHING) -> Slot:
    """Take a place in the slot, for whatever the caller books in the same transaction.

    One statement looks and takes, so that no place is taken twice; the caller freed what is held no
    more at this time (`blueprints.scheduling.lapsed`). Where doses limit what can be
    booked they are counted with the schedule locked. Whether the time may be chosen (notice,
    horizon) is what `queries.times` says. Raises `SlotTaken`, also as `NoDoses`.
    """
    require_dose(slot_id, wish)
    taken: Slot | None = session().scalar(ONE_MORE_IF_FREE, {"slot_id": slot_id})
    if taken is None:
        raise SlotTaken(_("This time was just taken. Choose another time."))
    return taken


def lock_doses(slot_ids: Sequence[int]) -> None:
    """Keep others from claiming at the locations of these slots whose doses limit what can be
    booked. Whoever locks slots and claims afterwards calls this first.

    On SQLite nothing is asked: a unit that writes has kept all others waiting since it began.
    """
    if not is_sqlite():
        doses_limit(slot_ids)


def doses_limit(slot_ids: Sequence[int]) -> bool:
    """Whether doses limit what can be booked at a location of these slots; from here to the end of
    the transaction nobody else claims there."""
    return are_counted() and bool(session().execute(LIMITED, {"slot_ids": list(slot_ids)}).all())


def require_dose(slot_id: int, wish: Wish) -> None:
    """Raise `NoDoses` where doses are the limit and there is none for one more appointment. From
    here to the end of the transaction nobody else claims there."""
    if not doses_limit([slot_id]):
        return
    found = (
        session()
        .execute(
            select(Slot.day, Slot.location_id, Location.time_zone)
            .join(Location, Location.id == Slot.location_id)
            .where(Slot.id == slot_id)
        )
        .one()
    )
    book = book_of(found.location_id, today(found.time_zone), wish)
    if not book.free(found.day, wish.product_id):
        raise NoDoses(_("There are no usable doses left for this day. Choose another day."))


def overbook(slot_id: int, reason: str, actor: Actor) -> Slot:
    """Take a place in an offered slot although it may be full; the trail keeps who and why.

    Raises `Invalid` on `reason` without one, `SlotTaken` if the time is not offered any more.
    """
    if not reason.strip():
        raise Invalid(_("Say why this time is booked beyond its places."), field="reason")
    taken: Slot | None = session().scalar(ONE_MORE, {"slot_id": slot_id})
    if taken is None:
        raise SlotTaken(_("This time is not offered any more. Choose another time."))
    audit(
        actor,
        "slot.overbooked",
        subject="slot",
        subject_id=slot_id,
        location_id=taken.location_id,
        summary=reason.strip(),
        after={"taken": taken.taken, "places": taken.places},
    )
    return taken


def give_back(slot_id: int) -> None:
    """Free a place that `claim` or `overbook` took; also in a slot that is not offered any more."""
    result = session().execute(
        update(Slot)
        .where(Slot.id == slot_id, Slot.taken > 0)
        .values(taken=Slot.taken - 1)
        .execution_options(synchronize_session=False)
    )
    if not result.rowcount:  # type: ignore[attr-defined]
        # Whoever cancels must not be held up by it; the check of bookings finds it.
        log.error("slot %d had no place to give back", slot_id)


# Setting up


def save(scope: Scope, wished: Setup, *, seen: int, accepted: int = 0) -> Schedule:
    """Set what the present location offers, and make its slots.

    `seen` is the version that was shown (1 where there was none), `accepted` how many bookings may
    be left without a place. Raises `Invalid`, `Outdated` and `BookingsLeft`.
    """
    scope.require("scheduling.handle")
    wished = check(wished)
    schedule = _locked(scope.location_id)
    if schedule.version != seen:
        raise Outdated(
            _(
                "Someone else changed the schedule. Your changes aren't saved yet. Compare them "
                "with the schedule below, then save again."
            )
        )
    before = setups.setup_of(schedule)
    _carry_out(scope.location_id, wished, accepted)
    for name in OWN:
        value = getattr(wished, name)
        setattr(schedule, name, str(value) if name == "doses_bound" else value)
    schedule.version += 1
    _save_parts(schedule.id, wished)
    session().flush()
    changed = [each.name for each in fields(Setup) if _differs(before, wished, each.name)]
    audit(
        scope.user,
        "schedule.changed",
        subject="schedule",
        subject_id=schedule.id,
        location_id=scope.location_id,
        before={name: _noted(getattr(before, name)) for name in changed},
        after={name: _noted(getattr(wished, name)) for name in changed},
    )
    return schedule


def _differs(before: Setup, after: Setup, name: str) -> bool:
    return bool(getattr(before, name) != getattr(after, name))


def _noted(value: Any) -> Any:
    """A value of a setup as the trail keeps it."""
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [[[hours.opens, hours.closes] for hours in each] for each in value]
    return value if isinstance(value, int | float | None) else str(value)


def _save_parts(schedule_id: int, wished: Setup) -> None:
    for table in (ScheduleHours, ScheduleProduct):
        session().execute(delete(table).where(table.schedule_id == schedule_id))
    session().add_all(
        ScheduleHours(
            schedule_id=schedule_id, weekday=weekday, opens=each.opens, closes=each.closes
        )
        for weekday, hours in enumerate(wished.weekly)
        for each in hours
    )
    session().add_all(
        ScheduleProduct(schedule_id=schedule_id, product_id=number) for number in wished.products
    )


def _locked(location_id: int) -> Schedule:
    """The location's schedule, made if there is none; nobody else changes it or its slots now."""
    found = session().scalar(
        select(Schedule)
        .where(Schedule.location_id == location_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        found = Schedule(location_id=location_id)
        session().add(found)
        session().flush()
    return found


def _zone(location_id: int) -> str:
    return session().get_one(Location, location_id).time_zone


def _carry_out(
    location_id: int,
    setup: Setup,
    accepted: int,
    special: dict[date, SpecialDay] | None = None,
) -> None:
    """Make the slots of this setup. Raises `BookingsLeft` unless so many were accepted."""
    zone = _zone(location_id)
    if special is None:
        special = setups.special_days(location_id, today(zone))
    planned = slots.plan(location_id, zone, setup, special)
    left_before = sum(each.booked - each.places for each in setups.list_misfits(location_id))
    if planned.misfits > max(accepted, left_before):
        raise BookingsLeft(planned.misfits)
    slots.make(location_id, planned)


def set_day(scope: Scope, day: date, special: SpecialDay, *, accepted: int = 0) -> None:
    """Close the present location on `day`, or give the day hours of its own. Raises `Invalid`, also
    for a day that is not like the others already, and `BookingsLeft`."""
    scope.require("scheduling.handle")
    if day < scope.today():
        raise Invalid(_("Choose today or a later day."), field="day")
    hours = check_hours(special.hours, field="hours")
    schedule = _locked(scope.location_id)
    days = setups.special_days(scope.location_id, scope.today())
    if day in days:
        raise Invalid(
            _("This day is in the list already. Remove it there first, then add it."), field="day"
        )
    days[day] = SpecialDay(special.reason, hours)
    _carry_out(scope.location_id, setups.setup_of(schedule), accepted, days)
    session().add_all(
        ScheduleDay(
            location_id=scope.location_id,
            day=day,
            kind="special" if hours else "closed",
            reason=special.reason,
            opens=opens,
            closes=closes,
        )
        for opens, closes in [(each.opens, each.closes) for each in hours] or [(0, 0)]
    )
    session().flush()
    _note_day(scope, schedule, day, "schedule.day_set", special.reason)


def clear_day(scope: Scope, day_id: int, *, accepted: int = 0) -> None:
    """Let the weekly hours hold again on the day of this row. Raises `NotFound`, `BookingsLeft`."""
    scope.require("scheduling.handle")
    row = session().get(ScheduleDay, day_id)
    if row is None:
        raise NotFound
    scope.require_location(row.location_id)
    schedule = _locked(scope.location_id)
    days = setups.special_days(scope.location_id, scope.today())
    days.pop(row.day, None)
    _carry_out(scope.location_id, setups.setup_of(schedule), accepted, days)
    _note_day(scope, schedule, row.day, "schedule.day_cleared", row.reason)
    session().execute(
        delete(ScheduleDay)
        .where(ScheduleDay.location_id == row.location_id, ScheduleDay.day == row.day)
        .execution_options(synchronize_session=False)
    )


def _note_day(scope: Scope, schedule: Schedule, day: date, action: str, reason: str) -> None:
    audit(
        scope.user,
        action,
        subject="schedule",
        subject_id=schedule.id,
        location_id=scope.location_id,
        summary=reason,
        after={"day": day.isoformat()},
    )


def make_again(location_id: int) -> int:
    """Make the location's slots those of its schedule for the days ahead, and forget old ones that
    nobody used; returns how many rows changed. For the nightly job."""
    schedule = _locked(location_id)
    zone = _zone(location_id)
    here = today(zone)
    planned = slots.plan(
        location_id, zone, setups.setup_of(schedule), setups.special_days(location_id, here)
    )
    return slots.make(location_id, planned) + slots.forget(location_id, now() - KEPT)
