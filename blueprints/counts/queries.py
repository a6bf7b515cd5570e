"""Reading counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import ColumnElement, Integer, and_, cast, func, or_, select
from sqlalchemy.orm import aliased

from blueprints.counts.models import StockCount, StockCountLine
from blueprints.counts.rules import CountState, Entered
from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import DocumentKind, document_number
from portal.db import session
from portal.people.models import User
from portal.places.scope import Scope

PAGE = 25
MOST_OPEN = 100


@dataclass(frozen=True)
class Line:
    """A line as pages show it; `available` doses and `newest` entry are the record's now."""

    row: StockCountLine
    record: VaccineInventory
    available: int
    newest: int

    @property
    def number(self) -> int:
        """Its number on the sheet."""
        return self.row.number

    @property
    def entered(self) -> Entered:
        """What stands in it."""
        return Entered(
            self.row.expected_doses, self.row.counted_doses, self.row.reason, self.row.not_counted
        )

    @property
    def moved(self) -> bool:
        """Whether doses of the record came or went since the expected value was taken."""
        return self.newest != self.row.last_entry_id and not self.row.not_counted


@dataclass(frozen=True)
class Count:
    """A count with its lines, in the order of the sheet."""

    row: StockCount
    state: CountState
    lines: list[Line]
    started_by: str
    closed_by: str

    @property
    def open(self) -> bool:
        """Whether it can still be changed."""
        return self.state is CountState.OPEN

    @property
    def units(self) -> list[tuple[str, list[Line]]]:
        """The lines by storage unit."""
        return [(unit, list(lines)) for unit, lines in groupby(self.lines, _unit)]

    @property
    def done(self) -> int:
        """How many lines somebody has dealt with."""
        return sum(line.entered.done for line in self.lines)

    @property
    def differing(self) -> list[Line]:
        """The lines with more or fewer doses than expected."""
        return [line for line in self.lines if line.entered.difference]

    @property
    def moved(self) -> list[Line]:
        """The lines whose stock moved since their expected value was taken."""
        return [line for line in self.lines if line.moved]

    @property
    def document(self) -> str:
        """The number of the document that was booked; empty for none."""
        if self.row.document_id is None:
            return ""
        return document_number(DocumentKind.COUNT, self.row.document_id)


def _unit(line: Line) -> str:
    return line.row.storage_unit


def get_count(scope: Scope, count_id: int) -> Count:
    """The count, if it is the present location's. Raises `NotFound`."""
    scope.require("counts.view")
    row = session().get(StockCount, count_id, populate_existing=True)
    scope.require_location(row.location_id if row else None)
    assert row is not None
    names = dict(_names([row.started_by_id, row.closed_by_id]))
    return Count(
        row=row,
        state=CountState(row.state),
        lines=_lines_of(count_id),
        started_by=names.get(row.started_by_id, ""),
        closed_by=names.get(row.closed_by_id or 0, ""),
    )


def _names(ids: Sequence[int | None]) -> list[tuple[int, str]]:
    rows = session().execute(
        select(User.id, User.first_name, User.last_name).where(User.id.in_(ids))
    )
    return [(number, f"{first} {last}") for number, first, last in rows]


def _lines_of(count_id: int) -> list[Line]:
    """The lines as they are now, and where their records stand: one statement, one moment."""
    newest = (
        select(func.max(DoseEntry.id))
        .where(DoseEntry.inventory_id == StockCountLine.inventory_id)
        .correlate(StockCountLine)
        .scalar_subquery()
    )
    rows = session().execute(
        select(StockCountLine, VaccineInventory, VaccineInventory.doses_available, newest)
        .join(VaccineInventory, VaccineInventory.id == StockCountLine.inventory_id)
        .where(StockCountLine.count_id == count_id)
        .order_by(StockCountLine.number)
        .execution_options(populate_existing=True)
    )
    return [Line(row, record, available, last) for row, record, available, last in rows]


def find_open(scope: Scope, storage_unit: str) -> StockCount | None:
    """The open count of a storage unit of the present location; "" for all of the location."""
    return session().scalar(
        select(StockCount).where(
            StockCount.location_id == scope.location_id,
            StockCount.storage_unit == storage_unit,
            StockCount.state == CountState.OPEN,
        )
    )


def find_of_document(scope: Scope, document_id: int) -> StockCount | None:
    """The count that a document of the present location was booked for."""
    return session().scalar(
        select(StockCount).where(
            StockCount.document_id == document_id, StockCount.location_id == scope.location_id
        )
    )


@dataclass(frozen=True)
class Summary:
    """A count as the list shows it; `done` of `lines` lines are dealt with, `differing` differ."""

    row: StockCount
    state: CountState
    started_by: str
    closed_by: str
    lines: int
    done: int
    differing: int


def list_open(scope: Scope) -> list[Summary]:
    """The open counts of the present location, newest first."""
    return _summaries(scope, StockCount.state == CountState.OPEN, MOST_OPEN)


def list_closed(scope: Scope, *, before: int | None = None) -> list[Summary]:
    """The closed counts of the present location, newest first, 26 at most; those with an id
    below `before`."""
    closed = StockCount.state != CountState.OPEN
    return _summaries(
        scope, closed if before is None else closed & (StockCount.id < before), PAGE + 1
    )


def _summaries(scope: Scope, condition: ColumnElement[bool], limit: int) -> list[Summary]:
    starter, closer = aliased(User), aliased(User)
    rows = session().execute(
        select(
            StockCount, starter.first_name, starter.last_name, closer.first_name, closer.last_name
        )
        .join(starter, starter.id == StockCount.started_by_id)
        .outerjoin(closer, closer.id == StockCount.closed_by_id)
        .where(StockCount.location_id == scope.location_id, condition)
        .order_by(StockCount.id.desc())
        .limit(limit)
    )
    found = [(row[0], f"{row[1]} {row[2]}", f"{row[3]} {row[4]}" if row[3] else "") for row in rows]
    numbers = _numbers([count.id for count, _starter, _closer in found])
    return [
        Summary(count, CountState(count.state), by, closed_by, *numbers.get(count.id, (0, 0, 0)))
        for count, by, closed_by in found
    ]


def _numbers(count_ids: Sequence[int]) -> dict[int, tuple[int, int, int]]:
    """For each count: its lines, those dealt with, those that differ."""
    line = StockCountLine
    counted = and_(line.not_counted.is_(False), line.counted_doses.is_not(None))
    differs = and_(counted, line.counted_doses != line.expected_doses)
    rows = session().execute(
        select(
            line.count_id,
            func.count(),
            func.sum(cast(or_(line.not_counted, line.counted_doses.is_not(None)), Integer)),
            func.sum(cast(differs, Integer)),
        )
        .where(line.count_id.in_(count_ids))
        .group_by(line.count_id)
    )
    return {number: (int(all_), int(done), int(other)) for number, all_, done, other in rows}
