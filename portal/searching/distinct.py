"""The values that occur in a column."""

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.db import session


def distinct_values(column: InstrumentedAttribute[str]) -> list[str]:
    """The values of an indexed column: one step in the index for each, however long the trail."""
    steps = select(func.min(column).label("value")).cte("steps", recursive=True)
    beyond = select(func.min(column)).where(column > steps.c.value).scalar_subquery()
    steps = steps.union_all(select(beyond).where(steps.c.value.is_not(None)))
    return list(session().scalars(select(steps.c.value).where(steps.c.value.is_not(None))))
