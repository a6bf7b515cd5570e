"""Which errors mean that the database cannot be reached or used just now, rather than a defect."""

import sqlite3

from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from portal.db import db

KINDS = (OperationalError, InterfaceError, DisconnectionError, PoolTimeout)
# What PostgreSQL does not call operational: the server only reads (a standby), the transaction
# lay idle too long, the files are damaged.
STATES = frozenset({"25006", "25P03", "XX001", "XX002"})


def is_unreachable(error: BaseException) -> bool:
    """Whether `error` says that the database cannot be reached or used just now."""
    if isinstance(error, KINDS):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _of_driver(error.orig) or _of_file(error)
    return _of_driver(error)


def cause(error: BaseException) -> str:
    """What a log may say of it: kinds and codes, no text, for that may name people."""
    orig = getattr(error, "orig", None) or error
    code = getattr(orig, "sqlite_errorname", None) or getattr(orig, "sqlstate", None) or ""
    return " ".join(dict.fromkeys((type(error).__name__, type(orig).__name__, code))).strip()


def _of_driver(error: BaseException | None) -> bool:
    """Whether the driver itself says so, or PostgreSQL by its code."""
    driver = db.engine.dialect.loaded_dbapi
    if isinstance(error, (driver.OperationalError, driver.InterfaceError)):
        return True
    return getattr(error, "sqlstate", None) in STATES or type(error) is sqlite3.DatabaseError


def _of_file(error: DBAPIError) -> bool:
    """Whether SQLite's file is damaged, or none of its own."""
    return type(error) is DatabaseError and isinstance(error.orig, sqlite3.DatabaseError)
