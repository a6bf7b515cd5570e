"""The lists' part of `portal check`: counters that are right, indexes that find everything."""

from collections.abc import Iterator

from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from portal.db import db, is_sqlite, unit_of_work
from portal.listviews.counts import wrong_counts
from portal.listviews.definition import ListDefinition
from portal.web.context import registry


def counts() -> Iterator[str]:
    """A sentence for each location whose number of rows is not what its counter says."""
    tables = {definition.table.name: definition for definition in _big()}
    for definition in tables.values():
        assert definition.scope_column is not None
        yield from wrong_counts(definition.table.name, definition.scope_column)


def searching() -> Iterator[str]:
    """A sentence for each table whose search index is missing or does not match the table."""
    names = sorted({definition.table.name for definition in _big() if definition.search})
    for name in names:
        yield from _sqlite(name) if is_sqlite() else _postgresql(name)


def _big() -> Iterator[ListDefinition]:
    return (each for each in registry().lists.values() if each.count == "counter")


def _sqlite(name: str) -> Iterator[str]:
    with unit_of_work(write=False) as current:
        query = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name")
        triggers = set(current.scalars(query, {"name": name}))
    if not {f"{name}_search_{what}" for what in ("add", "take", "change")} <= triggers:
        yield f"The search index of {name} is not kept up to date: its triggers are missing."
        return
    index = f"{name}_search"
    with unit_of_work() as current:
        try:
            current.execute(
                text(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")  # noqa: S608
            )
        except DatabaseError:
            rebuild = f"INSERT INTO {index} ({index}) VALUES ('rebuild');"  # noqa: S608
            yield f"The search index of {name} does not match the table. To rebuild it: {rebuild}"


def _postgresql(name: str) -> Iterator[str]:
    if f"ix_{name}_search" not in {index["name"] for index in inspect(db.engine).get_indexes(name)}:
        yield (
            f"Searching {name} has no index and is slow. As a database administrator: "
            f"CREATE EXTENSION pg_trgm; "
            f"CREATE INDEX ix_{name}_search ON {name} USING gin (search gin_trgm_ops);"
        )
