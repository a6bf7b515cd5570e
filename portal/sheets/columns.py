"""Columns of a spreadsheet: which there are, where a file has them, how its cells are read.

    bound = bind(COLUMNS, table.header)
    for number, cells in rows:
        values, errors = parse_row(bound, cells)

A header is recognised whatever its case, order, spaces, hyphens, punctuation and `#`. Whatever is
wrong with the header is said once for the file, whatever is wrong with a row all at once.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from portal.errors import Invalid
from portal.formats.dates import order_of
from portal.formats.texts import ShownNumber
from portal.i18n import _
from portal.normal_form import normalize
from portal.sheets.doubts import (
    days_asked,
    doubts_in,
    is_still_two_days,
    may_be_two_days,
    still_asked,
)
from portal.sheets.errors import too_long, unreadable
from portal.sheets.limits import CELL_CHARACTERS
from portal.sheets.table import UnreadableCell

# The column that `writer.annotated_copy` adds: when the corrected file comes back it only tells
# which dates were asked about.
ADVICE = "What to correct"

SHOWN_VALUE = 80
# No column is called anything longer.
LONGEST_NAME = 100
# What stands in brackets in a header, and what of it says that a number is none of doses, or that
# days are written before months.
BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
OTHER_UNITS = re.compile(r"vial|box|tray|case|carton|kit|pack|pallet|syringe|unit|ml")
DAY_FIRST = re.compile(r"^\W*d{1,2}\W*m")
# The parts of a number that a comma has split.
FRONT = re.compile(r"[1-9][0-9]{0,2}")
GROUP = re.compile(r"[0-9]{3}(?:\.0+)?")
# So many errors of a row with only one filled cell are one.
LONELY = 4


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column. `key` names its value in the code, `label` is what people see.

    `parse(cell)` returns the value or raises `Invalid` with a sentence; it never sees blank cells.
    In files that the portal writes, `choices` are a drop-down list, and a `text` column keeps what
    is typed as it is: zeros in front, and codes that look like numbers or dates. `holds` is what
    its values are, where that matters for more than one cell: a day whose order of day and month
    the other days of the file may tell, a number that a comma may have split. An `asked` column is
    an answer: it is only in corrected copies with a row that asks.
    """

    key: str
    label: str
    parse: Callable[[Any], Any]
    aliases: tuple[str, ...] = ()
    required: bool = True
    choices: tuple[str, ...] = ()
    text: bool = False
    holds: Literal["", "day", "number"] = ""
    asked: bool = False


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
    fields: how many cells a row may have. separated: a row with more may have been split by a
        comma inside a value, as in CSV.
    day_first: keys of columns whose days may have been written with the day first.
    advice: where a corrected copy says what to correct, None in other files.
    asked: by label of a column, the days that earlier files were asked about; those asked about
        in rows that could not be told apart have no label.
    """

    columns: tuple[SheetColumn, ...]
    positions: dict[str, int]
    width: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    plan: tuple[tuple[str, str, int, Callable[[Any], Any], bool], ...]
    fields: int = 0
    separated: bool = True
    day_first: frozenset[str] = frozenset()
    advice: int | None = None
    asked: Mapping[str, frozenset[date]] = field(default_factory=dict)


def fold(name: object) -> str:
    """A column's name reduced to its letters and digits, for comparing."""
    text = normalize("NFKD", str(name)[:LONGEST_NAME]) if name is not None else ""
    return "".join(filter(str.isalnum, text)).casefold()


def _without_brackets(name: object) -> tuple[str, str]:
    """A header without what stands in brackets behind it, folded, and that: `Quantity (doses)`."""
    text = str(name)[:LONGEST_NAME] if isinstance(name, str) else ""
    inside = " ".join("".join(found) for found in BRACKETS.findall(text)).casefold()
    return fold(BRACKETS.sub(" ", text)), inside


def header_test(columns: Iterable[SheetColumn]) -> Callable[[Sequence[object]], bool]:
    """The function that tells whether a row of cells is the header: it names half the columns.

    Half of the required ones, at least two (or all, if there are fewer), so that a header with
    some names misspelt is still found and can be complained about by name.
    """
    columns = tuple(columns)
    names = names_of(columns)
    enough = max(min(2, len(columns)), (sum(c.required for c in columns) + 1) // 2)

    def recognises(cells: Sequence[object]) -> bool:
        found = {
            names.get(fold(cell))
            or (BRACKETS.search(cell) and names.get(_without_brackets(cell)[0]))
            for cell in cells
            if isinstance(cell, str)
        }
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


def _named(names: dict[str, SheetColumn], cell: object) -> tuple[SheetColumn | None, int, str]:
    """The column that a header cell names, how exactly (0 is its label), and what it adds in
    brackets. One in another unit is none."""
    folded = fold(cell)
    inside = ""
    column = names.get(folded)
    if column is None:
        folded, inside = _without_brackets(cell)
        column = names.get(folded)
    if column is None or (column.holds == "number" and OTHER_UNITS.search(inside)):
        return None, 0, ""
    exactly = 0 if folded == fold(column.label) else 1
    return column, 2 * exactly + bool(inside), inside


def bind(columns: Iterable[SheetColumn], header: Sequence[object]) -> BoundColumns:
    """Find `columns` in the `header` of a file. Of several headers that name one column the one
    that names it most exactly counts."""
    columns = tuple(columns)
    names = names_of(columns)
    found: dict[str, list[tuple[int, int]]] = {}
    unknown: list[str] = []
    day_first = set()
    advice = None
    for position, cell in enumerate(header):
        column, rank, inside = _named(names, cell)
        if column is not None:
            found.setdefault(column.key, []).append((rank, position))
            if column.holds == "day" and DAY_FIRST.search(inside):
                day_first.add(column.key)
        elif fold(cell) == fold(ADVICE):
            advice = position
        elif fold(cell):
            unknown.append(shown(cell))
    positions: dict[str, int] = {}
    double = []
    for column in columns:
        places = sorted(found.get(column.key, ()))
        if places:
            positions[column.key] = places[0][1]
            as_exact = [place for rank, place in places if rank == places[0][0]]
            if len(as_exact) > 1:
                double.append(column.label)
            unknown += [shown(header[place]) for rank, place in places if place not in as_exact]
    missing = [c.label for c in columns if c.required and c.key not in found]
    return BoundColumns(
        columns=columns,
        positions=positions,
        width=len(header),
        fields=len(header),
        problems=tuple(_header_problems(missing, double, unknown)),
        notes=tuple(
            _("These columns are not known and were not read: %(names)s.", names=", ".join(unknown))
            for _once in range(bool(unknown))
        ),
        plan=tuple(
            (c.key, c.label, positions.get(c.key, sys.maxsize), c.parse, c.required)
            for c in columns
        ),
        day_first=frozenset(day_first),
        advice=advice,
    )


def _header_problems(missing: list[str], double: list[str], unknown: list[str]) -> Iterator[str]:
    if missing:
        sentence = _(
            "These columns are missing: %(names)s. Add them to the header row, "
            "or start from the template.",
            names=", ".join(missing),
        )
        if unknown:
            sentence += " " + _(
                "These columns were not understood: %(names)s.", names=", ".join(unknown)
            )
        yield sentence
    if double:
        yield _(
            "These columns appear more than once: %(names)s. Keep one of each.",
            names=", ".join(double),
        )


def parse_row(
    bound: BoundColumns, cells: Sequence[object]
) -> tuple[dict[str, Any], list[CellError]]:
    """The row's values by column key (None where blank), and everything that is wrong with it.

    A key whose cell is wrong is absent from the values; there are none of a row whose cells cannot
    be told apart.
    """
    values: dict[str, Any] = {}
    errors: list[CellError] = []
    length = len(cells)
    if length > bound.width and bound.separated and (split := _split(bound, cells)):
        # Which cell belongs to which column is not known, so all dates of the row are in doubt.
        doubts = doubts_in(cells) if bound.day_first else ()
        return values, [split, *(_two_days("", place, cell) for place, cell in doubts)]
    asked = _asked_before(bound, cells)
    filled = 0
    for key, label, position, parse, required in bound.plan:
        cell = cells[position] if position < length else None
        if is_blank(cell):
            if required:
                errors.append(_is_missing(label, position))
            else:
                values[key] = None
            continue
        filled += 1
        try:
            value = _read(bound, key, cell, parse)
            if key in asked:
                raise Invalid(is_still_two_days(shown(cell)))
        except Invalid as refusal:
            errors.append(CellError(label, refusal.message, shown(cell), position))
            continue
        if value == "" and required:
            errors.append(_is_missing(label, position))
        else:
            values[key] = None if value == "" else value
    if filled == 1 and len(errors) >= LONELY:
        return {}, [_alone(cells)]
    return values, errors


def _read(bound: BoundColumns, key: str, cell: object, parse: Callable[[Any], Any]) -> Any:
    """The value of a cell. Raises `Invalid`."""
    if isinstance(cell, str) and len(cell) > CELL_CHARACTERS:
        raise Invalid(too_long())
    if isinstance(cell, UnreadableCell):
        raise Invalid(unreadable(cell))
    value = parse(cell)
    if key in bound.day_first and order_of(cell) == "either":
        raise Invalid(may_be_two_days(shown(cell)))
    return value


def _asked_before(bound: BoundColumns, cells: Sequence[object]) -> frozenset[str]:
    """The columns with a date that was asked about before, and that is still the same: by the
    row's own advice, or, where a file has none, in an earlier file."""
    if bound.advice is not None:
        advice = cells[bound.advice] if bound.advice < len(cells) else None
        asked = {"": here} if (here := days_asked(advice)) else {}
    else:
        asked = dict(bound.asked)
    days = [(one.key, one.label) for one in bound.columns if asked and one.holds == "day"]
    return still_asked(days, bound.positions, cells, asked)


def _two_days(label: str, position: int, cell: object) -> CellError:
    return CellError(label, may_be_two_days(shown(cell)), shown(cell), position)


def _is_missing(label: str, position: int) -> CellError:
    return CellError(label, _("%(column)s is blank. Fill it in.", column=label), "", position)


def _alone(cells: Sequence[object]) -> CellError:
    only = next((shown(cell) for cell in cells if not is_blank(cell)), "")
    return CellError(
        "",
        _("Only one cell of this row is filled. Fill in the others, or delete the row."),
        only,
    )


def is_blank(cell: object) -> bool:
    """Whether there is nothing in a cell."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _split(bound: BoundColumns, cells: Sequence[object]) -> CellError | None:
    """An error if a comma inside a value may have split it: then all that follows has moved.

    What stands right of the table may also be a remark, or a comma at the end of every row.
    """
    surplus = [cell for cell in cells[bound.width :] if not is_blank(cell)]
    moved = (
        (len(cells) > bound.fields and not all(map(_is_remark, surplus)))
        or (len(cells) > bound.fields and not surplus)
        or _has_split_number(bound, cells)
        or _has_split_text(cells)
    )
    if not moved:
        return None
    return CellError(
        "",
        _(
            "The row has more values than the header has columns. A comma inside a value "
            "may have split it: put such a value in double quotes."
        ),
        shown(surplus[-1] if surplus else cells[-1]),
    )


def _is_remark(cell: object) -> bool:
    """Whether people would write this beside a table: words, and not a value of it."""
    text = str(cell).strip()
    return " " in text or not any(map(str.isdigit, text))


def _has_split_number(bound: BoundColumns, cells: Sequence[object]) -> bool:
    """Whether a number of at most three digits is followed by three digits: 1,170."""
    for column in bound.columns:
        place = bound.positions.get(column.key, sys.maxsize)
        if column.holds == "number" and place + 1 < len(cells):
            front, behind = str(cells[place]).strip(), str(cells[place + 1]).strip()
            if GROUP.fullmatch(behind) and FRONT.fullmatch(front):
                return True
    return False


def _has_split_text(cells: Sequence[object]) -> bool:
    """Whether some cells begin with a blank, as behind a comma of a sentence, and others do not."""
    texts = [cell for cell in cells[1:] if isinstance(cell, str) and cell.strip()]
    blanks = sum(text.startswith(" ") for text in texts)
    return 0 < blanks < len(texts)


def shown(cell: object) -> str:
    """A cell as short text for a message: printable, at most 80 characters."""
    if isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) > 10**SHOWN_VALUE:
        return "…"
    if isinstance(cell, datetime):
        return f"{cell:%m/%d/%Y}"
    if isinstance(cell, ShownNumber):
        cell = cell.shown
    text = "" if cell is None else str(cell)[: SHOWN_VALUE * 2]
    text = "".join(c if c.isprintable() else " " for c in text).strip()
    return text if len(text) <= SHOWN_VALUE else text[: SHOWN_VALUE - 1] + "…"
