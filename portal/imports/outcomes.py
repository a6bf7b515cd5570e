"""What became of each row of a file: kept in a compact form, read a page at a time.

Rows that were added, removed, unchanged or are undecided are kept as runs: `[row, record, count]`
represents `count` rows from `row` on, whose records are numbered from `record` on. Of an updated
row the changes are kept as its module gave them. Rows that were not taken in are in `ImportError`;
of many the first `MOST_WRONG`, while `ImportRun.failed` counts them all.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from sqlalchemy import select

from portal.db import session
from portal.i18n import Label, _l
from portal.imports.models import ImportError, ImportPart, ImportRun
from portal.sheets.columns import CellError, CellMended

PAGE = 25
# Nobody corrects more rows one by one, and each may be wrong in a dozen ways.
MOST_WRONG = 1_000

Kind = Literal["added", "updated", "removed", "unchanged", "undecided", "failed"]
KINDS: tuple[Kind, ...] = ("added", "updated", "unchanged", "failed")
LABELS: dict[Kind, Label] = {
    "added": _l("Added"),
    "updated": _l("Updated"),
    "removed": _l("Removed"),
    "unchanged": _l("Unchanged"),
    "undecided": _l("To decide"),
    "failed": _l("To correct"),
}
# Kept without more than the record.
PLAIN: tuple[Kind, ...] = ("added", "removed", "unchanged", "undecided")
TAKEN: tuple[Kind, ...] = ("added", "updated", "removed", "unchanged", "undecided")

T = TypeVar("T")
Pair = tuple[int, int]


@dataclass
class Judged(Generic[T]):
    """What was found in a batch before it is written: rows that may be taken in, what is wrong
    with others, and what was corrected in either, by row number."""

    rows: list[T] = field(default_factory=list)
    errors: list[tuple[int, CellError]] = field(default_factory=list)
    mended: list[tuple[int, CellMended]] = field(default_factory=list)


@dataclass
class Outcome:
    """What became of a batch: row numbers and the ids of their records, for updated rows the
    changes as JSON knows them. `errors` are by row number; a row with any was not taken in.
    `undecided` rows wait until somebody decides what they mean (`decisions.decide`)."""

    added: list[Pair] = field(default_factory=list)
    updated: list[tuple[int, int, dict[str, Any]]] = field(default_factory=list)
    removed: list[Pair] = field(default_factory=list)
    unchanged: list[Pair] = field(default_factory=list)
    undecided: list[Pair] = field(default_factory=list)
    errors: list[tuple[int, CellError]] = field(default_factory=list)
    mended: list[tuple[int, CellMended]] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """How many rows were not taken in."""
        return rows_of(self.errors)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows were taken in, by kind."""
        return {kind: len(getattr(self, kind)) for kind in TAKEN}

    @property
    def part(self) -> dict[str, Any] | None:
        """The columns of the `ImportPart` that keeps it; None if no row was taken in."""
        if not any(self.counts.values()):
            return None
        return {**self.counts, "rows": packed({kind: getattr(self, kind) for kind in TAKEN})}


def rows_of(remarks: Iterable[tuple[int, object]]) -> int:
    """How many rows something is said of."""
    return len({number for number, _remark in remarks})


def first_rows(remarks: Sequence[tuple[int, T]], rows: int) -> list[tuple[int, T]]:
    """Everything that is said of the first so many rows."""
    kept = set(sorted({number for number, _remark in remarks})[: max(0, rows)])
    return [one for one in remarks if one[0] in kept]


def packed(rows: dict[Kind, list[Any]]) -> dict[str, list[list[Any]]]:
    """The rows in the form in which they are kept; kinds without any are left out."""
    kept = {
        kind: [list(one) for one in found] if kind == "updated" else _runs(sorted(found))
        for kind, found in rows.items()
    }
    return {kind: found for kind, found in kept.items() if found}


def _runs(pairs: Iterable[Pair]) -> list[list[int]]:
    runs: list[list[int]] = []
    for row, record_id in pairs:
        if runs:
            first, begins, count = runs[-1]
            if (row, record_id) == (first + count, begins + count):
                runs[-1][2] += 1
                continue
        runs.append([row, record_id, 1])
    return runs


class Taken(NamedTuple):
    """A row that was taken in: what became of it, of which record, and the changes."""

    row: int
    kind: Kind
    record_id: int
    changed: dict[str, Any]


def unpacked(part: ImportPart, kinds: Iterable[Kind] = TAKEN) -> Iterator[Taken]:
    """The rows that a part keeps, those of these kinds."""
    for kind in kinds:
        if kind in PLAIN:
            for row, record_id, count in part.rows.get(kind, ()):
                for step in range(count):
                    yield Taken(row + step, kind, record_id + step, {})
        else:
            for row, record_id, changed in part.rows.get(kind, ()):
                yield Taken(row, kind, record_id, changed)


def added_by(run_id: int) -> list[int]:
    """The ids of the records that a file added."""
    parts = session().scalars(select(ImportPart).where(ImportPart.run_id == run_id))
    return [one.record_id for part in parts for one in unpacked(part, ("added",))]


@dataclass(frozen=True)
class Change:
    """A detail that an updated row changed, as the file writes it."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class RowOutcome:
    """What became of one row, and of which record; `errors` and what was `mended` are columns and
    sentences."""

    row: int
    kind: Kind
    record_id: int
    changed: dict[str, Any]
    errors: tuple[tuple[str, str], ...] = ()
    mended: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RowsPage:
    """Some rows of a file, and the row number the next page begins with."""

    rows: list[RowOutcome]
    following: int | None


def list_rows(
    run: ImportRun, kinds: Collection[Kind], *, kind: Kind | None = None, start: int = 0
) -> RowsPage:
    """What became of the rows from number `start` on, or of those with this outcome."""
    kinds = (kind,) if kind else kinds
    taken_kinds = [one for one in TAKEN if one in kinds]
    found: list[Taken] = []
    for part in _parts(run, taken_kinds, start):
        found += [one for one in unpacked(part, taken_kinds) if one.row >= start]
    failed = _failed(run, start) if "failed" in kinds else []
    found += [Taken(row, "failed", 0, {}) for row in failed]
    found.sort(key=lambda one: one.row)
    page, rest = found[:PAGE], found[PAGE:]
    said = _said(run, [one.row for one in page])
    rows = [
        RowOutcome(
            *one,
            errors=said.get((one.row, False), ()) if one.kind == "failed" else (),
            mended=said.get((one.row, True), ()),
        )
        for one in page
    ]
    return RowsPage(rows, rest[0].row if rest else None)


def _parts(run: ImportRun, kinds: Iterable[Kind], start: int) -> list[ImportPart]:
    """As many parts from that row on as a page and the row behind it need."""
    counted = [getattr(ImportPart, kind) for kind in kinds]
    if not counted:
        return []
    total = sum(counted[1:], counted[0])
    sizes = session().execute(
        select(ImportPart.last_row, total)
        .where(ImportPart.run_id == run.id, ImportPart.last_row >= start, total > 0)
        .order_by(ImportPart.last_row)
        .limit(PAGE + 2)
    )
    # Of the first part perhaps only its last row counts.
    wanted, rows = [], -1
    for number, (last_row, size) in enumerate(sizes):
        wanted.append(last_row)
        rows += size if number else 1
        if rows > PAGE:
            break
    query = select(ImportPart).where(ImportPart.run_id == run.id, ImportPart.last_row.in_(wanted))
    return list(session().scalars(query.order_by(ImportPart.last_row))) if wanted else []


def _failed(run: ImportRun, start: int) -> list[int]:
    """The numbers of the next rows that were not taken in."""
    return list(
        session().scalars(
            select(ImportError.row)
            .where(
                ImportError.run_id == run.id,
                ImportError.row >= start,
                ImportError.mended.is_(False),
            )
            .distinct()
            .order_by(ImportError.row)
            .limit(PAGE + 1)
        )
    )


def _said(run: ImportRun, rows: list[int]) -> dict[tuple[int, bool], tuple[tuple[str, str], ...]]:
    """What is wrong with these rows, and what was mended in them."""
    found: dict[tuple[int, bool], tuple[tuple[str, str], ...]] = {}
    for row, mended, column, message in session().execute(
        select(ImportError.row, ImportError.mended, ImportError.column, ImportError.message)
        .where(ImportError.run_id == run.id, ImportError.row.in_(rows))
        .order_by(ImportError.row, ImportError.id)
    ):
        found[row, mended] = (*found.get((row, mended), ()), (column, message))
    return found
