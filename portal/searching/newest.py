"""Reading what is only added to, newest first, perhaps of a stretch of time."""

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

Query = TypeVar("Query", bound="Select[*tuple[Any, ...]]")


def newest_first(
    query: Query,
    moment: InstrumentedAttribute[datetime],
    number: InstrumentedAttribute[int],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    below: int | None = None,
) -> Query:
    """`query` in the order of its numbers, the highest first, from the one after `below` on; of a
    stretch of time (not before `since`, before `until`) in the order of its moments, which an index
    (moment, number) gives without a sort."""
    if since is None and until is None:
        if below is not None:
            query = query.where(number < below)
        return query.order_by(number.desc())
    if since is not None:
        query = query.where(moment >= since)
    if until is not None:
        query = query.where(moment < until)
    if below is not None:
        other = aliased(number.class_)
        found = select(getattr(other, moment.key)).where(getattr(other, number.key) == below)
        here = found.scalar_subquery()
        query = query.where(moment <= here, or_(moment < here, number < below))
    return query.order_by(moment.desc(), number.desc())
