"""Open an uploaded spreadsheet, CSV or xlsx, whoever made it.

    with open_table(path, filename=name, recognise=header_test(COLUMNS)) as table:
        bound = bind(COLUMNS, table.header)
        for batch in table.batches():
            for number, cells in batch:
                ...

Whatever is in the file, the only exception is `SheetError`. CSV is read in this process, line by
line; xlsx is unpacked and parsed in a child with bounded memory and time.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from portal.sheets.csv_file import open_csv
from portal.sheets.errors import SheetError, refusal
from portal.sheets.kinds import is_zip, refused_kind
from portal.sheets.limits import Limits
from portal.sheets.table import Cell, Recognise, Row, Table
from portal.sheets.xlsx_file import open_xlsx

__all__ = ["Cell", "Limits", "Row", "SheetError", "Table", "open_table"]

DEFAULT = Limits()


def open_table(
    path: str | os.PathLike[str],
    *,
    filename: str,
    recognise: Recognise,
    expected: Sequence[str] = (),
    limits: Limits = DEFAULT,
) -> Table:
    """Open the file at `path` and find its header.

    filename: the name the user knows it by; it only goes into the log's detail.
    recognise: tells whether a row of cells is the header (`columns.header_test`).
    expected: labels named in the sentence if no header is found.
    Raises `SheetError`.
    """
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - the table closes it
    except OSError as error:
        raise refusal("gone", limits, detail=str(error)) from error
    try:
        if os.fstat(file.fileno()).st_size > limits.file_bytes:
            raise refusal("file_bytes", limits, detail=filename)
        if reason := refused_kind(file):
            raise refusal(reason, limits, detail=filename)
        if is_zip(file):
            return open_xlsx(file, recognise, tuple(expected), limits)
        return open_csv(file, recognise, tuple(expected), limits)
    except OSError as error:
        file.close()
        raise refusal("damaged", limits, detail=str(error)) from error
    except BaseException:
        file.close()
        raise
