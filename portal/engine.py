"""How the database is opened: connection settings, and the modes of transactions."""

import sqlite3
import time
from typing import Any

from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from portal.kept import KEPT, Kept
from portal.sqlite_file import keep_to_one
from portal.waiting_line import PlaceInLine

WRITE = "portal_write"
PLACE = "portal_place"
# How long one attempt waits for SQLite's write lock; after it the next writer may be luckier.
BUSY_MS = 1_000

# A connection that has lain idle longer may be dead, if the server was started anew. Seconds.
RESTED = 5.0
USED = "portal_used"


class WantsToWrite(RuntimeError):
    """A unit of work that only reads was to write."""


class UnitSession(FlaskSession):
    """The session of a unit of work; it need not find out in which database a table is."""

    def get_bind(
        self,
        mapper: Any | None = None,
        clause: Any | None = None,
        bind: Engine | Connection | None = None,
        **kwargs: Any,
    ) -> Engine | Connection:
        """The engine of the one database."""
        if bind is not None:
            return bind
        if self.bind is None:
            self.bind = self._db.engine
        return self.bind


def _heed(
    connection: Connection, _c: Any, statement: str, _p: Any, context: Any, _many: bool
) -> None:
    """Before a statement: refuse to write in a unit that only reads, and forget what changes."""
    options = connection.get_execution_options()
    changes = context.isinsert or context.isupdate or context.isdelete
    changes = changes or statement[:6].upper() in {"INSERT", "UPDATE", "DELETE"}
    if changes and options.get(WRITE) is False:
        raise WantsToWrite("a unit of work that only reads was to write")
    kept: Kept | None = options.get(KEPT)
    if kept is not None:
        kept.heed(statement, sqlite=connection.dialect.name == "sqlite")


def prepare_engine(engine: Engine) -> None:
    """Give `engine` the connection settings and transaction modes that the unit of work needs."""
    event.listen(engine, "before_cursor_execute", _heed)

    @event.listens_for(engine, "savepoint")
    def _only_read_here(connection: Connection, _name: str) -> None:
        if connection.get_execution_options().get(WRITE) is False:
            raise WantsToWrite("a unit of work that only reads was to have a part that writes")

    if engine.dialect.name != "sqlite":

        @event.listens_for(engine, "checkin")
        def _used(_connection: Any, record: ConnectionPoolEntry) -> None:
            record.info[USED] = time.monotonic()

        @event.listens_for(engine, "checkout")
        def _ask_whether_it_lives(
            connection: Any, record: ConnectionPoolEntry, _proxy: object
        ) -> None:
            # Not for each page of a busy clinic; a unit that finds it dead is run again.
            if time.monotonic() - record.info.get(USED, time.monotonic()) < RESTED:
                return
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise InvalidatePoolError from error

        @event.listens_for(engine, "connect")
        def _plan_for_values(connection: Any, _record: object) -> None:
            # A plan kept for any value would scan the whole trigram index for a search of two
            # letters (1 s instead of 5 ms at a million rows), and compiling takes longer than
            # any statement of a page.
            connection.autocommit = True
            connection.execute("SET plan_cache_mode = force_custom_plan")
            connection.execute("SET jit = off")
            connection.autocommit = False

        return

    keep_to_one(engine)

    @event.listens_for(engine, "checkin")
    @event.listens_for(engine, "invalidate")
    @event.listens_for(engine, "close")
    def _next_please(_connection: object, record: ConnectionPoolEntry, *_error: object) -> None:
        place: PlaceInLine | None = record.info.pop(PLACE, None)
        if place is not None:
            place.leave()

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            # REPLACE fires the triggers against deleting, too.
            "recursive_triggers=ON",
            f"busy_timeout={BUSY_MS}",
            "temp_store=MEMORY",
            "cache_size=-16000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
