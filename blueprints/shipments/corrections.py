"""The workbook of the rows that did not go in, with what to correct."""

from typing import BinaryIO

from blueprints.shipments.files import folder
from blueprints.shipments.models import ImportRun
from blueprints.shipments.outcomes import MOST_WRONG
from blueprints.shipments.queries import errors_by_row
from blueprints.shipments.sheets import COLUMNS
from portal.errors import NotFound, Unavailable
from portal.i18n import _
from portal.settings import Settings
from portal.sheets.columns import CellError, header_test
from portal.sheets.errors import SheetError
from portal.sheets.reader import Row, open_table
from portal.sheets.writer import annotated_copy

# Writing a workbook takes about 0.2 ms and 4 KB of memory a row, in the process that answers.
MOST_ROWS = MOST_WRONG


def write_corrections(settings: Settings, run: ImportRun, target: BinaryIO) -> None:
    """Write the first `MOST_ROWS` rows of a file that did not go in, as an xlsx workbook.

    Raises `NotFound` if the file is no longer there or cannot be read again, `Unavailable` while
    other workbooks take all places for reading.
    """
    wrong = errors_by_row(run, most=MOST_ROWS)
    try:
        header, rows = _read(settings, run, wrong)
    except SheetError as error:
        if error.reason == "busy":
            raise Unavailable(error.message) from error
        raise NotFound(_("The file of this import is no longer kept.")) from error
    if run.failed > MOST_ROWS and rows:
        wrong[rows[0][0]].append(CellError("", cut_short(run), "", None))
    annotated_copy(target, header, rows, wrong)


def cut_short(run: ImportRun) -> str:
    """What tells that neither page nor workbook holds all rows; empty if they do."""
    if run.failed <= MOST_ROWS:
        return ""
    return _(
        "Only the first %(most)s of the %(failed)s rows to correct are listed, here and in the "
        "download. Correct the file itself and send it again.",
        most=f"{MOST_ROWS:,}",
        failed=f"{run.failed:,}",
    )


def _read(
    settings: Settings, run: ImportRun, wrong: dict[int, list[CellError]]
) -> tuple[list[object], list[Row]]:
    """The header and the wrong rows of the file; it is read no further than the last of them."""
    last = max(wrong, default=0)
    rows: list[Row] = []
    path = folder(settings) / run.stored_as
    with open_table(path, filename=run.file_name, recognise=header_test(COLUMNS)) as table:
        for number, cells in table:
            if number in wrong:
                rows.append((number, cells))
            if number >= last:
                break
        return list(table.header), rows
