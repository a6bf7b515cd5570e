"""What an error of the database means: try again, come back later, or a defect of the portal's."""

import sqlite3

from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

KINDS = (OperationalError, InterfaceError, DisconnectionError, PoolTimeout)
DRIVERS = ("sqlite3", "psycopg")
# A deadlock, a serialization failure, a lock that was not to be had.
AGAIN = frozenset({"40001", "40P01", "55P03"})
# What PostgreSQL does not call operational: the server only reads (a standby), the transaction
# lay idle too long, the files are damaged.
STATES = frozenset({"25006", "25P03", "XX001", "XX002"})


# What SQLite calls the constraints that another unit may have had a part in.
CLASHES = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT_CHECK,
        sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    }
)


def is_busy(error: DBAPIError) -> bool:
    """Whether SQLite's write lock was not to be had."""
    return isinstance(error.orig, sqlite3.OperationalError) and "locked" in str(error.orig)


def may_retry(error: DBAPIError) -> bool:
    """Whether running the unit again may work (lock not had, deadlock, serialization failure)."""
    return is_busy(error) or _state(error.orig) in AGAIN


def is_taken(error: DBAPIError) -> bool:
    """Whether a constraint refused it that another unit may have had a part in: that something is
    there once (or excludes another), is still there, or is never short."""
    if not isinstance(error, IntegrityError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code in CLASHES or _state(error.orig) in {"23503", "23505", "23514", "23P01"}


def may_have_been_saved(error: DBAPIError) -> bool:
    """Whether nobody knows what became of a commit that ended with `error`."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    damaged = code is not None and code & 0xFF == sqlite3.SQLITE_IOERR
    return error.connection_invalidated or damaged


def is_full(error: BaseException) -> bool:
    """Whether the database's disk has no space left."""
    orig = getattr(error, "orig", None) or error
    code = getattr(orig, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_FULL or _state(orig) == "53100"


def is_unreachable(error: BaseException) -> bool:
    """Whether the database cannot be reached or used just now."""
    if isinstance(error, KINDS):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _of_driver(error.orig) or _of_file(error)
    return _of_driver(error)


def cause(error: BaseException) -> str:
    """What a log may say of it: kinds and codes, no text, for that may name people."""
    orig = getattr(error, "orig", None) or error
    code = getattr(orig, "sqlite_errorname", None) or _state(orig) or ""
    return " ".join(dict.fromkeys((type(error).__name__, type(orig).__name__, code))).strip()


def _of_driver(error: BaseException | None) -> bool:
    """Whether the driver itself says so, or PostgreSQL by its code."""
    kinds = {
        kind.__name__
        for kind in type(error).__mro__
        if kind.__module__.partition(".")[0] in DRIVERS
    }
    return (
        bool(kinds & {"OperationalError", "InterfaceError"})
        or _state(error) in STATES
        or type(error) is sqlite3.DatabaseError
    )


def _of_file(error: DBAPIError) -> bool:
    """Whether SQLite's file is damaged, or none of its own."""
    return type(error) is DatabaseError and isinstance(error.orig, sqlite3.DatabaseError)


def _state(error: BaseException | None) -> str | None:
    """PostgreSQL's code of what went wrong."""
    return getattr(error, "sqlstate", None)
