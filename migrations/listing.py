"""What tables with a list view need beyond columns: counters and search indexes.

Frozen once released, like any migration: a change is a new function with a new name.

`create_counter(op, table)` keeps `row_count` by triggers: rows of `table` by `location_id`.
`create_search(op, table)` indexes the column `search` for "contains", within a location.

On SQLite a batch operation that rebuilds the table would drop the triggers with the old table:
call `drop_search` and `drop_counter` before it and create both again behind it.
"""

from typing import Any

import sqlalchemy as sa

COUNTING_FUNCTIONS = (
    """
    CREATE FUNCTION row_count_add() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO row_count AS kept (table_name, location_id, rows)
        SELECT TG_TABLE_NAME, location_id, count(*) FROM new_rows
        GROUP BY location_id ORDER BY location_id
        ON CONFLICT (table_name, location_id) DO UPDATE SET rows = kept.rows + EXCLUDED.rows;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION row_count_take() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO row_count AS kept (table_name, location_id, rows)
        SELECT TG_TABLE_NAME, location_id, -count(*) FROM old_rows
        GROUP BY location_id ORDER BY location_id
        ON CONFLICT (table_name, location_id) DO UPDATE SET rows = kept.rows + EXCLUDED.rows;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION row_count_move() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO row_count AS kept (table_name, location_id, rows)
        SELECT TG_TABLE_NAME, place, step
        FROM (VALUES (OLD.location_id, -1), (NEW.location_id, 1)) AS moved (place, step)
        ORDER BY place
        ON CONFLICT (table_name, location_id) DO UPDATE SET rows = kept.rows + EXCLUDED.rows;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION row_count_clear() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM row_count WHERE table_name = TG_TABLE_NAME;
        RETURN NULL;
    END $$
    """,
)


def create_counting(op: Any) -> None:
    """Install what `create_counter` needs (once, with the table `row_count`)."""
    if op.get_bind().dialect.name == "postgresql":
        for function in COUNTING_FUNCTIONS:
            op.execute(function)


def create_counter(op: Any, table: str) -> None:
    """Keep `row_count` for `table` from now on, beginning with the rows it has."""
    if op.get_bind().dialect.name == "postgresql":
        triggers = (
            ("add", "INSERT", "REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT"),
            ("take", "DELETE", "REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT"),
            (
                "move",
                "UPDATE OF location_id",
                "FOR EACH ROW WHEN (OLD.location_id IS DISTINCT FROM NEW.location_id)",
            ),
            ("clear", "TRUNCATE", "FOR EACH STATEMENT"),
        )
        for name, when, how in triggers:
            op.execute(
                f"CREATE TRIGGER {table}_count_{name} AFTER {when} ON {table} {how} "
                f"EXECUTE FUNCTION row_count_{name}()"
            )
    else:
        # INSERT … ON CONFLICT would follow the conflict rule of the statement that fired it.
        add, take = _step(table, "NEW", "+"), _step(table, "OLD", "-")
        for name, when, steps in (
            ("add", "INSERT", add),
            ("take", "DELETE", take),
            ("move", "UPDATE OF location_id", take + add),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_count_{name} AFTER {when} ON {table} BEGIN {steps} END"
            )
    op.execute(f"DELETE FROM row_count WHERE table_name = '{table}'")
    op.execute(
        f"INSERT INTO row_count (table_name, location_id, rows) "
        f"SELECT '{table}', location_id, count(*) FROM {table} GROUP BY location_id"
    )


def _step(table: str, row: str, sign: str) -> str:
    here = f"table_name = '{table}' AND location_id = {row}.location_id"
    return (
        f"INSERT INTO row_count (table_name, location_id, rows) "
        f"SELECT '{table}', {row}.location_id, 0 "
        f"WHERE NOT EXISTS (SELECT 1 FROM row_count WHERE {here}); "
        f"UPDATE row_count SET rows = rows {sign} 1 WHERE {here}; "
    )


def drop_counter(op: Any, table: str) -> None:
    """Stop counting `table`."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name in ("add", "take", "move", "clear"):
        op.execute(
            f"DROP TRIGGER IF EXISTS {table}_count_{name}" + (f" ON {table}" if postgresql else "")
        )
    op.execute(f"DELETE FROM row_count WHERE table_name = '{table}'")


def create_search(op: Any, table: str) -> None:
    """Index `table.search` (with `location_id`), beginning with the rows it has.

    PostgreSQL needs the extension pg_trgm. A role that may not create it gets no index: searching
    works and is slow, and `portal check` says so.
    """
    if op.get_bind().dialect.name == "postgresql":
        if _have_trigrams(op):
            op.execute(f"CREATE INDEX ix_{table}_search ON {table} USING gin (search gin_trgm_ops)")
        return
    index = f"{table}_search"
    op.execute(
        f"CREATE VIEW {index}_text AS SELECT id, search, {_place('location_id')} AS place "
        f"FROM {table}"
    )
    op.execute(
        f"CREATE VIRTUAL TABLE {index} USING fts5(search, place, content='{index}_text', "
        f"content_rowid='id', tokenize='trigram case_sensitive 1', columnsize=0)"
    )
    columns = f"INTO {index} (rowid, search, place)"
    add = f"INSERT {columns} VALUES (NEW.id, NEW.search, {_place('NEW.location_id')});"
    take = (
        f"INSERT INTO {index} ({index}, rowid, search, place) "
        f"VALUES ('delete', OLD.id, OLD.search, {_place('OLD.location_id')});"
    )
    changed = (
        "OLD.search IS NOT NEW.search OR OLD.location_id <> NEW.location_id OR OLD.id <> NEW.id"
    )
    for name, when, steps in (
        ("add", f"INSERT ON {table}", add),
        ("take", f"DELETE ON {table}", take),
        ("change", f"UPDATE OF id, location_id, search ON {table} WHEN {changed}", take + add),
    ):
        op.execute(f"CREATE TRIGGER {index}_{name} AFTER {when} BEGIN {steps} END")
    op.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")


def drop_search(op: Any, table: str) -> None:
    """Remove the index of `create_search`."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP INDEX IF EXISTS ix_{table}_search")
        return
    for name in ("add", "take", "change"):
        op.execute(f"DROP TRIGGER IF EXISTS {table}_search_{name}")
    op.execute(f"DROP TABLE IF EXISTS {table}_search")
    op.execute(f"DROP VIEW IF EXISTS {table}_search_text")


def _place(location: str) -> str:
    """The location as a word of exactly one trigram, of characters nobody can search for."""
    digits = (f"57344 + {location} / {6_400**power} % 6400" for power in (2, 1, 0))
    return f"char({', '.join(digits)})"


def _have_trigrams(op: Any) -> bool:
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except sa.exc.DBAPIError:
        return False
    return True
