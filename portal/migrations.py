"""Bringing the database to the newest schema. Alembic is loaded only when there is work to do,
SQLAlchemy not even for asking whether there is: the server's first process stays small."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from portal.errors import PortalError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Engine

FOLDER = Path(__file__).resolve().parent.parent / "migrations"


class NewerDatabase(PortalError):
    """The database has a schema that this version of the portal does not know."""


def newest() -> str:
    """The newest revision: migrations are named NNNN_what.py and follow each other in order."""
    return max(path.name[:4] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def current(engine: "Engine") -> str | None:
    """The revision of the database, None for an empty one, and where there is no file yet."""
    from sqlalchemy import inspect, text

    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return None
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def current_of_file(path: Path, *, table: str = "") -> str | None:
    """The revision of the SQLite database at `path`; None if there is none, or if `table` is empty.

    Only reads, with nothing but the standard library.
    """
    if not path.exists():
        return None
    connection = sqlite3.connect(path, timeout=10)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if row and table:
            known = connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()  # noqa: S608
            return row[0] if known else None
        return row[0] if row else None
    except sqlite3.OperationalError:
        return None
    finally:
        connection.close()


def refuse_newer(revision: str | None) -> None:
    """Raise `NewerDatabase` if `revision` is newer than any that this version knows."""
    if revision is not None and revision > newest():
        raise NewerDatabase(
            f"The database is of a newer version of the portal (its schema is {revision}, this "
            f"version knows {newest()}). Nothing was changed. Install that version again, or "
            "restore a backup from before the upgrade."
        )


def current_of_server(url: str, *, table: str = "") -> str | None:
    """The revision of the PostgreSQL database at `url`, as `current_of_file` gives it; None also if
    it cannot be asked: whoever then tries to migrate it will say why.

    Only reads, with nothing but the driver.
    """
    import psycopg
    from psycopg import sql

    try:
        with psycopg.connect(
            url.replace("+psycopg", "", 1), connect_timeout=10, autocommit=True
        ) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if row and table:
                query = sql.SQL("SELECT 1 FROM {} LIMIT 1")
                known = connection.execute(query.format(sql.Identifier(table))).fetchone()
                return str(row[0]) if known else None
            return str(row[0]) if row else None
    except psycopg.Error:
        return None


def config(url: str) -> "Config":
    """Alembic's configuration for the database at `url`."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(FOLDER))
    made.attributes["url"] = url
    return made


def upgrade(engine: "Engine", *, to: str = "head") -> tuple[str | None, str | None]:
    """Migrate the database; returns the revisions before and after. Does nothing if up to date."""
    before = current(engine)
    if to == "head" and before == newest():
        return before, before
    from alembic import command

    url = engine.url.render_as_string(hide_password=False)
    command.upgrade(config(url), to)
    return before, current(engine)
