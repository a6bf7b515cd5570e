"""What PostgreSQL can tell of the pages of its database.

The checksums of a server that has them, and with the extension `amcheck`, where it is installed and
the portal's user may run it, each index and table page by page. A backup reads every row besides.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from portal.db import db
from portal.soundness import is_damage

COUNTED = text("SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()")
MAY_CHECK = text(
    "SELECT count(*) = 2 FROM pg_proc WHERE has_function_privilege(oid, 'EXECUTE') AND"
    " (proname, pronargs) IN (('bt_index_check', 2), ('verify_heapam', 6))"
)
PARTS = text(
    "SELECT c.oid, c.relname, c.relkind FROM pg_class c LEFT JOIN pg_am a ON a.oid = c.relam"
    " WHERE c.relnamespace = current_schema()::regnamespace"
    " AND (c.relkind = 'r' OR (c.relkind = 'i' AND a.amname = 'btree')) ORDER BY c.relname"
)
CHECKS = {
    # It says nothing: it fails.
    "i": text(
        "SELECT said FROM (SELECT CAST(bt_index_check(CAST(:part AS regclass), true) AS text)"
        " AS said OFFSET 0) AS done WHERE said <> ''"
    ),
    "r": text("SELECT msg FROM verify_heapam(CAST(:part AS regclass)) LIMIT 20"),
}


def faults() -> Iterator[str]:
    """A sentence for each part of the database that is damaged."""
    with db.engine.connect() as connection:
        # A check that meets damage ends its transaction; the next has one of its own.
        connection.execution_options(isolation_level="AUTOCOMMIT")
        counted = connection.scalar(COUNTED)
        if counted:
            yield (
                f"PostgreSQL has met {counted} pages whose checksums are wrong. When they are "
                "mended, SELECT pg_stat_reset() forgets them."
            )
        if connection.scalar(MAY_CHECK):
            yield from _damaged_parts(connection)


def _damaged_parts(connection: Connection) -> Iterator[str]:
    for part, name, kind in connection.execute(PARTS).all():
        try:
            found = connection.execute(CHECKS[kind], {"part": part}).scalars().all()
        except DBAPIError as error:
            if not is_damage(error.orig):
                raise
            yield f"{name} is damaged."
        else:
            yield from (f"{name} is damaged: {message}." for message in found)
