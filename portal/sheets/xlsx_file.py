"""Tables in xlsx workbooks: the side of the server, which never touches the XML.

A child process (`xlsx_child`) does, with bounded memory and time.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from portal.formats.texts import ShownNumber
from portal.isolation.parent import Child, Places, moment
from portal.sheets.errors import header_not_found, refusal
from portal.sheets.limits import LISTS, Limits
from portal.sheets.table import (
    SHEET_ROWS,
    Cell,
    Recognise,
    Row,
    Table,
    UnreadableCell,
    find_header,
    rows_above,
)

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
        read_object=_cell,
    )
    reading = _Sheets(child, recognise, limits)
    try:
        top = reading.next_with_header()
        if top is None:
            raise header_not_found(limits, expected)
        rows, found, epoch_1904 = top
        return Table(
            kind="xlsx",
            header=found[1],
            header_row=found[0],
            fields=len(found[1]),
            sheets=reading.read,
            unread=reading.unread,
            epoch_1904=epoch_1904,
            above=rows_above(rows, found),
            _batches=reading.batches(found[1]),
            _close=_closing(child, file),
        )
    except BaseException:
        child.close()
        raise


class _Sheets:
    """The sheets of a workbook, one after the other: `read` and `unread` say which are which."""

    def __init__(self, child: Child, recognise: Recognise, limits: Limits) -> None:
        self.child = child
        self.recognise = recognise
        self.limits = limits
        self.read: list[str] = []
        self.unread: list[tuple[str, str]] = []

    def next_with_header(
        self, first: list[Cell] | None = None
    ) -> tuple[list[Row], Row, bool] | None:
        """The top of the next sheet that is read, None after the last one.

        With `first`, the header of the first sheet, only one with the same columns is read.
        """
        while True:
            kind, content = self.child.receive()
            if kind == "passed":
                if content["title"] != LISTS:
                    self.unread.append((content["title"], content["reason"]))
                continue
            if kind != "sheet":
                return None
            rows: list[Row] = [(number, cells) for number, cells in content["rows"]]
            found = find_header(rows, self.recognise)
            if found and len(found[1]) > self.limits.columns:
                raise refusal("columns", self.limits)
            same = found is not None and (first is None or order_like(first, found[1]) is not None)
            self.child.answer(found[0] if found and same else 0)
            if found is not None and same:
                self.read.append(content["title"])
                return rows, found, content["epoch_1904"]
            if rows:
                reason = "columns" if found else "header"
                self.unread.append((content["title"], reason))

    def batches(self, header: list[Cell]) -> Iterator[list[Row]]:
        """The rows of all sheets that are read, laid out like the first one."""
        order: list[int] | None = None
        begin = 0
        try:
            while True:
                kind, content = self.child.receive()
                if kind == "rows":
                    yield [(begin + number, _placed(cells, order)) for number, cells in content]
                    continue
                following = self.next_with_header(header)
                if following is None:
                    return
                order = order_like(header, following[1][1])
                begin += SHEET_ROWS
        finally:
            self.child.close()


def order_like(first: Sequence[Cell], other: Sequence[Cell]) -> list[int] | None:
    """Where the columns of the first header stand in another one with the same names, else None."""
    wanted, there = [_name(cell) for cell in first], [_name(cell) for cell in other]
    if sorted(wanted) != sorted(there) or len(set(wanted)) != len(wanted):
        return list(range(len(first))) if wanted == there else None
    return [there.index(name) for name in wanted]


def _name(cell: Cell) -> str:
    return " ".join(str(cell).split()).casefold() if cell is not None else ""


def _placed(cells: list[Cell], order: list[int] | None) -> list[Cell]:
    """The cells of a row in the order of the first sheet, what stands right of them behind."""
    if order is None:
        return cells
    placed = [cells[at] if at < len(cells) else None for at in order]
    return [*placed, *cells[len(order) :]]


def _cell(value: dict[str, Any]) -> object:
    if "s" in value:
        return ShownNumber(value["n"], value["s"])
    return UnreadableCell(value["x"]) if "x" in value else moment(value)


def _closing(child: Child, file: BinaryIO) -> Callable[[], None]:
    def close() -> None:
        child.close()
        file.close()

    return close
