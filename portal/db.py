"""The database: model base, column types, and the unit of work.

One transaction a request, a job or a command. Nobody outside this file commits.

* On SQLite a writing transaction begins `IMMEDIATE`: with the driver's default mode two writers
  read the same balance and one of the updates is lost without an error.
* What may turn out to change nothing (a stranger's form) is run as a unit that only reads first,
  and again as one that writes when it wants to: nobody else waits for it.
* On PostgreSQL a unit that only reads needs no transaction. Rows that get scarcer are taken by a
  conditional `UPDATE`, and a deadlock or serialization failure runs the whole unit again.
"""

import logging
import random
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, MetaData, Select, String, func, select
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError
from sqlalchemy.types import TypeDecorator

from portal.engine import BUSY_MS, PLACE, WRITE, UnitSession, WantsToWrite
from portal.errors import Busy, Conflict, OutcomeUnknown, where
from portal.i18n import _
from portal.kept import KEPT, Kept
from portal.outages import is_busy, is_taken, may_have_been_saved, may_retry
from portal.waiting_line import PlaceInLine, line_before

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql as postgresql_dialect
    from sqlalchemy.dialects import sqlite as sqlite_dialect

T = TypeVar("T")

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored in UTC (as text on SQLite, `timestamptz` on PostgreSQL)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def plain_text(length: int) -> String:
    """Text sorted by code point on both databases, so that paging by key agrees on both."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class Base(DeclarativeBase):
    """Base of all models. `__sealed__` names the columns whose changes must be found."""

    __sealed__: ClassVar[tuple[str, ...]] = ()

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={datetime: UtcDateTime()},
    )


db: SQLAlchemy = SQLAlchemy(
    model_class=Base, session_options={"class_": UnitSession, "expire_on_commit": False}
)

# How long a job or command waits for SQLite's write lock, and a person in front of a page. Seconds.
PATIENCE = 60.0
PATIENCE_OF_A_PERSON = 9.0


log = logging.getLogger("portal.db")


def is_sqlite() -> bool:
    """Whether the present application runs on SQLite."""
    return db.engine.dialect.name == "sqlite"


def lock(
    rows: Select[Any],
    asked: Mapping[str, Any] | None = None,
    *,
    name: tuple[str, int] | None = None,
) -> None:
    """Make every other writer of these rows wait until this transaction ends; what is in memory of
    them is as it is now. `asked` are the values of a statement that was made once. With a `name`
    (of the table, and the row's id) once is enough.

    On SQLite nothing is asked: a unit that writes has kept all others waiting since it began.
    """
    if not is_sqlite():
        query = rows.with_for_update(key_share=True)
        _lock(query.execution_options(populate_existing=True), name, asked)


def lock_number(kind: int, number: int) -> None:
    """As `lock`, for what has no row of its own; once is enough."""
    if not is_sqlite():
        _lock(select(func.pg_advisory_xact_lock(kind, number)), (kind, number))


def _lock(query: Select[Any], name: Hashable, asked: Mapping[str, Any] | None = None) -> None:
    locked = session().info[KEPT].locked if KEPT in session().info else set()
    if name in locked:
        return
    # Only rows that were fetched are put into memory.
    session().execute(query, asked).all()
    if name is not None:
        locked.add(name)


def insert(table: "type[Base]") -> "sqlite_dialect.Insert | postgresql_dialect.Insert":
    """An INSERT in the words of the present database: it knows `on_conflict_do_nothing` and
    `on_conflict_do_update`. Only that database's dialect is loaded; the other costs 3 MiB."""
    if is_sqlite():
        from sqlalchemy.dialects.sqlite import insert as for_sqlite

        return for_sqlite(table)
    from sqlalchemy.dialects.postgresql import insert as for_postgresql

    return for_postgresql(table)


def session() -> Session:
    """The session of the running unit of work."""
    return db.session.registry()


@contextmanager
def together() -> Iterator[None]:
    """All that is written within, or nothing when it raises: in the savepoint that is open already,
    to which whoever opened it goes back then, else in one of its own."""
    if session().in_nested_transaction():
        yield
        return
    with session().begin_nested():
        yield


def before_commit(key: str, function: Callable[[Session], None]) -> None:
    """Run `function(session)` once, just before this unit commits; a later call replaces it."""
    session().info.setdefault("before_commit", {})[key] = function


def after_commit(key: str, function: Callable[[], None]) -> None:
    """Run `function()` once, after this unit has committed; dropped if it rolls back.

    For waking a worker only: what must happen is a row in the database.
    """
    session().info.setdefault("after_commit", {})[key] = function


def begin(*, write: bool, patience: float = PATIENCE) -> None:
    """Open the unit of work, at once taking SQLite's write lock if `write`.

    Raises `Busy` if the lock cannot be had within `patience` seconds, or no connection.
    """
    deadline = time.monotonic() + patience
    place = _in_line(patience) if write and is_sqlite() else None
    try:
        connection = _connected(write, deadline)
    except BaseException:
        if place is not None:
            place.leave()
        raise
    if place is not None:
        connection.info[PLACE] = place


def _in_line(patience: float) -> PlaceInLine | None:
    """A place in the line of SQLite's writers, at the head of it or waited for long enough."""
    place = line_before(db.engine.url.database or "").join()
    if place is not None:
        try:
            place.wait(max(patience, BUSY_MS / 1_000))
        except BaseException:
            place.leave()
            raise
    return place


def _connected(write: bool, deadline: float) -> Connection:
    """The unit's connection, with its transaction begun."""
    kept = Kept()
    options: dict[str, Any] = {WRITE: write, KEPT: kept}
    if not write and not is_sqlite():
        # Each statement of a transaction sees what is committed by then, as without one: its
        # beginning and end would be two ways to the server and back for nothing.
        options["isolation_level"] = "AUTOCOMMIT"
    while True:
        try:
            connection = session().connection(execution_options=options)
            session().info[KEPT] = kept
            return connection
        except OperationalError as error:
            rollback()
            if not is_busy(error):
                raise
            if time.monotonic() >= deadline:
                raise Busy(_busy()) from error
            _pause()
        except PoolTimeout as error:
            rollback()
            raise Busy(_busy()) from error
        except BaseException:
            rollback()
            raise


def commit() -> None:
    """Flush, run what waits for the end of the unit, commit, then run what waits for success."""
    _finish()
    _commit()


def _finish() -> None:
    current = session()
    current.flush()
    for function in list(current.info.get("before_commit", {}).values()):
        function(current)
    current.flush()


def _commit() -> None:
    current = session()
    afterwards = list(current.info.get("after_commit", {}).values())
    current.commit()
    _forget()
    for wake in afterwards:
        try:
            wake()
        except Exception as error:  # the change is made; the worker looks by itself later
            log.error("a worker could not be woken: %s", where(error))


def rollback() -> None:
    """Undo everything of this unit. Where that cannot be said to the database any more the
    connection is given up, and with it the unit is gone, too."""
    try:
        session().rollback()
    except Exception as error:
        log.warning("a connection was given up: %s", where(error))
        session().invalidate()
    finally:
        _forget()


def _forget() -> None:
    session().info.clear()
    db.session.remove()


@contextmanager
def unit_of_work(*, write: bool = True, patience: float = PATIENCE) -> Iterator[Session]:
    """One transaction: commits when the block ends, rolls back when it raises.

    Raises `Busy` if SQLite's write lock cannot be had within `patience` seconds.
    """
    begin(write=write, patience=patience)
    try:
        yield session()
        if write:
            commit()
        else:
            rollback()
    except BaseException:
        rollback()
        raise


def run(
    function: Callable[[], T],
    *,
    write: bool,
    keep: Callable[[T], bool] = bool,
    patience: float = PATIENCE_OF_A_PERSON,
    harmless: bool = False,
) -> T:
    """Run `function` as one unit of work; commit if `write` and `keep(result)`.

    A deadlock, a serialization failure, or a connection lost before the commit runs `function`
    again, in a new transaction: it must have no effect outside the database. Raises `Busy`
    when that does not help within `patience` seconds, and `OutcomeUnknown` when the connection is
    lost at the commit, unless it is `harmless` to write the same twice.

    What another unit wrote or deleted since this one looked may be found out by the database only.
    Then `function` runs once more, sees it and says so itself; `Conflict` if it still does not.
    """
    deadline = time.monotonic() + patience
    overtaken = False
    while True:
        undone = True
        try:
            begin(write=write, patience=deadline - time.monotonic())
            result = function()
            if write and keep(result):
                _finish()
                undone = False
                _commit()
            else:
                rollback()
            return result
        except (DBAPIError, StaleDataError, ObjectDeletedError) as error:
            rollback()
            if not isinstance(error, DBAPIError) or is_taken(error):
                if overtaken:
                    log.error("refused by the database: %s", where(error))
                    raise Conflict(_overtaken()) from error
                overtaken = True
                continue
            if may_have_been_saved(error) and not (undone or harmless):
                raise OutcomeUnknown(_lost()) from error
            if not (may_retry(error) or error.connection_invalidated):
                raise
            if time.monotonic() >= deadline:
                raise Busy(_busy()) from error
            _pause()
        except BaseException:
            rollback()
            raise


def run_sparingly(
    function: Callable[[], T],
    *,
    keep: Callable[[T], bool] = bool,
    patience: float = PATIENCE_OF_A_PERSON,
) -> T:
    """Run `function` as a unit that only reads; if it wants to write, once more as one that does.

    For what strangers may ask: what will be refused keeps nobody else from writing. `run` says
    what `function` must be like, and what is raised.
    """
    try:
        return run(function, write=False, patience=patience)
    except WantsToWrite:
        return run(function, write=True, keep=keep, patience=patience)


def writes() -> bool:
    """Whether the running unit of work may write."""
    return bool(session().connection().get_execution_options().get(WRITE))


def _busy() -> str:
    return _("The portal is busy at the moment. Nothing was changed; please try again.")


def _overtaken() -> str:
    return _("Someone else changed the same record at this moment. Your changes were not saved.")


def _lost() -> str:
    return _(
        "The connection to the database was lost at the end, and the portal does not know whether "
        "this was saved."
    )


def _pause() -> None:
    time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - a pause is no secret
