"""How many rows a list has, without counting a million of them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.db import session
from portal.listviews.models import RowCount

# What is counted exactly when no counter knows: of a search, of a further view.
CAP = 1_000
_COUNTERS: Any = RowCount.__table__
COUNTED = select(_COUNTERS.c.rows).where(
    _COUNTERS.c.table_name == bindparam("table"), _COUNTERS.c.location_id == bindparam("place")
)


@dataclass(frozen=True)
class RowTotal:
    """`number` rows, or more than that if `more`."""

    number: int
    more: bool = False


def counted(table: str, location_id: int) -> RowTotal:
    """What the counter of `table` says for one location (see migrations/listing.py)."""
    return RowTotal(session().scalar(COUNTED, {"table": table, "place": location_id}) or 0)


def exact(ids: Select[Any]) -> RowTotal:
    """The number of rows `ids` selects."""
    return RowTotal(session().scalar(select(func.count()).select_from(ids.subquery())) or 0)


def capped(ids: Select[Any], most: int = CAP) -> RowTotal:
    """The number of rows `ids` selects, exact up to `most`."""
    found = exact(ids.limit(most + 1)).number
    return RowTotal(min(found, most), found > most)


def wrong_counts(table: str, location: InstrumentedAttribute[int]) -> list[str]:
    """A sentence for each location whose counter differs from its rows (for `portal check`)."""
    known = select(RowCount.location_id, RowCount.rows).where(RowCount.table_name == table)
    kept = {row.location_id: row.rows for row in session().execute(known)}
    present = select(location.label("place"), func.count().label("rows")).group_by(location)
    real = {row.place: row.rows for row in session().execute(present)}
    return [
        f"The counter of {table} says {kept.get(place, 0)} rows at location {place}, "
        f"there are {real.get(place, 0)}."
        for place in sorted({*kept, *real})
        if kept.get(place, 0) != real.get(place, 0)
    ]
