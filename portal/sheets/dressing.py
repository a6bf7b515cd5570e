"""What a workbook has around its table: drop-down lists, and how to fill it in."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from portal.i18n import _
from portal.sheets.cells import safe_cell
from portal.sheets.columns import SheetColumn, bind
from portal.sheets.limits import LISTS, Limits

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

# Choices are in cells of a sheet of their own: a list within a rule holds 255 characters and no
# commas. It is hidden, so that nobody takes it for the table; nor does the reader.
LONGEST_MESSAGE = 255
WIDTH = 100


def places_of(columns: Iterable[SheetColumn], header: Sequence[object]) -> dict[int, SheetColumn]:
    """Where in the header the columns are, from 0; those that it does not name are left out."""
    bound = bind(columns, header)
    return {
        bound.positions[column.key]: column
        for column in bound.columns
        if column.key in bound.positions
    }


def add_instructions(book: "Workbook", lines: Sequence[str]) -> None:
    """Add a sheet with these lines, the first one as its heading; none without lines."""
    from openpyxl.styles import Alignment, Font

    if not lines:
        return
    sheet = book.create_sheet(_("Instructions"))
    sheet.column_dimensions["A"].width = WIDTH
    for number, line in enumerate(lines):
        cell = safe_cell(sheet, line)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if number == 0:
            cell.font = Font(bold=True, size=14)
        sheet.append([cell])


def add_lists(
    book: "Workbook", sheet: "WriteOnlyWorksheet", places: Mapping[int, SheetColumn], first: int
) -> None:
    """Give the columns of `sheet` that have choices their drop-down lists, from row `first` on."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    chosen = {index: column for index, column in places.items() if column.choices}
    if not chosen:
        return
    lists = book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    for row, (index, column) in enumerate(chosen.items(), 1):
        lists.append([safe_cell(lists, choice) for choice in column.choices])
        last, letter = get_column_letter(len(column.choices)), get_column_letter(index + 1)
        rule = DataValidation(
            type="list",
            formula1=f"{LISTS}!$A${row}:${last}${row}",
            allow_blank=True,
            showErrorMessage=True,
            errorTitle=column.label[:32],
            error=_("Choose one from the list.")[:LONGEST_MESSAGE],
        )
        rule.add(f"{letter}{first}:{letter}{first + Limits().rows}")
        sheet.data_validations.append(rule)  # type: ignore[attr-defined]  # the stub forgets it
