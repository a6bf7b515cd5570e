"""Locations that give appointments, the nearest first.

Distances are great circles between the middles of ZIP codes, or from coordinates that a location's
manager set. Where the place that was asked for is not known, what the addresses have in common
orders them: the ZIP code, its first three digits, the city, the state.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, case, func, select

from blueprints.scheduling.doses import ANYTHING, Wish, are_counted, books_of
from blueprints.scheduling.lapsed import Lapsed, has_place, lapsed_at
from blueprints.scheduling.models import Schedule, Slot, ZipPlace
from blueprints.scheduling.rules import DosesBound, SlotKind
from portal import clock
from portal.db import session
from portal.places.models import Location

MOST = 25
EARTH_MILES = 3958.8
ZIP = re.compile(r"\b(\d{5})(?:-\d{4})?\b")
LONGEST = 200

# Made once: every page of places asks for them.
OF_ZIP = select(ZipPlace.latitude, ZipPlace.longitude).where(
    ZipPlace.zip_code == bindparam("zip_code")
)
_own = Schedule.latitude.is_not(None)
PLACES: Any = (
    select(
        *(Location.id, Location.name, Location.street, Location.city, Location.state),
        *(Location.zip_code, Location.time_zone, Schedule.horizon_days),
        *(Schedule.notice_minutes, Schedule.doses_bound),
        case((_own, Schedule.latitude), else_=ZipPlace.latitude).label("latitude"),
        case((_own, Schedule.longitude), else_=ZipPlace.longitude).label("longitude"),
    )
    .join(Schedule, Schedule.location_id == Location.id)
    .outerjoin(ZipPlace, ZipPlace.zip_code == func.substr(Location.zip_code, 1, 5))
    .where(Schedule.active, Location.approved)
)
PUBLIC_PLACES = PLACES.where(Schedule.public)


@dataclass(frozen=True)
class Offer:
    """A location near what was asked for. `miles` is None where the distance is not known,
    `next_free_day` where everything is booked."""

    location_id: int
    name: str
    address: str
    miles: float | None
    next_free_day: date | None


@dataclass(frozen=True)
class _Sought:
    """What an address says: ZIP code, words in small letters, and the ZIP code's place."""

    zip_code: str
    words: str
    place: tuple[float, float] | None


def near(
    text: str,
    *,
    public_only: bool = False,
    kinds: Sequence[str] = (SlotKind.GENERAL,),
    not_before: date | None = None,
    moment: datetime | None = None,
    wish: Wish = ANYTHING,
) -> list[Offer]:
    """Up to 25 locations that give appointments, those nearest to a ZIP code or address first.

    With `public_only` those of which the public may book. No text gives them by name.
    """
    sought = _sought(text)
    rows = session().execute(PUBLIC_PLACES if public_only else PLACES).all()
    judged = sorted(((_rank(row, sought), row) for row in rows), key=lambda pair: pair[0])[:MOST]
    places, moment = [row for _rank, row in judged], moment or clock.now()
    free = _next_free_days(places, kinds, not_before, moment)
    _leave_out_without_doses(places, free, moment, wish)
    return [
        Offer(row.id, row.name, _address(row), _miles(rank), free.get(row.id))
        for rank, row in judged
    ]


def _sought(text: str) -> _Sought:
    plain = " ".join(text[:LONGEST].split())
    zips = ZIP.findall(plain)
    zip_code = zips[-1] if zips else ""
    place = None
    if zip_code:
        row = session().execute(OF_ZIP, {"zip_code": zip_code}).one_or_none()
        place = (row.latitude, row.longitude) if row else None
    return _Sought(zip_code, f" {re.sub(r'[^a-z]+', ' ', plain.lower()).strip()} ", place)


# How near a location is: how little is known of it, miles (or what comes next), its name.
_Rank = tuple[int, float, str, int]


def _rank(row: "Row[Any]", sought: _Sought) -> _Rank:
    if sought.place and row.latitude is not None:
        return 0, miles(sought.place, (row.latitude, row.longitude)), row.name, row.id
    return 1 + _in_common(row, sought), 0.0, row.name, row.id


def _miles(rank: _Rank) -> float | None:
    return round(rank[1], 1) if rank[0] == 0 else None


def _in_common(row: "Row[Any]", sought: _Sought) -> int:
    """0 for the same ZIP code, 1 for its first three digits, 2 for the city, 3 for the state."""
    if sought.zip_code and row.zip_code[:5] == sought.zip_code:
        return 0
    city = f" {re.sub(r'[^a-z]+', ' ', row.city.lower()).strip()} "
    if len(city) > 2 and city in sought.words:
        return 2 if sought.zip_code else 0
    if sought.zip_code and row.zip_code[:3] == sought.zip_code[:3]:
        return 1
    return 3 if row.state and f" {row.state.lower()} " in sought.words else 4


def miles(here: tuple[float, float], there: tuple[float, float]) -> float:
    """The distance along a great circle between two places, given in degrees."""
    (north, east), (other_north, other_east) = (
        (math.radians(place[0]), math.radians(place[1])) for place in (here, there)
    )
    half = (
        math.sin((other_north - north) / 2) ** 2
        + math.cos(north) * math.cos(other_north) * math.sin((other_east - east) / 2) ** 2
    )
    return 2 * EARTH_MILES * math.asin(min(1.0, math.sqrt(half)))


def _address(row: "Row[Any]") -> str:
    region = " ".join(part for part in (row.state, row.zip_code) if part)
    return ", ".join(part for part in (row.street, row.city, region) if part)


def _next_free_days(
    rows: Sequence["Row[Any]"], kinds: Sequence[str], not_before: date | None, moment: datetime
) -> dict[int, date]:
    """The first free day of each of the locations. One statement for each notice in use reads of
    each location no more than its first free slot."""
    until = {
        row.id: clock.local(moment, row.time_zone).date() + timedelta(days=row.horizon_days)
        for row in rows
    }
    found: dict[int, date] = {}
    lapsed = lapsed_at([row.id for row in rows]) if rows else {}
    bounded = not_before is not None
    query = _first_free(lapsed, bounded=bounded) if lapsed else FIRST_FREE[bounded]
    asked: dict[str, Any] = {"kinds": [str(kind) for kind in kinds], "not_before": not_before}
    for notice in {row.notice_minutes for row in rows}:
        asked["location_ids"] = [row.id for row in rows if row.notice_minutes == notice]
        asked["earliest"] = moment + timedelta(minutes=notice)
        for number, day in session().execute(query, asked):
            if day is not None and day <= until[number]:
                found[number] = day
    return found


def _leave_out_without_doses(
    rows: Sequence["Row[Any]"], free: dict[int, date], moment: datetime, wish: Wish
) -> None:
    """Take out the days of locations that have no dose for them; later days have none either."""
    todays = {
        row.id: clock.local(moment, row.time_zone).date()
        for row in rows
        if row.id in free and row.doses_bound == DosesBound.LIMIT and are_counted()
    }
    for place, book in books_of(todays, wish).items():
        if not book.free(free[place], wish.product_id):
            del free[place]


def _first_free(lapsed: Lapsed, *, bounded: bool) -> Select[int, date]:
    """Locations with their first free day; with `bounded` none before a certain day."""
    first = (
        select(Slot.day)
        .where(
            Slot.location_id == Location.id,
            Slot.starts_at >= bindparam("earliest"),
            Slot.kind.in_(bindparam("kinds", expanding=True)),
            Slot.open,
            has_place(lapsed),
            *([Slot.day >= bindparam("not_before")] if bounded else []),
        )
        .order_by(Slot.starts_at)
        .limit(1)
        .correlate(Location)
    )
    return select(Location.id, first.scalar_subquery()).where(
        Location.id.in_(bindparam("location_ids", expanding=True))
    )


# As long as nothing is held no more: mostly.
FIRST_FREE = {bounded: _first_free({}, bounded=bounded) for bounded in (False, True)}
