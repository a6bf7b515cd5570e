"""Spellings of one storage unit that differ by letter case or white space become the first one."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0024"
branch_labels = None
depends_on = None

INVENTORY = sa.table(
    "vaccine_inventory",
    sa.column("id", sa.BigInteger),
    sa.column("location_id", sa.Integer),
    sa.column("storage_unit", sa.String),
)
COUNT = sa.table(
    "stock_count",
    sa.column("id", sa.BigInteger),
    sa.column("location_id", sa.Integer),
    sa.column("storage_unit", sa.String),
    sa.column("without_unit", sa.Boolean),
    sa.column("state", sa.String),
)
LINE = sa.table(
    "stock_count_line",
    sa.column("count_id", sa.BigInteger),
    sa.column("inventory_id", sa.BigInteger),
    sa.column("storage_unit", sa.String),
)


def upgrade() -> None:
    bind = op.get_bind()
    for location_id, before, after in _respelled(bind):
        here = sa.and_(INVENTORY.c.location_id == location_id, INVENTORY.c.storage_unit == before)
        bind.execute(sa.update(INVENTORY).where(here).values(storage_unit=after))
        _in_open_counts(bind, location_id, before, after)


def _respelled(bind: sa.Connection) -> Iterator[tuple[int, str, str]]:
    """Location, a spelling, and the first one of the same unit there, where that is another."""
    rows = bind.execute(
        sa.select(INVENTORY.c.location_id, INVENTORY.c.storage_unit)
        .where(INVENTORY.c.storage_unit != "")
        .group_by(INVENTORY.c.location_id, INVENTORY.c.storage_unit)
        .order_by(sa.func.min(INVENTORY.c.id))
    ).all()
    first: dict[tuple[int, str], str] = {}
    for location_id, unit in rows:
        known = first.setdefault((location_id, "".join(unit.split()).casefold()), unit)
        if known != unit:
            yield location_id, unit, known


def _in_open_counts(bind: sa.Connection, location_id: int, before: str, after: str) -> None:
    """Boxes that were only respelled have not been moved while they were counted. Of two open
    counts of what is one unit now, the second keeps its name until it is closed."""
    opened = sa.select(COUNT.c.id).where(
        COUNT.c.location_id == location_id, COUNT.c.state == "open"
    )
    bind.execute(
        sa.update(LINE)
        .where(LINE.c.count_id.in_(opened), LINE.c.storage_unit == before)
        .values(storage_unit=after)
    )
    taken = bind.scalar(opened.where(COUNT.c.storage_unit == after))
    if taken is None:
        bind.execute(
            sa.update(COUNT)
            .where(COUNT.c.id.in_(opened), COUNT.c.storage_unit == before)
            .values(storage_unit=after)
        )
