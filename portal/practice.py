"""Practice mode (SPEC I8): a sample clinic in an instance of its own, put back by one command.

The platform brings people and places, each module its part of the diary by `Module.practice`
(`portal.diary`). What was filled is noted beside the database, so that nothing else is ever wiped:
not a real instance, and not a real database that the settings of a practice instance name.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, text

from portal import clock
from portal.accounts.practice import make_people_and_places
from portal.app import create_app
from portal.audit import anchor
from portal.db import Base, db
from portal.diary import DAYS, live_through, past_until
from portal.errors import PortalError
from portal.installation import bring_up_to_date
from portal.module import Registry, load
from portal.settings import Settings, load_settings

NOTE = "practice.json"
# The program of the guides: what a clinic's own settings would say.
SETTINGS = """\
# The sample clinics; no message leaves.
practice = true
product_name = "COVID-19 Vaccine Management System (CVMS)"
product_short_name = "CVMS"
help_phone = "(877) 873-6247"
help_hours = [
  "Monday – Friday: 7:00 AM – 7:00 PM ET",
  "Saturday – Sunday: 10:00 AM – 6:00 PM ET",
]
"""
# So long before the present the portal was set up, with people and places.
BEFORE = timedelta(days=DAYS + 7)
SQLITE = "sqlite:///"
# What belongs to a searched table on SQLite (migrations/listing.py, and FTS5 itself).
SEARCH = re.compile(r"_search(_(config|content|data|docsize|idx|text))?$")


class NotPractice(PortalError):
    """The instance or its database holds no practice data; the message says so."""


def settings_of_practice() -> Settings:
    """The settings of the practice instance: the one that is named, or the one inside it.

    Raises `NotPractice` if neither is one.
    """
    settings = load_settings()
    if settings.practice:
        return settings
    inside = load_settings(settings.instance / "practice")
    if inside.practice:
        return inside
    raise NotPractice(f"{settings.instance} is not a practice instance. Nothing was changed.")


def fill(settings: Settings) -> bool:
    """Fill the practice instance if its database is empty, else only bring the schema up to date.

    True if it was filled. Raises `NotPractice` for a database that holds any table which practice
    mode did not make.
    """
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    noted = _read_note(settings)
    if noted == "complete":
        bring_up_to_date(settings)
        return False
    if noted is None and _tables(settings):
        raise NotPractice(
            "The database already holds data that is not practice data. Nothing was changed."
        )
    _refill(settings)
    return True


def reset(settings: Settings) -> None:
    """Wipe the practice instance and fill it again. A server may be running.

    Raises `NotPractice` for anything that was not filled by practice mode, and for a database that
    holds other tables, too.
    """
    if not settings.practice or _read_note(settings) is None:
        raise NotPractice(
            f"{settings.instance} was not filled by practice mode. Nothing was changed."
        )
    _refill(settings)


def _refill(settings: Settings) -> None:
    _refuse_foreign(settings)
    own = settings.instance / "portal.toml"
    if not own.exists():
        own.write_text(SETTINGS, "utf-8")
    _write_note(settings, "filling")
    for folder in (settings.uploads, settings.inbox):
        if folder.is_relative_to(settings.instance):
            shutil.rmtree(folder, ignore_errors=True)
    anchor.forget(settings)
    if settings.database_url.startswith(SQLITE):
        _refill_file(settings)
    else:
        _empty_server(settings.database_url)
        _make_sample(settings)
    _write_note(settings, "complete")


def _refill_file(settings: Settings) -> None:
    """Make the sample in a file beside the database, then copy it over in one transaction.

    Connections of a running server see the old contents or the new, never a part.
    """
    target = Path(settings.database_url.removeprefix(SQLITE))
    fresh = target.with_name(f".{target.name}.fresh")
    _remove(fresh)
    try:
        _make_sample(replace(settings, database_url=f"{SQLITE}{fresh}"))
        created = os.open(target, os.O_RDWR | os.O_CREAT, 0o600)
        os.close(created)
        with (
            closing(sqlite3.connect(fresh)) as source,
            closing(sqlite3.connect(target, timeout=30)) as live,
        ):
            source.backup(live, pages=-1)
            live.execute("PRAGMA journal_mode=WAL")
    finally:
        _remove(fresh)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _empty_server(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        if not _names(connection):
            return
        schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        quoted = connection.dialect.identifier_preparer.quote(schema)
        connection.execute(text(f"DROP SCHEMA {quoted} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {quoted}"))
    engine.dispose()


def _make_sample(settings: Settings) -> None:
    present = clock.now()
    with clock.practice_clock(settings) as put_clock:
        put_clock(present - BEFORE)
        bring_up_to_date(settings)
        app = create_app(settings)
        registry: Registry = app.extensions["portal"].registry
        with app.app_context():
            make_people_and_places()
            past = past_until(present)
            parts = [load(module.practice)(past) for module in registry if module.practice]
            live_through(chain.from_iterable(parts), past, put_clock)
            db.engine.dispose()


def _refuse_foreign(settings: Settings) -> None:
    """Raise `NotPractice` if the database holds what the portal does not know."""
    names = _tables(settings)
    if not names:
        return
    create_app(settings)  # loads the models of all modules
    own = {*Base.metadata.tables, "alembic_version"}
    foreign = sorted(names - own - {name for name in names if SEARCH.sub("", name) in own})
    if foreign:
        raise NotPractice(
            f"The database also holds what is not the portal's: {', '.join(foreign)}. "
            "Nothing was changed."
        )


def _tables(settings: Settings) -> set[str]:
    if settings.database_url.startswith(SQLITE):
        # Looking would make the file.
        path = Path(settings.database_url.removeprefix(SQLITE))
        if not path.exists():
            return set()
    engine = create_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            return _names(connection)
    finally:
        engine.dispose()


def _names(connection: Connection) -> set[str]:
    """The tables and views of the present schema; on PostgreSQL without those of extensions."""
    found = inspect(connection)
    if connection.dialect.name == "sqlite":
        return {*found.get_table_names(), *found.get_view_names()}
    return set(
        connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
                "AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (SELECT 1 FROM pg_depend "
                "WHERE objid = pg_class.oid AND classid = 'pg_class'::regclass AND deptype = 'e')"
            )
        ).scalars()
    )


def _identity(settings: Settings) -> str:
    return hashlib.sha256(settings.database_url.encode()).hexdigest()


def _read_note(settings: Settings) -> str | None:
    """How far the filling of this very database got: "filling", "complete", or None."""
    try:
        noted = json.loads((settings.instance / NOTE).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return noted.get("state") if noted.get("database") == _identity(settings) else None


def _write_note(settings: Settings, state: str) -> None:
    note = {"database": _identity(settings), "state": state}
    (settings.instance / NOTE).write_text(json.dumps(note), "utf-8")
