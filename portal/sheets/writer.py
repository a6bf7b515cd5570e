"""Spreadsheets for people: nothing in them runs, dates are dates, coloured cells say why.

A text that begins with `= + - @` or a control character is a formula to Excel, also in CSV, and
formulas can call programs and send cells away (OWASP, CSV Injection). In CSV such a text gets an
apostrophe in front, which `portal.formats.texts.clean` takes off again; in xlsx it is stored as
text.
"""

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import IO, Any

from portal.errors import Invalid
from portal.formats.texts import ShownNumber
from portal.sheets.cells import FORMULA_STARTS, TEXT_FORMAT, safe_cell, xml_text
from portal.sheets.columns import ADVICE, CellError, CellMended, SheetColumn
from portal.sheets.doubts import days_asked
from portal.sheets.dressing import add_instructions, add_lists, places_of
from portal.sheets.table import UnreadableCell

LONGEST_SHEET_NAME = 31
WIDEST = 40

Position = tuple[int, int]
Remark = tuple["CellFill", CellError | CellMended]


class CellFill(StrEnum):
    """What the colour of a cell says (SPEC H5), as ARGB."""

    WRONG = "FFFF0000"
    MENDED_BY_SYSTEM = "FFFFFF00"
    MENDED_BY_USER = "FF00FF00"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a workbook has beside the table.

    above: rows over the header; their first cells are bold.
    columns: those of the header that have a drop-down list or are kept as text.
    instructions: lines of a second sheet, the first one its heading.
    """

    above: Sequence[Sequence[object]] = ()
    columns: Sequence[SheetColumn] = ()
    instructions: Sequence[str] = ()


PLAIN = Layout()


def write_xlsx(
    target: str | os.PathLike[str] | IO[bytes],
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    fills: Mapping[Position, CellFill] | None = None,
    notes: Mapping[Position, str] | None = None,
    title: str = "Sheet1",
    layout: Layout = PLAIN,
) -> int:
    """Write a workbook with one table as a stream; returns the number of rows below the header.

    fills, notes: colour and comment of cells, by (row, column), both from 0, the header not
    counted. Dates become date cells shown MM/DD/YYYY, numbers numbers, anything else text.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font, PatternFill

    # Not `or {}`: `annotated_copy` fills its mapping while the rows are being written.
    fills = {} if fills is None else fills
    notes = {} if notes is None else notes
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(title))
    first = len(layout.above) + 2
    sheet.freeze_panes = f"A{first}"
    places = places_of(layout.columns, header)
    texts = {index for index, column in places.items() if column.text}
    for index, label in enumerate(header):
        dimension = sheet.column_dimensions[_letter(index)]
        dimension.width = min(max(len(label) + 4, 12), WIDEST)
        if index in texts:
            dimension.number_format = TEXT_FORMAT  # of the cells that are still empty
    bold = Font(bold=True)
    for line, in_bold in (*((above, 1) for above in layout.above), (header, len(header))):
        written = [safe_cell(sheet, value) for value in line]
        for cell in written[:in_bold]:
            cell.font = bold
        sheet.append(written)
    colours = {fill: PatternFill("solid", start_color=fill.value) for fill in CellFill}
    count = 0
    for row, values in enumerate(rows):
        cells = [
            safe_cell(sheet, value, as_text=index in texts) for index, value in enumerate(values)
        ]
        for column, cell in enumerate(cells):
            if fill := fills.get((row, column)):
                cell.fill = colours[fill]
            if note := notes.get((row, column)):
                cell.comment = _comment(note)
        sheet.append(cells)
        count = row + 1
    add_instructions(book, layout.instructions)
    add_lists(book, sheet, places, first)
    book.save(target)
    return count


def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The table as CSV in pieces: UTF-8 with a byte order mark (or Excel takes it for Latin-1)."""
    line = _Line()
    writer = csv.writer(line, lineterminator="\r\n")
    writer.writerow([_csv_value(label) for label in header])
    yield b"\xef\xbb\xbf" + line.taken()
    for number, row in enumerate(rows, 1):
        writer.writerow([_csv_value(value) for value in row])
        if number % 100 == 0:
            yield line.taken()
    if rest := line.taken():
        yield rest


def write_template(
    target: str | os.PathLike[str] | IO[bytes],
    columns: Sequence[SheetColumn],
    *,
    preamble: Sequence[SheetColumn] = (),
    instructions: Sequence[str] = (),
    title: str = "Sheet1",
) -> None:
    """Write an empty table with these columns, to be filled in and sent back: with drop-down
    lists, a label for each field of the block above, and how to fill it in on a second sheet."""
    columns = [column for column in columns if not column.asked]
    above: list[list[object]] = [[field.label] for field in preamble]
    layout = Layout(above=[*above, []] if above else [], columns=columns, instructions=instructions)
    write_xlsx(target, [column.label for column in columns], [], title=title, layout=layout)


def annotated_copy(
    target: str | os.PathLike[str] | IO[bytes],
    header: Sequence[object],
    rows: Iterable[tuple[int, Sequence[object]]],
    errors: Mapping[int, Sequence[CellError]],
    *,
    mended: Mapping[int, Sequence[CellMended]] | None = None,
    above: Sequence[tuple[int, Sequence[object]]] = (),
    columns: Sequence[SheetColumn] = (),
    title: str = "Sheet1",
) -> int:
    """Write `rows` as they came, wrong cells red, and what to correct in a last column.

    rows: `(number, cells)` as the reader gave them; hand in the failed ones only.
    errors, mended: by the number of the row. What the portal corrected is yellow and holds what
    counts now. The message is added as a comment and as text, too: colour alone says nothing to who
    cannot see it. A corrected file can be uploaded as it is: the last column is ignored.
    above, columns: the block over the header, as it came, and what the columns are. Days are
    written as text: Excel counts them in one of two ways, and the copy has its own.
    Returns the number of rows written.
    """
    names = [_text(name) for name in header]
    # A copy of a copy has the advice of the first time; it is out of date.
    old = {index for index, name in enumerate(names) if name == ADVICE}
    kept = [index for index in range(len(names)) if index not in old]
    fills: dict[Position, CellFill] = {}
    notes: dict[Position, str] = {}
    places = places_of(columns, names)
    asked = _asked(columns, places, errors)
    first_answer = len(names)
    kept += range(first_answer, first_answer + len(asked))
    names += [column.label for column in asked]
    places |= dict(enumerate(asked, first_answer))
    labels = {column.label: place for place, column in places.items()}

    def lines() -> Iterator[list[object]]:
        for row, (number, cells) in enumerate(rows):
            wrong, put_right = errors.get(number, ()), (mended or {}).get(number, ())
            remarks: list[Remark] = [(CellFill.WRONG, one) for one in wrong]
            remarks += [(CellFill.MENDED_BY_SYSTEM, one) for one in put_right]
            fills.clear()  # this row's only: the file may be long
            notes.clear()
            line = [
                _as_sent(cells[index], places.get(index)) if index < len(cells) else None
                for index in kept
            ]
            for fill, remark in remarks:
                position = remark.position
                if position is None and remark.column in labels:
                    position = labels[remark.column]
                if position in kept:
                    place = row, kept.index(position)
                    if fill is CellFill.MENDED_BY_SYSTEM:
                        line[place[1]] = remark.value
                    fills.setdefault(place, fill)
                    notes[place] = f"{notes.get(place, '')} {remark.message}".strip()
            # Dates in doubt come first: of a long cell only the beginning is read again.
            advice = sorted((_advice(remark) for _fill, remark in remarks), key=_tells_nothing)
            yield [*line, " ".join(advice)]

    kept_names = [names[index] for index in kept]
    as_text = [replace(one, text=True) if one.holds == "day" else one for one in columns]
    layout = Layout(above=_with_gaps(above), columns=as_text)
    return write_xlsx(
        target, [*kept_names, ADVICE], lines(), fills=fills, notes=notes, title=title, layout=layout
    )


def _asked(
    columns: Sequence[SheetColumn],
    places: Mapping[int, SheetColumn],
    errors: Mapping[int, Sequence[CellError]],
) -> list[SheetColumn]:
    """The columns for answers that the file does not have, and that some row asks for."""
    there = {column.key for column in places.values()}
    wanted = {error.column for wrong in errors.values() for error in wrong}
    return [one for one in columns if one.asked and one.key not in there and one.label in wanted]


def _as_sent(cell: object, column: SheetColumn | None) -> object:
    """A cell as its sender sees it."""
    if isinstance(cell, UnreadableCell):
        return None
    if column is None or column.holds != "day" or isinstance(cell, str | None):
        return cell.shown if isinstance(cell, ShownNumber) else cell
    try:
        day, month_only = column.parse(cell)
    except Invalid:
        return cell.shown if isinstance(cell, ShownNumber) else cell
    return f"{day:%m/%Y}" if month_only else f"{day:%m/%d/%Y}"


def _with_gaps(above: Sequence[tuple[int, Sequence[object]]]) -> list[Sequence[object]]:
    """The rows by their numbers, the blank ones between and below them too."""
    filled = {number: cells for number, cells in above if any(cells)}
    last = max(filled, default=-1)
    return [filled.get(number, ()) for number in range(1, last + 2)]


def _advice(remark: CellError | CellMended) -> str:
    if not remark.column:
        return remark.message
    return f"{remark.column}: {remark.message}"


def _tells_nothing(advice: str) -> bool:
    return not days_asked(advice)


def _comment(note: str) -> Any:
    from openpyxl.comments import Comment

    comment = Comment(xml_text(note), "portal")
    comment.width, comment.height = 300, 40 + 20 * (len(note) // 40)
    return comment


class _Line:
    """The file that `csv.writer` writes to: keeps what was written until it is taken."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def write(self, text: str) -> int:
        self._parts.append(text)
        return len(text)

    def taken(self) -> bytes:
        text = "".join(self._parts)
        self._parts.clear()
        return text.encode("utf-8", "replace")


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _csv_value(value: object) -> object:
    if isinstance(value, str):
        return "'" + value if value.startswith(FORMULA_STARTS) else value
    if isinstance(value, datetime):
        return f"{value:%m/%d/%Y %H:%M}" if value.time() else f"{value:%m/%d/%Y}"
    if isinstance(value, date):
        return f"{value:%m/%d/%Y}"
    if value is None or isinstance(value, int | float):
        return value
    return _csv_value(str(value))


def _sheet_name(title: str) -> str:
    """`title` without what Excel forbids in the name of a sheet."""
    return re.sub(r"[\[\]:*?/\\\x00-\x1f']", " ", title)[:LONGEST_SHEET_NAME].strip() or "Sheet1"


def _letter(index: int) -> str:
    from openpyxl.utils import get_column_letter

    return get_column_letter(index + 1)
