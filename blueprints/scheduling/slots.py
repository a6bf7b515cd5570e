"""The slots of a location, made to be those of its schedule.

What has begun is left as it is. A row that is no longer offered goes, unless a place in it is taken
or another table points to it: then it stays, and is not open.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import Column, ColumnElement, delete, exists, select, update

from blueprints.scheduling.models import Slot
from blueprints.scheduling.rules import (
    Difference,
    Key,
    Offered,
    Setup,
    SlotRow,
    SpecialDay,
    difference,
    last_day,
    misfits,
    offered,
)
from portal.bulk import insert_rows
from portal.clock import local, now
from portal.db import Base, session

AT_ONCE = 1_000
# Slots are made so many days beyond the last that can be booked: the nightly job runs at one hour
# for all time zones, and may be late.
AHEAD = timedelta(days=2)


@dataclass(frozen=True)
class Plan:
    """What a schedule would offer from now on, what that changes, and how many bookings have no
    place in it; how many slots are open although it does not want them."""

    wanted: dict[Key, Offered]
    difference: Difference
    misfits: int
    open_without: int


def plan(location_id: int, zone: str, setup: Setup, special: dict[date, SpecialDay]) -> Plan:
    """What making the slots of this schedule would change."""
    moment = now()
    today = local(moment, zone).date()
    last = last_day(today, setup.horizon_days) + AHEAD
    there = standing(location_id, moment)
    booked = [row.day for row in there.values() if row.taken]
    wanted = {
        key: slot
        for key, slot in offered(setup, special, ZoneInfo(zone), today, max([last, *booked]))
        if key.starts_at >= moment
    }
    open_without = sum(row.open and key not in wanted for key, row in there.items())
    return Plan(wanted, difference(wanted, there, last), misfits(wanted, there), open_without)


def standing(location_id: int, moment: datetime) -> dict[Key, SlotRow]:
    """The slots of the location that have not begun at `moment`."""
    rows = session().execute(
        select(
            *(Slot.starts_at, Slot.kind, Slot.id, Slot.day, Slot.minute),
            *(Slot.places, Slot.taken, Slot.open),
        ).where(Slot.location_id == location_id, Slot.starts_at >= moment)
    )
    return {
        Key(row.starts_at, row.kind): SlotRow(
            row.id, row.day, row.minute, row.places, row.taken, row.open
        )
        for row in rows
    }


def make(location_id: int, planned: Plan) -> int:
    """Carry the plan out; returns how many rows it changed. The location's schedule is locked."""
    wanted = planned.difference
    insert_rows(
        Slot,
        [
            {
                "location_id": location_id,
                "starts_at": key.starts_at,
                "day": slot.day,
                "minute": slot.minute,
                "kind": str(key.kind),
                "places": slot.places,
                "taken": 0,
                "open": True,
            }
            for key, slot in wanted.add
        ],
    )
    for places, ids in wanted.offer.items():
        for some in _batches(ids):
            session().execute(
                update(Slot)
                .where(Slot.id.in_(some))
                .values(places=places, open=True)
                .execution_options(synchronize_session=False)
            )
    for some in _batches(wanted.withdraw):
        _withdraw(some)
    return len(wanted.add) + sum(map(len, wanted.offer.values())) + len(wanted.withdraw)


def _withdraw(ids: Sequence[int]) -> None:
    session().execute(
        update(Slot)
        .where(Slot.id.in_(ids), Slot.open)
        .values(open=False)
        .execution_options(synchronize_session=False)
    )
    _remove(Slot.id.in_(ids), ~Slot.open)


def forget(location_id: int, before: datetime) -> int:
    """Delete the location's slots of before that moment in which no place is taken, unless another
    table points to them; returns how many."""
    return _remove(Slot.location_id == location_id, Slot.starts_at < before)


def _remove(*which: ColumnElement[bool]) -> int:
    pointed = [exists().where(column == Slot.id) for column in pointing()]
    result = session().execute(
        delete(Slot)
        .where(*which, Slot.taken == 0, *(~each for each in pointed))
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def pointing() -> "list[Column[object]]":
    """The columns of other tables that point to a slot, those of all modules."""
    return [
        key.parent
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == Slot.__tablename__
    ]


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while some := list(islice(rest, AT_ONCE)):
        yield some


def wrong(planned: Plan, zone: str, horizon_days: int) -> int:
    """How many slots within the days that can be booked are not those of the plan."""
    last = last_day(local(now(), zone).date(), horizon_days)
    missing = sum(slot.day <= last for _key, slot in planned.difference.add)
    other = sum(map(len, planned.difference.offer.values()))
    return missing + other + planned.open_without
