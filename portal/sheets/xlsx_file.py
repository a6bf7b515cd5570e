"""Tables in xlsx workbooks: the side of the server, which never touches the XML.

A child process (`xlsx_child`) does, with bounded memory and time.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from portal.isolation.parent import Child, Places
from portal.sheets.errors import header_not_found, refusal
from portal.sheets.limits import Limits
from portal.sheets.table import Recognise, Row, Table, find_header, rows_above

CHILD = Path(__file__).with_name("xlsx_child.py")
# Two children at once: a bomb in each costs the machine no more than twice its limit.
CHILDREN = 2
PATIENCE_SECONDS = 10.0

_places = threading.BoundedSemaphore(CHILDREN)


def open_xlsx(
    file: BinaryIO, recognise: Recognise, expected: tuple[str, ...], limits: Limits
) -> Table:
    """Read `file` as an xlsx workbook. Closes it with the table. Raises `SheetError`."""
    child = Child(
        CHILD,
        file,
        limits,
        places=Places(_places, PATIENCE_SECONDS),
        refusal=lambda reason, detail: refusal(reason, limits, detail=detail),
    )
    try:
        while True:
            kind, content = child.receive()
            if kind != "sheet":
                raise header_not_found(limits, expected)
            rows: list[Row] = [(number, cells) for number, cells in content["rows"]]
            found = find_header(rows, recognise)
            if found and len(found[1]) > limits.columns:
                raise refusal("columns", limits)
            child.answer(found[0] if found else 0)
            if found:
                return Table(
                    kind="xlsx",
                    header=found[1],
                    header_row=found[0],
                    sheet=content["title"],
                    epoch_1904=content["epoch_1904"],
                    above=rows_above(rows, found),
                    _batches=_batches(child),
                    _close=_closing(child, file),
                )
    except BaseException:
        child.close()
        raise


def _closing(child: Child, file: BinaryIO) -> Callable[[], None]:
    def close() -> None:
        child.close()
        file.close()

    return close


def _batches(child: Child) -> Iterator[list[Row]]:
    try:
        while True:
            kind, content = child.receive()
            if kind != "rows":
                return
            yield [(number, cells) for number, cells in content]
    finally:
        child.close()
