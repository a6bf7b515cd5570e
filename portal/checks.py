"""`portal check`: every module proves its own sums; here they are run, and the platform's own."""

import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from portal import migrations, settings
from portal.db import db, is_sqlite, rollback, session
from portal.errors import where
from portal.module import Check, Registry, load

log = logging.getLogger("portal.checks")


@dataclass(frozen=True)
class Finding:
    """What one check found: a sentence for each thing that is wrong."""

    name: str
    title: str
    sentences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.sentences


def run_checks(registry: Registry) -> Iterator[Finding]:
    """Run the checks of all modules that are on, inside an application context.

    A check reads with the running session or in units of work of its own; what it may have left
    open is rolled back. One that cannot run is a finding too.
    """
    for module in registry:
        for check in module.checks:
            yield Finding(check.name, check.title, _sentences(check))


def _sentences(check: Check) -> tuple[str, ...]:
    try:
        return tuple(load(check.function)())
    except Exception as error:
        log.error("the check %s could not be made: %s", check.name, where(error))
        return (f"The check could not be made ({type(error).__name__}).",)
    finally:
        rollback()


def database() -> Iterator[str]:
    """Whether the database has the newest schema and, on SQLite, is sound."""
    revision = migrations.current(db.engine)
    if revision != migrations.newest():
        yield f"The schema is {revision or 'empty'}, not {migrations.newest()}: run portal migrate."
    if not is_sqlite():
        return
    for (found,) in session().execute(text("PRAGMA integrity_check(20)")):
        if found != "ok":
            yield f"The database file is damaged: {found}."
    for table, *_rest in session().execute(text("PRAGMA foreign_key_check")).fetchmany(20):
        yield f"A row of {table} points to a row that does not exist."


def files() -> Iterator[str]:
    """Whether what holds data or secrets is closed to other users of the machine."""
    instance = settings.current().instance
    if not _open_to_others(instance):
        return
    known = [instance / "portal.sqlite", instance / "portal.toml", instance / "uploads"]
    for path in [*known, *sorted((instance / "keys").glob("*"))]:
        if _open_to_others(path):
            yield f"{path} can be read by other users of this machine: chmod -R go-rwx {instance}"


def _open_to_others(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(os.stat(path).st_mode) & 0o007)
    except FileNotFoundError:
        return False
