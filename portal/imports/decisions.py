"""Rows that waited for a person's decision, once it is made."""

from collections.abc import Iterable

from sqlalchemy import select

from portal.db import session
from portal.errors import Conflict
from portal.i18n import _
from portal.imports.models import ImportPart, ImportRun
from portal.imports.outcomes import TAKEN, Kind, Taken, packed, unpacked


def decide(run_id: int, rows: Iterable[Taken]) -> None:
    """Say what became of undecided rows, within the unit of work that carries the decision out.

    Raises `Conflict` if one of them is not undecided any more.
    """
    decided = {one.row: one for one in rows}
    # Whoever decides first holds the run until the end of the unit.
    run = session().get_one(ImportRun, run_id, with_for_update=True, populate_existing=True)
    parts = (
        select(ImportPart)
        .where(ImportPart.run_id == run_id, ImportPart.undecided > 0)
        .execution_options(populate_existing=True)
    )
    for part in session().scalars(parts):
        found: dict[Kind, list[tuple[object, ...]]] = {kind: [] for kind in TAKEN}
        for one in unpacked(part):
            now = decided.pop(one.row, one) if one.kind == "undecided" else one
            found[now.kind].append(
                (now.row, now.record_id, *((now.changed,) if now.kind == "updated" else ()))
            )
        part.rows = packed(found)
        for kind in TAKEN:
            step = len(found[kind]) - getattr(part, kind)
            setattr(part, kind, len(found[kind]))
            setattr(run, kind, getattr(run, kind) + step)
    if decided:
        raise Conflict(_("Someone else has decided this row. Reload the page to see how."))
    session().flush()
