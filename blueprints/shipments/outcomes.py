"""What became of each row of a file: kept in a compact form, read a page at a time.

Rows that were added or unchanged are kept as runs: `[row, shipment, count]` stands for `count`
rows from `row` on, whose shipments are numbered from `shipment` on. Of a corrected row the changed
details are kept, old and new. Rows that were not taken in are in `ImportError`; of many the first
`MOST_WRONG`, while `ImportRun.failed` counts them all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from sqlalchemy import select

from blueprints.shipments.models import ImportError, ImportPart, ImportRun, Shipment
from blueprints.shipments.rules import LABELS, Details
from portal.db import session
from portal.places.models import Location
from portal.sheets.columns import CellError

PAGE = 25
# Nobody corrects more rows one by one, and each may be wrong in a dozen ways.
MOST_WRONG = 1_000

Kind = Literal["added", "updated", "unchanged", "failed"]
KINDS: tuple[Kind, ...] = ("added", "updated", "unchanged", "failed")
# Printed as one: a date of which perhaps only the month was given.
EXPIRATION = ("expiration_date", "expiration_month_only")


@dataclass
class Outcome:
    """What became of a batch: row numbers and the ids of their shipments, for corrected rows the
    changes. `errors` are by row number; a row with any was not taken in."""

    added: list[tuple[int, int]] = field(default_factory=list)
    updated: list[tuple[int, int, dict[str, Any]]] = field(default_factory=list)
    unchanged: list[tuple[int, int]] = field(default_factory=list)
    errors: list[tuple[int, CellError]] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """How many rows were not taken in."""
        return len({number for number, _error in self.errors})

    def first_errors(self, rows: int) -> list[tuple[int, CellError]]:
        """Everything that is wrong with the first so many rows that were not taken in."""
        kept = set(sorted({number for number, _error in self.errors})[: max(0, rows)])
        return [error for error in self.errors if error[0] in kept]

    @property
    def part(self) -> dict[str, Any] | None:
        """The columns of the `ImportPart` that keeps it; None if no row was taken in."""
        if not (self.added or self.updated or self.unchanged):
            return None
        return {
            "added": len(self.added),
            "updated": len(self.updated),
            "unchanged": len(self.unchanged),
            "rows": {
                "added": _runs(self.added),
                "updated": [list(one) for one in self.updated],
                "unchanged": _runs(sorted(self.unchanged)),
            },
        }


def changes(before: Details, after: Details, names: Iterable[str]) -> dict[str, Any]:
    """The details of these names, old and new, as they are kept."""
    wanted = set(names)
    if wanted.intersection(EXPIRATION):
        wanted.update(EXPIRATION)
    old, new = as_json(before), as_json(after)
    return {name: [old[name], new[name]] for name in LABELS if name in wanted}


def as_json(details: Details) -> dict[str, object]:
    """The details as JSON knows them."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in vars(details).items()
    }


def _runs(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    runs: list[list[int]] = []
    for row, shipment_id in pairs:
        if runs:
            first, begins, count = runs[-1]
            if (row, shipment_id) == (first + count, begins + count):
                runs[-1][2] += 1
                continue
        runs.append([row, shipment_id, 1])
    return runs


@dataclass(frozen=True)
class Change:
    """A detail that a corrected row changed, as the file writes it."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Named:
    """A shipment as a row leads to it: its ID, and the location it goes to."""

    id: int
    number: str
    location_id: int
    pin: str


@dataclass(frozen=True)
class RowOutcome:
    """What became of one row, and of which shipment; `errors` are columns and sentences."""

    row: int
    kind: Kind
    shipment: Named | None
    changes: tuple[Change, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RowsPage:
    """Some rows of a file, and the row number the next page begins with."""

    rows: list[RowOutcome]
    following: int | None


def list_rows(run: ImportRun, *, kind: Kind | None = None, start: int = 0) -> RowsPage:
    """What became of the rows from number `start` on, or of those with this outcome."""
    kinds = (kind,) if kind else KINDS
    found: list[tuple[int, Kind, int, dict[str, Any]]] = []
    for part in _parts(run, kinds, start):
        found += [one for one in _unpacked(part, kinds) if one[0] >= start]
    errors = _errors(run, start) if "failed" in kinds else {}
    found += [(row, "failed", 0, {}) for row in errors]
    found.sort(key=lambda one: one[0])
    page, rest = found[:PAGE], found[PAGE:]
    shipments = named({shipment_id for _row, _kind, shipment_id, _new in page})
    pins = _pins(page)
    rows = [
        RowOutcome(
            row=row,
            kind=which,
            shipment=shipments.get(shipment_id),
            changes=_in_words(changed, pins),
            errors=tuple(errors.get(row, ())) if which == "failed" else (),
        )
        for row, which, shipment_id, changed in page
    ]
    return RowsPage(rows, rest[0][0] if rest else None)


def _parts(run: ImportRun, kinds: Iterable[Kind], start: int) -> list[ImportPart]:
    """As many parts from that row on as a page and the row behind it need."""
    counted = [getattr(ImportPart, kind) for kind in kinds if kind != "failed"]
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


def _unpacked(
    part: ImportPart, kinds: Iterable[Kind]
) -> Iterator[tuple[int, Kind, int, dict[str, Any]]]:
    for kind in kinds:
        if kind == "updated":
            for row, shipment_id, changed in part.rows["updated"]:
                yield row, kind, shipment_id, changed
        elif kind != "failed":
            for row, shipment_id, count in part.rows[kind]:
                for step in range(count):
                    yield row + step, kind, shipment_id + step, {}


def _errors(run: ImportRun, start: int) -> dict[int, list[tuple[str, str]]]:
    """What is wrong with the next rows that were not taken in."""
    of_run = (ImportError.run_id == run.id, ImportError.row >= start)
    rows = (
        select(ImportError.row).where(*of_run).distinct().order_by(ImportError.row).limit(PAGE + 1)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for row, column, message in session().execute(
        select(ImportError.row, ImportError.column, ImportError.message)
        .where(ImportError.run_id == run.id, ImportError.row.in_(rows))
        .order_by(ImportError.row, ImportError.id)
    ):
        found.setdefault(row, []).append((column, message))
    return found


def named(ids: set[int]) -> dict[int, Named]:
    """The shipments with these ids, to whatever location; for who imports for all of them."""
    rows = session().execute(
        select(Shipment.id, Shipment.number, Shipment.location_id, Location.pin)
        .join(Location, Location.id == Shipment.location_id)
        .where(Shipment.id.in_(ids))
    )
    return {row.id: Named(*row) for row in rows}


def _pins(page: Iterable[tuple[int, Kind, int, dict[str, Any]]]) -> dict[int, str]:
    ids = {number for *_row, changed in page for number in changed.get("location_id", ())}
    wanted = select(Location.id, Location.pin).where(Location.id.in_(ids))
    return {row.id: row.pin for row in session().execute(wanted)} if ids else {}


def _in_words(changed: dict[str, Any], pins: dict[int, str]) -> tuple[Change, ...]:
    made = []
    for name, (old, new) in changed.items():
        if name == "expiration_month_only":
            continue
        if name == "expiration_date":
            old, new = (
                _day(value, month_only)
                for value, month_only in zip(
                    (old, new), changed["expiration_month_only"], strict=True
                )
            )
        elif name == "location_id":
            old, new = pins.get(old, ""), pins.get(new, "")
        elif name == "date_shipped":
            old, new = _day(old), _day(new)
        elif name == "doses_shipped":
            old, new = f"{old:,}", f"{new:,}"
        made.append(Change(LABELS[name], old, new))
    return tuple(made)


def _day(text: str, month_only: bool = False) -> str:
    day = date.fromisoformat(text)
    return day.strftime("%m/%Y" if month_only else "%m/%d/%Y")
