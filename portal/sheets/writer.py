"""Spreadsheets for people: nothing in them runs, dates are dates, red cells say why.

A text that begins with `= + - @` or a control character is a formula to Excel, also in CSV, and
formulas can call programs and send cells away (OWASP, CSV Injection). In CSV such a text gets an
apostrophe in front, which `catalog.codes.parse_text` takes off again; in xlsx it is stored as text.
"""

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Any

from portal.sheets.columns import ADVICE, CellError

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

# The full-width signs are turned into plain ones by Excel where the locale is an East Asian one.
_FORMULA_STARTS = tuple("=+-@\t\r\n\0＝＋－＠")
# Characters that XML 1.0 cannot hold (2.2), so no xlsx can either.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# "Excel specifications and limits": total number of characters that a cell can contain.
LONGEST_CELL = 32_767
LONGEST_SHEET_NAME = 31
DATE_FORMAT = "MM/DD/YYYY"
MOMENT_FORMAT = "MM/DD/YYYY HH:MM"
WIDEST = 40

Position = tuple[int, int]


class CellFill(StrEnum):
    """What the colour of a cell says (SPEC H5), as ARGB."""

    WRONG = "FFFF0000"
    MENDED_BY_SYSTEM = "FFFFFF00"
    MENDED_BY_USER = "FF00FF00"


def write_xlsx(
    target: str | os.PathLike[str] | IO[bytes],
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    fills: Mapping[Position, CellFill] | None = None,
    notes: Mapping[Position, str] | None = None,
    title: str = "Sheet1",
) -> int:
    """Write a workbook with one sheet as a stream; returns the number of rows below the header.

    fills, notes: colour and comment of cells, by (row, column), both from 0, the header not
    counted. Dates become date cells shown MM/DD/YYYY, numbers numbers, anything else text.
    """
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Font, PatternFill

    # Not `or {}`: `annotated_copy` fills its mapping while the rows are being written.
    fills = {} if fills is None else fills
    notes = {} if notes is None else notes
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(title))
    sheet.freeze_panes = "A2"
    for index, label in enumerate(header):
        sheet.column_dimensions[_letter(index)].width = min(max(len(label) + 4, 12), WIDEST)
    bold = Font(bold=True)
    names = [_cell(sheet, label) for label in header]
    for cell in names:
        cell.font = bold
    sheet.append(names)
    colours = {fill: PatternFill("solid", start_color=fill.value) for fill in CellFill}
    count = 0
    for row, values in enumerate(rows):
        cells = [_cell(sheet, value) for value in values]
        for column, cell in enumerate(cells):
            if fill := fills.get((row, column)):
                cell.fill = colours[fill]
            if note := notes.get((row, column)):
                cell.comment = Comment(_xml_text(note), "portal")
        sheet.append(cells)
        count = row + 1
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


def annotated_copy(
    target: str | os.PathLike[str] | IO[bytes],
    header: Sequence[object],
    rows: Iterable[tuple[int, Sequence[object]]],
    errors: Mapping[int, Sequence[CellError]],
    *,
    title: str = "Sheet1",
) -> int:
    """Write `rows` as they came, wrong cells red, and what to correct in a last column.

    rows: `(number, cells)` as the reader gave them; hand in the failed ones only.
    errors: by the number of the row. The message stands as text, too: colour alone says nothing
    to who cannot see it. A corrected file can be uploaded as it is: the last column is ignored.
    Returns the number of rows written.
    """
    names = [_text(name) for name in header]
    # A copy of a copy has the advice of the first time; it is out of date.
    old = {index for index, name in enumerate(names) if name == ADVICE}
    kept = [index for index in range(len(names)) if index not in old]
    fills: dict[Position, CellFill] = {}

    def lines() -> Iterator[list[object]]:
        for row, (number, cells) in enumerate(rows):
            wrong = errors.get(number, ())
            places = {error.position for error in wrong}
            fills.clear()  # this row's only: the file may be long
            for column, index in enumerate(kept):
                if index in places:
                    fills[row, column] = CellFill.WRONG
            line = [cells[index] if index < len(cells) else None for index in kept]
            yield [*line, " ".join(map(_advice, wrong))]

    return write_xlsx(
        target, [names[index] for index in kept] + [ADVICE], lines(), fills=fills, title=title
    )


def _advice(error: CellError) -> str:
    if not error.column:
        return error.message
    return f"{error.column}: {error.message}"


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
        return "'" + value if value.startswith(_FORMULA_STARTS) else value
    if isinstance(value, datetime):
        return f"{value:%m/%d/%Y %H:%M}" if value.time() else f"{value:%m/%d/%Y}"
    if isinstance(value, date):
        return f"{value:%m/%d/%Y}"
    if value is None or isinstance(value, int | float):
        return value
    return _csv_value(str(value))


def _xml_text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)[:LONGEST_CELL]


def _cell(sheet: "WriteOnlyWorksheet", value: object) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, datetime):
        # Excel knows no time zones; who has one converts to the reader's first.
        plain = value.replace(tzinfo=None)
        midnight = (plain.hour, plain.minute, plain.second) == (0, 0, 0)
        cell = WriteOnlyCell(sheet, value=plain)
        cell.number_format = DATE_FORMAT if midnight else MOMENT_FORMAT
        return cell
    if isinstance(value, date):
        cell = WriteOnlyCell(sheet, value=value)  # type: ignore[arg-type]  # the stub forgets date
        cell.number_format = DATE_FORMAT
        return cell
    if value is None or isinstance(value, bool):
        return WriteOnlyCell(sheet, value=value)
    # Excel would round a longer number, and it has neither infinity nor "not a number".
    if isinstance(value, int | float) and abs(value) < 10**15:
        return WriteOnlyCell(sheet, value=value)
    text = _xml_text(str(value))
    cell = WriteOnlyCell(sheet, value=text)
    if cell.data_type != "s":
        cell.data_type = "s"  # openpyxl takes "=…" for a formula and "#N/A" for an error
    if text.startswith(_FORMULA_STARTS):
        # Excel's own mark for a text that looks like a formula: survives editing the cell.
        cell.quotePrefix = True
    return cell


def _sheet_name(title: str) -> str:
    """`title` without what Excel forbids in the name of a sheet."""
    return re.sub(r"[\[\]:*?/\\\x00-\x1f']", " ", title)[:LONGEST_SHEET_NAME].strip() or "Sheet1"


def _letter(index: int) -> str:
    from openpyxl.utils import get_column_letter

    return get_column_letter(index + 1)
