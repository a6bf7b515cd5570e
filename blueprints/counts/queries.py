"""Reading counts.

A count may hold any number of lines, so they are read as far as they are needed: a page of the
form, a sheet, what differs, what moved. Figures are added up by the database.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, func, or_, select
from sqlalchemy.orm import aliased

from blueprints.counts.models import StockCount, StockCountLine
from blueprints.counts.rules import (
    LINES_A_PAGE,
    CountState,
    EnteredLine,
    Stretch,
    doubt,
    is_unlikely,
    mark_of,
    may_be_in_transit,
    part_label,
    stretch,
)
from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import DocumentKind, document_number
from portal.access.scope import Scope
from portal.catalog.queries import doses_per_vial
from portal.db import session
from portal.people.models import User
from portal.searching.newest import newest_first

PAGE = 25


@dataclass(frozen=True)
class Figures:
    """How many lines a count has, how many of them somebody has dealt with, how many are said not
    to be counted, and how many differ from what is expected."""

    lines: int = 0
    done: int = 0
    skipped: int = 0
    differing: int = 0

    @property
    def agreeing(self) -> int:
        """How many were counted and hold what is expected."""
        return self.done - self.skipped - self.differing


@dataclass(frozen=True)
class Count:
    """A count as lists show it, and as the heading of its page."""

    row: StockCount
    state: CountState
    started_by: str
    closed_by: str
    figures: Figures

    @property
    def open(self) -> bool:
        """Whether it can still be changed."""
        return self.state is CountState.OPEN

    @property
    def whole(self) -> bool:
        """Whether it is a count of all storage units."""
        return not self.row.storage_unit and not self.row.without_unit

    @property
    def part(self) -> str:
        """What it is a count of, in words."""
        return part_label(None if self.whole else self.row.storage_unit)

    @property
    def document(self) -> str:
        """The number of the document that was booked; empty for none."""
        if self.row.document_id is None:
            return ""
        return document_number(DocumentKind.COUNT, self.row.document_id)


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
        started_by=names.get(row.started_by_id, ""),
        closed_by=names.get(row.closed_by_id or 0, ""),
        figures=_figures([count_id]).get(count_id, Figures()),
    )


def _names(ids: Sequence[int | None]) -> list[tuple[int, str]]:
    rows = session().execute(
        select(User.id, User.first_name, User.last_name).where(User.id.in_(ids))
    )
    return [(number, f"{first} {last}") for number, first, last in rows]


def find_open(scope: Scope, storage_unit: str | None) -> StockCount | None:
    """The open count of a storage unit of the present location, of the records that are in none
    (""), or of all (None)."""
    return session().scalar(
        select(StockCount).where(
            StockCount.location_id == scope.location_id,
            StockCount.storage_unit == (storage_unit or ""),
            StockCount.without_unit.is_(storage_unit == ""),
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


# Lines


@dataclass(frozen=True)
class CountedLine:
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
    def entered(self) -> EnteredLine:
        """What was entered in it."""
        return EnteredLine(
            self.row.expected_doses,
            self.row.counted_doses,
            self.row.reason,
            self.row.not_counted,
            mark_of(self.row.storage_unit),
        )

    @property
    def outdated(self) -> bool:
        """Whether doses of the record came or went since the expected value was taken."""
        return self.newest != self.row.last_entry_id

    @property
    def moved(self) -> bool:
        """Whether that concerns the count."""
        return self.outdated and not self.row.not_counted

    @property
    def elsewhere(self) -> bool:
        """Whether its box is in another storage unit than when the expected value was taken."""
        return self.record.storage_unit != self.row.storage_unit and not self.row.not_counted

    @property
    def may_be_in_transit(self) -> bool:
        """Whether the doses too many may be those that wait for the courier."""
        return may_be_in_transit(self.entered.difference, self.record.doses_in_transit)


NEWEST = (
    select(func.max(DoseEntry.id))
    .where(DoseEntry.inventory_id == StockCountLine.inventory_id)
    .correlate(StockCountLine)
    .scalar_subquery()
)
DEALT_WITH = or_(StockCountLine.not_counted, StockCountLine.counted_doses.is_not(None))
DIFFERS = and_(
    ~StockCountLine.not_counted,
    StockCountLine.counted_doses.is_not(None),
    StockCountLine.counted_doses != StockCountLine.expected_doses,
)

ELSEWHERE = StockCountLine.storage_unit != VaccineInventory.storage_unit


def list_lines(count: Count, *where: ColumnElement[bool]) -> list[CountedLine]:
    """The lines as they are now, and where their records are kept: one statement, one moment."""
    rows = session().execute(
        select(StockCountLine, VaccineInventory, VaccineInventory.doses_available, NEWEST)
        .join(VaccineInventory, VaccineInventory.id == StockCountLine.inventory_id)
        .where(StockCountLine.count_id == count.row.id, *where)
        .order_by(StockCountLine.number)
        .execution_options(populate_existing=True)
    )
    return [CountedLine(row, record, available, last) for row, record, available, last in rows]


def list_stretch(count: Count, wanted: Stretch) -> list[CountedLine]:
    """The lines of a page or a sheet."""
    return list_lines(count, StockCountLine.number.between(wanted.first, wanted.last))


def list_numbered(count: Count, numbers: Collection[int]) -> list[CountedLine]:
    """The lines with these numbers."""
    return list_lines(count, StockCountLine.number.in_(numbers))


def list_differing(count: Count) -> list[CountedLine]:
    """The lines with more or fewer doses than expected."""
    return list_lines(count, DIFFERS)


def per_vial(scope: Scope, lines: Iterable[CountedLine]) -> dict[int, int]:
    """How many doses a vial has today, by the product of the lines; nothing for single doses."""
    found = doses_per_vial({line.record.product_id for line in lines}, scope.today())
    return {product: doses for product, doses in found.items() if doses > 1}


def doubts(scope: Scope, differing: Sequence[CountedLine]) -> list[str]:
    """Which differences are too large to be booked unless they are meant, in sentences."""
    sizes = per_vial(scope, differing)
    return [
        doubt(f"{line.number}. {line.record.name}", line.entered, size)
        for line in differing
        if is_unlikely(line.entered, size := sizes.get(line.record.product_id))
    ]


def list_moved(count: Count) -> list[CountedLine]:
    """The lines that must be counted again: doses came or went since their expected value was
    taken, or they differ while the box is now in another storage unit. A count of all units
    finds the box there."""
    moved = StockCountLine.last_entry_id != NEWEST
    if not count.whole:
        moved = or_(moved, and_(DIFFERS, ELSEWHERE))
    return list_lines(count, moved, ~StockCountLine.not_counted)


def list_entered(count: Count) -> list[tuple[int, EnteredLine]]:
    """The numbers of all lines, and what was entered in them."""
    line = StockCountLine
    rows = session().execute(
        select(line.number, line.expected_doses, line.counted_doses, line.reason, line.not_counted)
        .where(line.count_id == count.row.id)
        .order_by(line.number)
    )
    return [
        (number, EnteredLine(expected, counted, reason, not_counted))
        for number, expected, counted, reason, not_counted in rows
    ]


def records_of(count: Count) -> Select[int]:
    """The ids of the records that are counted, to be asked within another statement."""
    return select(StockCountLine.inventory_id).where(StockCountLine.count_id == count.row.id)


def by_unit(lines: Iterable[CountedLine]) -> list[tuple[str, list[CountedLine]]]:
    """The lines by storage unit, in their order. A box that was counted again where it is now
    is not among those of its old unit."""
    units: dict[str, list[CountedLine]] = {}
    for line in lines:
        units.setdefault(line.row.storage_unit, []).append(line)
    return list(units.items())


def first_left(count: Count) -> int | None:
    """The number of the first line that nobody has dealt with; None if there is none."""
    return session().scalar(
        select(func.min(StockCountLine.number)).where(
            StockCountLine.count_id == count.row.id, ~DEALT_WITH
        )
    )


@dataclass(frozen=True)
class FormPage:
    """A page of the form: its lines, the storage unit of the first of them, how many are done."""

    lines: Stretch
    unit: str
    done: int


def list_form_pages(count: Count) -> list[FormPage]:
    """The pages of the form; none for a count that fits on one."""
    total = count.figures.lines
    if total <= LINES_A_PAGE:
        return []
    line = StockCountLine
    page = ((line.number - 1) // LINES_A_PAGE + 1).label("page")
    opens = case(((line.number - 1) % LINES_A_PAGE == 0, line.storage_unit))
    rows = session().execute(
        select(page, func.min(opens), _number_of(DEALT_WITH))
        .where(line.count_id == count.row.id)
        .group_by("page")
        .order_by("page")
    )
    return [
        FormPage(stretch(number, total, LINES_A_PAGE), unit, int(done))
        for number, unit, done in rows
    ]


# Lists


def list_open(
    scope: Scope, *, since: datetime | None = None, until: datetime | None = None
) -> list[Count]:
    """The open counts of the present location that were started from `since` on and before
    `until`, newest first."""
    return _counts(scope, StockCount.state == CountState.OPEN, Days(since, until))


def list_closed(
    scope: Scope,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
) -> list[Count]:
    """The closed counts of the present location that were started from `since` on and before
    `until`, newest first, 26 at most; those with an id below `before`."""
    days = Days(since, until, before)
    return _counts(scope, StockCount.state != CountState.OPEN, days, PAGE + 1)


class Days(NamedTuple):
    """The stretch of time in which counts were started, and where the list goes on."""

    since: datetime | None = None
    until: datetime | None = None
    below: int | None = None


def _counts(
    scope: Scope,
    condition: ColumnElement[bool],
    days: Days | None = None,
    limit: int | None = None,
) -> list[Count]:
    starter, closer = aliased(User), aliased(User)
    query = (
        select(
            StockCount, starter.first_name, starter.last_name, closer.first_name, closer.last_name
        )
        .join(starter, starter.id == StockCount.started_by_id)
        .outerjoin(closer, closer.id == StockCount.closed_by_id)
        .where(StockCount.location_id == scope.location_id, condition)
        .limit(limit)
    )
    asked = (days or Days())._asdict()
    rows = session().execute(newest_first(query, StockCount.started_at, StockCount.id, **asked))
    found = [(row[0], f"{row[1]} {row[2]}", f"{row[3]} {row[4]}" if row[3] else "") for row in rows]
    figures = _figures([count.id for count, _starter, _closer in found])
    return [
        Count(count, CountState(count.state), by, closed_by, figures.get(count.id, Figures()))
        for count, by, closed_by in found
    ]


def _figures(count_ids: Sequence[int]) -> dict[int, Figures]:
    line = StockCountLine
    rows = session().execute(
        select(
            line.count_id,
            func.count(),
            _number_of(DEALT_WITH),
            _number_of(line.not_counted),
            _number_of(DIFFERS),
        )
        .where(line.count_id.in_(count_ids))
        .group_by(line.count_id)
    )
    return {count_id: Figures(*map(int, numbers)) for count_id, *numbers in rows}


def _number_of(condition: Any) -> Any:
    """How many lines of a group it holds for."""
    return func.coalesce(func.sum(cast(condition, Integer)), 0)
