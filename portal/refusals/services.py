"""Writing down what was refused, and forgetting it."""

from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import case, delete, func, select

from portal import clock
from portal.db import insert, session, unit_of_work
from portal.refusals.models import Refusal
from portal.refusals.tally import Counted
from portal.searching.text import search_of

KEPT = timedelta(days=90)
MOST_ROWS = 50_000
KEY = ("hour", "user_id", "address", "kind", "endpoint", "location_id")


def keep(counted: Counted) -> None:
    """Add what was counted to the rows of its hours."""
    rows = []
    for refused, times in counted.items():
        row = {**asdict(refused), "times": times.number, "last_at": times.last_at}
        rows.append({**row, "search": search_of(Refusal, row)})
    # In one order: two processes that write the same rows wait for each other, and no more.
    rows.sort(key=lambda row: [str(row[name]) for name in KEY])
    added = insert(Refusal)
    statement = added.on_conflict_do_update(
        index_elements=KEY,
        set_={
            "times": Refusal.times + added.excluded.times,
            "last_at": case(
                (added.excluded.last_at > Refusal.last_at, added.excluded.last_at),
                else_=Refusal.last_at,
            ),
        },
    )
    session().connection().execute(statement, rows)


def forget_old() -> None:
    """Delete what is older than 90 days, and of more than 50,000 rows the oldest, those of visitors
    first: a stranger cannot push out what is known of users (a job of the platform)."""
    with unit_of_work() as current:
        current.execute(delete(Refusal).where(Refusal.hour < clock.now() - KEPT))
        surplus = (current.scalar(select(func.count()).select_from(Refusal)) or 0) - MOST_ROWS
        if surplus > 0:
            oldest = select(Refusal.id).order_by(Refusal.user_id > 0, Refusal.id).limit(surplus)
            current.execute(
                delete(Refusal)
                .where(Refusal.id.in_(oldest))
                .execution_options(synchronize_session=False)
            )
