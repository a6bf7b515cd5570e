"""Many rows at once: what imports write by the thousand.

PostgreSQL gets them by `COPY`: as statements of their own, even in a pipeline, they cost its
server more than twice the time.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Column, Executable, Table, text
from sqlalchemy.exc import DBAPIError

from portal.db import Base, insert, is_sqlite, session
from portal.made_once import made_once

if TYPE_CHECKING:
    import psycopg

# Fewer rows than this are no slower as a statement, and spare the server a temporary table.
WORTH_COPYING = 20


def insert_rows(
    model: type[Base], rows: Sequence[dict[str, Any]], *, skip_known: str | None = None
) -> int:
    """Add `rows`, each with the same keys, within the running unit of work; returns how many.

    Columns left out get their defaults. With `skip_known`, the name of a unique column, a row whose
    value is there already is left out; without it that raises `IntegrityError`.
    """
    if not rows:
        return 0
    if not is_sqlite() and len(rows) >= WORTH_COPYING:
        return _copy(cast(Table, model.__table__), rows, skip_known)
    # Through the connection: many rows in one prepared statement, and nothing read back.
    result = session().connection().execute(_insertion(model, skip_known), list(rows))
    return result.rowcount


@made_once
def _insertion(model: type[Base], skip_known: str | None) -> Executable:
    statement = insert(model)
    if skip_known:
        statement = statement.on_conflict_do_nothing(index_elements=[skip_known])
    return statement.execution_options(preserve_rowcount=True)


def _copy(table: Table, rows: Sequence[dict[str, Any]], skip_known: str | None) -> int:
    given = list(rows[0])
    defaults = {
        column.name: _default_of(column)
        for column in table.columns
        if column.name not in given and column.default is not None
    }
    columns = [*given, *defaults]
    target = table.name
    connection = session().connection()
    if skip_known:
        target = f"{table.name}_arriving"
        connection.execute(
            text(
                f'CREATE TEMPORARY TABLE IF NOT EXISTS "{target}" '
                f'(LIKE "{table.name}" INCLUDING DEFAULTS) ON COMMIT DROP'
            )
        )
    names = ", ".join(f'"{name}"' for name in columns)
    processors = [
        table.columns[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        for name in columns
    ]
    filled = [defaults[name] for name in defaults]
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    statement = f'COPY "{target}" ({names}) FROM STDIN'
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                values = [row[name] for name in given] + filled
                copy.write_row(
                    [
                        process(value) if process else value
                        for process, value in zip(processors, values, strict=True)
                    ]
                )
    except _driver_error() as error:
        # As SQLAlchemy would say it, so that a deadlock is tried again like any other.
        raise DBAPIError.instance(
            statement, None, error, _driver_error(), connection_invalidated=driver.closed
        ) from error
    if not skip_known:
        return len(rows)
    added = connection.execute(
        text(
            f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM "{target}" '  # noqa: S608
            f'ON CONFLICT ("{skip_known}") DO NOTHING'
        )
    )
    connection.execute(text(f'TRUNCATE "{target}"'))
    return added.rowcount


def _driver_error() -> type[Exception]:
    """What PostgreSQL's driver raises; it is loaded already when this is asked."""
    import psycopg

    return psycopg.Error


def _default_of(column: Column[Any]) -> Any:
    default: Any = column.default
    if default.is_callable:
        return default.arg(None)
    return default.arg
