"""Columns of a spreadsheet: which there are, where a file has them, how its cells are read.

    bound = bind(COLUMNS, table.header)
    for number, cells in rows:
        values, errors = parse_row(bound, cells)

A header is recognised whatever its case, order, spaces, hyphens, punctuation and `#`. Whatever is
wrong with the header is said once for the file, whatever is wrong with a row all at once.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from portal.errors import Invalid
from portal.i18n import _
from portal.normal_form import normalize
from portal.sheets.limits import CELL_CHARACTERS

# The column that `writer.annotated_copy` adds: when the corrected file comes back it means nothing.
ADVICE = "What to correct"

SHOWN_VALUE = 80
# No column is called anything longer.
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column. `key` names its value in the code, `label` is what people see.

    `parse(cell)` returns the value or raises `Invalid` with a sentence; it never sees blank cells.
    In files that the portal writes, `choices` are a drop-down list, and a `text` column keeps what
    is typed as it is: zeros in front, and codes that look like numbers or dates.
    """

    key: str
    label: str
    parse: Callable[[Any], Any]
    aliases: tuple[str, ...] = ()
    required: bool = True
    choices: tuple[str, ...] = ()
    text: bool = False


class CellError(NamedTuple):
    """What is wrong with a cell, in a sentence that says what to enter.

    `column` is the label, `value` the cell as text (shortened), `position` the cell's index in the
    file's row, None for what concerns the row as a whole.
    """

    column: str
    message: str
    value: str
    position: int | None = None


class CellMended(NamedTuple):
    """What the portal corrected in a cell by itself: `message` says why, `value` is what counts."""

    column: str
    message: str
    value: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class BoundColumns:
    """`columns` as a file has them. Rows can be parsed only if there are no `problems`.

    positions: key of each column found -> index in the file's rows.
    problems: sentences about the header that make the file unreadable.
    notes: sentences the user should know; nothing needs to be done.
    """

    columns: tuple[SheetColumn, ...]
    positions: dict[str, int]
    width: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    plan: tuple[tuple[str, str, int, Callable[[Any], Any], bool], ...]


def fold(name: object) -> str:
    """A column's name reduced to its letters and digits, for comparing."""
    text = normalize("NFKD", str(name)[:LONGEST_NAME]) if name is not None else ""
    return "".join(filter(str.isalnum, text)).casefold()


def header_test(columns: Iterable[SheetColumn]) -> Callable[[Sequence[object]], bool]:
    """The function that tells whether a row of cells is the header: it names half the columns.

    Half of the required ones, at least two (or all, if there are fewer), so that a header with
    some names misspelt is still found and can be complained about by name.
    """
    columns = tuple(columns)
    names = names_of(columns)
    enough = max(min(2, len(columns)), (sum(c.required for c in columns) + 1) // 2)

    def recognises(cells: Sequence[object]) -> bool:
        found = {names.get(fold(cell)) for cell in cells if isinstance(cell, str)}
        return len(found - {None}) >= enough

    return recognises


def names_of(columns: Sequence[SheetColumn]) -> dict[str, SheetColumn]:
    """All names that the columns answer to, folded. Raises `ValueError` if two answer to one."""
    names: dict[str, SheetColumn] = {}
    for column in columns:
        for name in (column.label, column.key, *column.aliases):
            if names.setdefault(fold(name), column) is not column:
                raise ValueError(f"two columns answer to {name!r}")
    return names


def bind(columns: Iterable[SheetColumn], header: Sequence[object]) -> BoundColumns:
    """Find `columns` in the `header` of a file."""
    columns = tuple(columns)
    names = names_of(columns)
    found: dict[str, list[int]] = {}
    unknown: list[str] = []
    for position, cell in enumerate(header):
        folded = fold(cell)
        if column := names.get(folded):
            found.setdefault(column.key, []).append(position)
        elif folded and folded != fold(ADVICE):
            unknown.append(shown(cell))
    positions = {key: places[0] for key, places in found.items()}
    problems = []
    missing = [c.label for c in columns if c.required and c.key not in found]
    if missing:
        problems.append(
            _(
                "These columns are missing: %(names)s. Add them to the header row, "
                "or start from the template.",
                names=", ".join(missing),
            )
        )
    double = [c.label for c in columns if len(found.get(c.key, ())) > 1]
    if double:
        problems.append(
            _(
                "These columns appear more than once: %(names)s. Keep one of each.",
                names=", ".join(double),
            )
        )
    notes = []
    if unknown:
        notes.append(
            _("These columns are not known and were not read: %(names)s.", names=", ".join(unknown))
        )
    return BoundColumns(
        columns=columns,
        positions=positions,
        width=len(header),
        problems=tuple(problems),
        notes=tuple(notes),
        plan=tuple(
            (c.key, c.label, positions.get(c.key, sys.maxsize), c.parse, c.required)
            for c in columns
        ),
    )


def parse_row(
    bound: BoundColumns, cells: Sequence[object]
) -> tuple[dict[str, Any], list[CellError]]:
    """The row's values by column key (None where blank), and everything that is wrong with it.

    A key whose cell is wrong is absent from the values.
    """
    values: dict[str, Any] = {}
    errors: list[CellError] = []
    length = len(cells)
    for key, label, position, parse, required in bound.plan:
        cell = cells[position] if position < length else None
        if isinstance(cell, str) and len(cell) > CELL_CHARACTERS:
            errors.append(CellError(label, too_long(), shown(cell), position))
            continue
        if cell is None or cell == "" or (isinstance(cell, str) and not cell.strip()):
            if required:
                message = _("%(column)s is blank. Fill it in.", column=label)
                errors.append(CellError(label, message, "", position))
            else:
                values[key] = None
            continue
        try:
            values[key] = parse(cell)
        except Invalid as refusal:
            errors.append(CellError(label, refusal.message, shown(cell), position))
    if length > bound.width and any(cell not in (None, "") for cell in cells[bound.width :]):
        errors.append(
            CellError(
                "",
                _(
                    "The row has more values than the header has columns. A comma inside a value "
                    "may have split it: put such a value in double quotes."
                ),
                shown(cells[-1]),
            )
        )
    return values, errors


def too_long() -> str:
    """What is said of a cell that holds more than any value may."""
    return _(
        "This has more than %(most)s characters. Enter only what belongs in this column.",
        most=f"{CELL_CHARACTERS:,}",
    )


def shown(cell: object) -> str:
    """A cell as short text for a message: printable, at most 80 characters."""
    if isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) > 10**SHOWN_VALUE:
        return "…"
    if isinstance(cell, datetime):
        return f"{cell:%m/%d/%Y}"
    text = "" if cell is None else str(cell)[: SHOWN_VALUE * 2]
    text = "".join(c if c.isprintable() else " " for c in text).strip()
    return text if len(text) <= SHOWN_VALUE else text[: SHOWN_VALUE - 1] + "…"
