"""Rows for whatever tables a database has, and what of them is there afterwards."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Engine,
    FromClause,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    inspect,
    select,
)

from tests.samples import each, together

ROWS = 3
# What `tables_of` gives. To ask the database takes long: who knows them passes them on.
Tables = dict[str, Table]
MOMENT = datetime(2021, 2, 24, 15, 30, tzinfo=UTC)


def names_of(engine: Engine) -> list[str]:
    """The names of the tables that hold data."""
    names = inspect(engine).get_table_names()
    return [name for name in names if "_search" not in name and name != "sqlite_sequence"]


def tables_of(engine: Engine) -> Tables:
    """The tables that hold data, as the database describes them, by name and in order."""
    found = MetaData()
    found.reflect(engine, only=names_of(engine))
    return {table.name: table for table in found.sorted_tables}


def fill(engine: Engine, first: int = 1, *, tables: Tables | None = None) -> None:
    """Put three rows into every table, the first of them with that number."""
    not_filled = each(lambda samples: samples.upgrade.not_filled)
    with engine.begin() as connection:
        for name, table in (tables or tables_of(engine)).items():
            if name not in not_filled:
                rows = [row_of(table, number) for number in range(first, first + ROWS)]
                for row in rows:
                    connection.execute(table.insert(), row)


def row_of(table: Table, number: int) -> dict[str, Any]:
    """The values of one row; foreign keys point to the row of the same number."""
    values = {column.name: value_of(column, number) for column in table.columns}
    demanded = together(lambda samples: samples.upgrade.demanded).get(table.name, {})
    return {**values, **{name: value for name, value in demanded.items() if name in values}}


def value_of(column: "Column[Any]", number: int) -> Any:
    kind = column.type
    if isinstance(kind, Boolean):
        return True
    if column.foreign_keys or isinstance(kind, Integer):
        return number
    if isinstance(kind, DateTime):
        return MOMENT if kind.timezone else MOMENT.replace(tzinfo=None)
    if isinstance(kind, Date):
        return date(2021, 2, 24)
    if isinstance(kind, JSON):
        return {"of": number}
    if isinstance(kind, LargeBinary):
        return f"{number}-{column.name}".encode()
    length = kind.length if isinstance(kind, String) and kind.length else 40
    return f"{number}-{column.name}"[:length]


def rows_of(
    engine: Engine, like: dict[str, list[str]] | None = None, *, tables: Tables | None = None
) -> dict[str, Any]:
    """All rows by table; with `like` only the tables and columns that it names."""
    found = {}
    sources: dict[str, FromClause] = dict(tables or tables_of(engine))
    for name, query in together(lambda samples: samples.upgrade.moved).items():
        if name not in sources and name in (like or {}):
            sources[name] = query(sources).subquery()
    with engine.connect() as connection:
        for name, table in sources.items():
            columns = list(table.c)
            if like is not None:
                columns = [table.c[column] for column in like.get(name, [])]
            if columns and name not in {"alembic_version", "mail_server", "message_channel"}:
                rows = connection.execute(select(*columns))
                found[name] = sorted(repr(tuple(row)) for row in rows)
    return found


def columns_of(engine: Engine, *, tables: Tables | None = None) -> dict[str, list[str]]:
    """The columns of every table."""
    never = together(lambda samples: samples.upgrade.never_written)
    return {
        name: [c.name for c in table.columns if c.name not in never.get(name, ())]
        for name, table in (tables or tables_of(engine)).items()
    }
