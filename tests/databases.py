"""The tests' databases on the PostgreSQL server.

Each test finds its database as the template is. To copy a template takes the server some 0.3 s;
to put back the few rows that a test changed, a tenth of it. So a database is lent to one test
after the other, and only thrown away when one has changed its schema.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

SERVER = os.environ.get(
    "PORTAL_TEST_POSTGRESQL", "postgresql+psycopg:///postgres?host=/var/run/postgresql"
)
SCHEMA = """
    SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (
        SELECT concat_ws(' ', 'schema', nspname) FROM pg_namespace
        WHERE nspname !~ '^pg_(toast_)?temp'
        UNION ALL SELECT concat_ws(' ', attrelid, attnum, attname, atttypid, attnotnull)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND attnum > 0
        UNION ALL SELECT concat_ws(' ', oid, relname, relkind, relowner, relacl) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', oid, conname, convalidated) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', oid, tgname, tgenabled) FROM pg_trigger
        UNION ALL SELECT concat_ws(' ', oid, proname, md5(prosrc)) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', indexrelid, indisvalid) FROM pg_index
        UNION ALL SELECT concat_ws(' ', oid, extname) FROM pg_extension
    ) AS lines (line)
"""
TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname
"""
FILLED = """
    SELECT string_agg(format('%I', relname), ', ') FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
"""
SEQUENCES = """
    SELECT format('setval(%L, %s, %s)', sequencename, coalesce(last_value, start_value),
                  (last_value IS NOT NULL)::text)
    FROM pg_sequences WHERE schemaname = 'public'
"""
OTHERS = """
    SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def server_url(name: str) -> str:
    """The URL of the database `name` on the test server."""
    return make_url(SERVER).set(database=name).render_as_string(hide_password=False)


def server_socket() -> str:
    """The path of the test server's socket."""
    return f"{make_url(SERVER).query['host']}/.s.PGSQL.5432"


def name_of(url: str) -> str:
    """The database that `url` names."""
    return make_url(url).database or ""


def run_on_server(statement: str) -> None:
    """Run a statement outside a transaction on the test server."""
    engine = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def make(template: str | None = None) -> str:
    """Make a database, as a copy of `template` if one is named; its name."""
    name = f"portal_test_{uuid.uuid4().hex[:10]}"
    copied = f' TEMPLATE "{template}" STRATEGY WAL_LOG' if template else ""
    run_on_server(f'CREATE DATABASE "{name}"{copied}')
    return name


def drop(name: str) -> None:
    """Throw a database away, whoever still uses it."""
    run_on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def copied(url: str, folder: Path) -> Iterator[str]:
    """The URL of a copy of the database at `url`; one of SQLite lies in `folder`."""
    if url.startswith("sqlite"):
        path = folder / "portal.sqlite"
        shutil.copy(url.removeprefix("sqlite:///"), path)
        yield f"sqlite:///{path}"
        return
    name = make(name_of(url))
    try:
        yield server_url(name)
    finally:
        drop(name)


@contextmanager
def _connected(name: str) -> Iterator["psycopg.Connection[tuple[str, ...]]"]:
    url = server_url(name).replace("postgresql+psycopg:", "postgresql:")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


class Lent:
    """A database that is lent to one test after the other, each time as its template is."""

    def __init__(self, template: str) -> None:
        self.template = template
        self.name: str | None = None
        with _connected(template) as connection:
            self.schema = connection.execute(SCHEMA).fetchone()
            tables = [f'"{name}"' for (name,) in connection.execute(TABLES)]
            self.rows = {table: _copied(connection, table) for table in tables}
            steps = [f"DELETE FROM {table}" for table in tables]
            setvals = ", ".join(step for (step,) in connection.execute(SEQUENCES))
        self.undo = ";".join(
            ("SET session_replication_role = replica", *steps, f"SELECT {setvals}")
        )

    def lend(self) -> str:
        """The name of the database."""
        if self.name is not None and not self._put_back(self.name):
            self.end()
        if self.name is None:
            self.name = make(self.template)
        return self.name

    def end(self) -> None:
        """Throw it away."""
        if self.name is not None:
            drop(self.name)
        self.name = None

    def _put_back(self, name: str) -> bool:
        """Whether the rows could be put back; not if the schema is another, or somebody is still at
        it."""
        try:
            with _connected(name) as connection:
                connection.execute(OTHERS)
                if connection.execute(SCHEMA).fetchone() != self.schema:
                    return False
                connection.execute(self.undo.encode())
                # So that new rows stand in the order in which they come, as in a new database.
                for (filled,) in connection.execute(FILLED).fetchall():
                    connection.execute(f"VACUUM (INDEX_CLEANUP ON) {filled}".encode())
                for table, rows in self.rows.items():
                    if rows:
                        with connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
                            copy.write(rows)
        except psycopg.Error:
            return False
        return True


@contextmanager
def lending(url: str) -> Iterator[Lent | None]:
    """Copies of the template at `url`, to be lent; None where files are copied instead."""
    if url.startswith("sqlite"):
        yield None
        return
    one = Lent(name_of(url))
    try:
        yield one
    finally:
        one.end()


def _copied(connection: "psycopg.Connection[tuple[str, ...]]", table: str) -> bytes:
    with connection.cursor().copy(f"COPY {table} TO STDOUT".encode()) as copy:
        return b"".join(bytes(part) for part in copy)
