"""Cells of workbooks: dates are dates, numbers numbers, and no text is a formula."""

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

# The full-width signs are turned into plain ones by Excel where the locale is an East Asian one.
FORMULA_STARTS = tuple("=+-@\t\r\n\0＝＋－＠")
# Characters that XML 1.0 cannot hold (2.2), so no xlsx can either.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# "Excel specifications and limits": total number of characters that a cell can contain.
LONGEST_CELL = 32_767
DATE_FORMAT = "MM/DD/YYYY"
MOMENT_FORMAT = "MM/DD/YYYY HH:MM"
TEXT_FORMAT = "@"


# What Excel would take for a character by its number (ECMA-376 part 1, 22.9.2.19).
_LIKE_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def xml_text(text: str) -> str:
    """The text as XML and Excel can hold it."""
    if "_x" in text:
        text = _LIKE_ESCAPED.sub("_x005F_", text)
    return _NOT_XML.sub("\ufffd", text)[:LONGEST_CELL]


def safe_cell(sheet: "WriteOnlyWorksheet", value: object, *, as_text: bool = False) -> Any:
    """A cell with this value that never runs: a date, a number, or text (always, if `as_text`)."""
    from openpyxl.cell import WriteOnlyCell

    if as_text and (value is None or isinstance(value, str | int)):
        cell = safe_cell(sheet, value if value is None else str(value))
        cell.number_format = TEXT_FORMAT
        return cell
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
    text = xml_text(str(value))
    cell = WriteOnlyCell(sheet, value=text)
    if cell.data_type != "s":
        cell.data_type = "s"  # openpyxl takes "=…" for a formula and "#N/A" for an error
    if text.startswith(FORMULA_STARTS):
        # Excel's own mark for a text that looks like a formula: survives editing the cell.
        cell.quotePrefix = True
    return cell
