"""Sealing what was there before rows were sealed: once, with the key, after the migration."""

from itertools import islice

from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.audit.rows import stored_rows
from portal.audit.seals import sealed_models
from portal.audit.services import attach_seals, record, seal_rows
from portal.audit.verify import SEALED, begin_anchors
from portal.db import Base, session, unit_of_work

AT_ONCE = 1_000


def seal_existing() -> None:
    """Seal all rows of the tables for which no entry of the trail says that it was done.

    That entry is written for empty tables, too: what is put in later by hand is then never taken
    for something old. The first anchors are written before it, because it demands them.
    """
    with unit_of_work(write=False):
        missing = _missing()
    if not missing:
        return
    begin_anchors()
    with unit_of_work():
        for table, model in _missing().items():
            _seal(table, model)


def _missing() -> dict[str, type[Base]]:
    done = session().scalars(select(AuditEntry).where(AuditEntry.action == SEALED))
    tables = {entry.values_after.get("table") for entry in done}
    return {name: model for name, model in sealed_models().items() if name not in tables}


def _seal(table: str, model: type[Base]) -> None:
    stored = stored_rows(session().connection(), model)
    part = list(islice(stored, AT_ONCE))
    while True:
        seal_rows(model, part)
        _note(table, len(part))
        attach_seals()
        part = list(islice(stored, AT_ONCE))
        if not part:
            return


def _note(table: str, rows: int) -> None:
    record(
        None,
        SEALED,
        subject="instance",
        subject_id=None,
        location_id=None,
        summary=table,
        after={"table": table, "rows": rows},
    )
