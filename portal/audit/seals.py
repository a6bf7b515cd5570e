"""Seals: rows whose digests are kept in the audit trail, so that a change of theirs is found.

A model names the columns to be covered in `__sealed__`. Whoever writes a row of it calls `seal`
after the flush; the digests become part of the audit entry that ends the unit, and so of the chain.
They cost no statement and no lock of their own (docs/adr/0006). The newest seal of a row counts.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from portal.audit.chain import row_digest, row_text
from portal.db import Base, session

WRITTEN = "audit_written"

Seals = dict[str, dict[str, str]]


def sealed_models() -> dict[str, type[Base]]:
    """The models whose rows are sealed, by the names of their tables."""
    found = {
        mapper.class_.__tablename__: mapper.class_
        for mapper in Base.registry.mappers
        if mapper.class_.__sealed__
    }
    return dict(sorted(found.items()))


def gather(model: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep what these rows of `model` are until the unit's audit entry is written.

    Columns of `__sealed__` that a row does not name are empty.
    """
    table = model.__tablename__
    written: list[tuple[str, int, str]] = session().info.setdefault(WRITTEN, [])
    for row in rows:
        values = {name: row.get(name) for name in model.__sealed__}
        written.append((table, row["id"], row_text(table, {"id": row["id"], **values})))


def take(current: Session, key: bytes) -> str | None:
    """The digests of what was gathered, as an entry keeps them; None if there is nothing."""
    written: list[tuple[str, int, str]] = current.info.pop(WRITTEN, [])
    if not written:
        return None
    seals: Seals = {}
    for table, number, text in written:
        seals.setdefault(table, {})[str(number)] = row_digest(key, text).hex()
    return json.dumps(seals, sort_keys=True, separators=(",", ":"))
