"""Copying a SQLite database that is in use, and proving a copy."""

import sqlite3
from contextlib import closing
from pathlib import Path

from portal.errors import PortalError


class Unreadable(PortalError):
    """The database is so damaged that it cannot even be copied."""


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database that others may be writing to, as of one moment.

    In one step: with several, every write in between would restart the copy. Raises
    `PortalError` if there is no database, `Unreadable`, and `sqlite3.Error` for other trouble.
    """
    if not source.exists():
        raise PortalError("There is nothing to back up yet: the database is empty.")
    try:
        with (
            closing(sqlite3.connect(source, timeout=30)) as live,
            closing(sqlite3.connect(target)) as copied,
        ):
            live.backup(copied, pages=-1)
            copied.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise Unreadable(f"The database is damaged and cannot be copied ({error}).") from error


def damage_of(path: Path, *, whole: bool) -> str:
    """What is wrong with the copy at `path`, in the words of SQLite; nothing if it is sound.

    Every page is read. Only the `whole` check compares each index with its table.
    """
    pragma = "integrity_check" if whole else "quick_check"
    try:
        with closing(sqlite3.connect(path)) as copied:
            (found,) = copied.execute(f"PRAGMA {pragma}(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else " ".join(str(found).split())
