"""What PostgreSQL can tell of the pages of its database.

Every row is read. With the extension `amcheck`, where it is installed and the portal's user may run
it, each index and table is checked page by page; a server with checksums counts what it met.
"""

from collections.abc import Iterator

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError

from portal.db import db
from portal.soundness import is_damage

COUNTED = text("SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()")
MAY_CHECK = text(
    "SELECT count(*) = 2 FROM pg_proc WHERE has_function_privilege(oid, 'EXECUTE') AND"
    " (proname, pronargs) IN (('bt_index_check', 2), ('verify_heapam', 6))"
)
PARTS = text(
    "SELECT c.oid, c.relname, c.relkind, format('%I.%I', n.nspname, c.relname) AS called"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_am a ON a.oid = c.relam WHERE n.nspname = current_schema()"
    " AND (c.relkind = 'r' OR (c.relkind = 'i' AND a.amname = 'btree')) ORDER BY c.relname"
)
# What is wrong, if these say it and do not fail at it.
INDEX = text(
    "SELECT said FROM (SELECT CAST(bt_index_check(CAST(:part AS regclass), true) AS text)"
    " AS said OFFSET 0) AS done WHERE said <> ''"
)
TABLE = text("SELECT msg FROM verify_heapam(CAST(:part AS regclass)) LIMIT 20")


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
        thorough = bool(connection.scalar(MAY_CHECK))
        for part in connection.execute(PARTS).all():
            for check in _checks(part.relkind, part.called, thorough=thorough):
                try:
                    found = connection.execute(check, {"part": part.oid}).scalars().all()
                except DBAPIError as error:
                    if not is_damage(error.orig):
                        raise
                    yield f"{part.relname} is damaged."
                    break
                yield from (f"{part.relname} is damaged: {message}." for message in found)


def _checks(kind: str, called: str, *, thorough: bool) -> Iterator[TextClause]:
    """What to ask about an index or a table that is `called` so; `thorough` with amcheck."""
    if kind == "r":
        # Every row, with what of it lies elsewhere; as text, for else it would not be fetched.
        whole = f"SELECT sum(length(CAST(t AS text))) AS size FROM {called} t"  # noqa: S608
        yield text(f"SELECT NULL FROM ({whole}) AS done WHERE size < 0")  # noqa: S608
    if thorough:
        yield TABLE if kind == "r" else INDEX
