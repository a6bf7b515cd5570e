"""What `portal check` proves of counts."""

from collections.abc import Iterator

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from blueprints.counts.models import StockCount, StockCountLine
from blueprints.counts.rules import CountState
from blueprints.inventory.models import DoseEntry, StockDocument
from blueprints.inventory.rules import AVAILABLE, EFFECTS, DocumentKind, Kind
from portal.db import session


def booked() -> Iterator[str]:
    """Lines of finished counts whose ledger entry is not that of their difference, or was compared
    with an older state of the record, and entries of counts that belong to no line."""
    line, entry, between = StockCountLine, DoseEntry, aliased(DoseEntry)
    counted = func.coalesce(line.counted_doses, line.expected_doses)
    difference = case((line.not_counted, 0), else_=counted - line.expected_doses)
    due = and_(StockCount.state == CountState.FINISHED, difference != 0)
    as_counted = and_(
        entry.inventory_id == line.inventory_id,
        entry.document_id.is_not_distinct_from(StockCount.document_id),
        entry.doses == func.abs(difference),
        entry.reason == line.reason,
        entry.kind == case((difference < 0, Kind.WASTED), else_=Kind.ADJUSTED),
    )
    skipped = exists().where(
        between.inventory_id == line.inventory_id,
        between.id > line.last_entry_id,
        between.id < line.entry_id,
    )
    wrong = (
        select(line.count_id, line.number, entry.id.label("entry_id"))
        .join(StockCount, StockCount.id == line.count_id)
        .outerjoin(entry, entry.id == line.entry_id)
        .where(
            or_(
                and_(due, entry.id.is_(None)),
                and_(~due, entry.id.is_not(None)),
                and_(due, entry.id.is_not(None), or_(~as_counted, skipped)),
            )
        )
        .order_by(line.count_id, line.number)
    )
    for row in session().execute(wrong):
        yield f"Count {row.count_id}, line {row.number}: not what ledger entry {row.entry_id} says."
    strangers = (
        select(entry.id)
        .join(StockDocument, StockDocument.id == entry.document_id)
        .outerjoin(line, line.entry_id == entry.id)
        .where(
            StockDocument.kind == DocumentKind.COUNT,
            entry.reverses_id.is_(None),
            line.id.is_(None),
        )
    )
    for number in session().scalars(strangers):
        yield f"Ledger entry {number} belongs to a count, but to no line of it."


def expected() -> Iterator[str]:
    """Lines that expect other doses than the ledger of their record had up to their entry."""
    line, entry = StockCountLine, DoseEntry
    signs = {str(kind): effect.get(AVAILABLE, 0) for kind, effect in EFFECTS.items()}
    there = func.sum(entry.doses * case(signs, value=entry.kind, else_=0))
    wrong = (
        select(line.count_id, line.number, line.expected_doses, there.label("there"))
        .join(
            entry,
            and_(entry.inventory_id == line.inventory_id, entry.id <= line.last_entry_id),
        )
        .group_by(line.id, line.count_id, line.number, line.expected_doses)
        .having(there != line.expected_doses)
        .order_by(line.count_id, line.number)
    )
    for row in session().execute(wrong):
        yield (
            f"Count {row.count_id}, line {row.number}: {row.expected_doses} doses are expected, "
            f"the ledger had {row.there}."
        )
