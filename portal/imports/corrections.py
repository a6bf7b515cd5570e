"""The workbook of the rows that did not go in, with what to correct."""

from typing import BinaryIO

from portal.errors import NotFound, Unavailable
from portal.files.services import path_of
from portal.i18n import _
from portal.imports.definition import ImportDefinition
from portal.imports.models import ImportRun
from portal.imports.outcomes import MOST_WRONG
from portal.imports.queries import errors_by_row, mended_by_row
from portal.settings import Settings
from portal.sheets.columns import CellError, header_test
from portal.sheets.errors import SheetError
from portal.sheets.reader import Row, Table, open_table
from portal.sheets.writer import annotated_copy

# Writing a workbook takes about 0.2 ms and 4 KB of memory a row, in the process that answers.
MOST_ROWS = MOST_WRONG


def write_corrections(
    definition: ImportDefinition, settings: Settings, run: ImportRun, target: BinaryIO
) -> None:
    """Write the first `MOST_ROWS` rows of a file that did not go in, as an xlsx workbook: laid out
    like the file, wrong cells red, what the portal corrected yellow, and why beside.

    Raises `NotFound` if the file is no longer there or cannot be read again, `Unavailable` while
    other workbooks take all places for reading.
    """
    wrong = errors_by_row(run, most=MOST_ROWS)
    columns = definition.columns(settings, False)
    try:
        with open_table(
            path_of(settings, run.file),
            filename=run.file_name,
            recognise=header_test(columns),
        ) as table:
            rows = _wrong_rows(table, set(wrong))
            columns = definition.columns(settings, table.epoch_1904)
    except SheetError as error:
        if error.reason == "busy":
            raise Unavailable(error.message) from error
        raise NotFound(_("The file for this import has been deleted.")) from error
    if run.failed > MOST_ROWS and rows:
        wrong[rows[0][0]].append(CellError("", cut_short(run), "", None))
    annotated_copy(
        target,
        table.header,
        rows,
        wrong,
        mended=mended_by_row(run, most=MOST_ROWS) if run.mended else None,
        above=table.above if definition.preamble else (),
        columns=columns,
    )


def cut_short(run: ImportRun) -> str:
    """What tells that neither page nor workbook holds all rows; empty if they do."""
    if run.failed <= MOST_ROWS:
        return ""
    return _(
        "There are too many rows to correct. Listed here and in the download: the first %(most)s "
        "of %(failed)s. Correct the file itself and send it again.",
        most=f"{MOST_ROWS:,}",
        failed=f"{run.failed:,}",
    )


def _wrong_rows(table: Table, wrong: set[int]) -> list[Row]:
    """The wrong rows of the file; it is read no further than the last of them."""
    last = max(wrong, default=0)
    rows: list[Row] = []
    for number, cells in table:
        if number in wrong:
            rows.append((number, cells))
        if number >= last:
            break
    return rows
