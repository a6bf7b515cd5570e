"""What every opened table offers, whatever the file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Literal, Self

from portal.formats.texts import ShownNumber


@dataclass(frozen=True, slots=True)
class UnreadableCell:
    """A cell whose value is not there: a `formula` that was never calculated, a `format` that shows
    another number than the cell holds, or `damaged`."""

    why: str

    def __str__(self) -> str:
        return ""


Cell = str | int | float | bool | datetime | ShownNumber | UnreadableCell | None
Row = tuple[int, list[Cell]]
Recognise = Callable[[Sequence[Cell]], bool]

BATCH_ROWS = 500
# Rows of a workbook's further sheets are numbered on from here: no sheet has more.
SHEET_ROWS = 1 << 20


def _nothing() -> None:
    return None


@dataclass(slots=True)
class Table:
    """An opened file: its header now, its rows as they are read. Use it in a `with` block.

    kind: what the file is by content.
    header: the cells of the header row; header_row: its number; above: the rows over it.
    fields: cells of the header row, blank ones at its end included.
    sheets: names of the sheets that are read, the first one at once, others as they are reached;
        the rows of the second one are numbered from `SHEET_ROWS` on, and so on. unread: names of
        the sheets that are not, and why (xlsx). encoding, separator: how the text was read (CSV).
    epoch_1904: the workbook counts days from 1904 (give it to `parse_date`).
    """

    kind: Literal["csv", "xlsx"]
    header: list[Cell]
    header_row: int
    _batches: Iterator[list[Row]]
    _close: Callable[[], None] = _nothing
    fields: int = 0
    sheets: list[str] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    encoding: str | None = None
    separator: str | None = None
    epoch_1904: bool = False
    above: tuple[Row, ...] = ()
    _rows_read: int = field(default=0, init=False)

    def batches(self) -> Iterator[list[Row]]:
        """The rows below the header in lists of up to 500, blank ones left out, once.

        A row is `(number, cells)`: the number is the one the user sees in Excel, blank cells at
        the end may be missing. Raises `SheetError` in the middle if the file turns out to be
        damaged or beyond its limits: what was done with earlier rows must be undone.
        """
        for batch in self._batches:
            self._rows_read += len(batch)
            yield batch

    def __iter__(self) -> Iterator[Row]:
        for batch in self.batches():
            yield from batch

    @property
    def sheet(self) -> str | None:
        """The name of the first sheet that is read (xlsx)."""
        return self.sheets[0] if self.sheets else None

    @property
    def rows_read(self) -> int:
        """How many rows have been handed out so far."""
        return self._rows_read

    def close(self) -> None:
        """Let go of the file and, for xlsx, end the child that reads it."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def rows_above(rows: Sequence[Row], header: Row, hidden: int = 0) -> tuple[Row, ...]:
    """Those of `rows` that are above the header; of a text, `hidden` lines do not count."""
    return tuple((number - hidden, cells) for number, cells in rows if hidden < number < header[0])


def find_header(rows: Sequence[Row], recognise: Recognise) -> Row | None:
    """The first of `rows` that is recognised as the header, without blank cells at its end."""
    for number, cells in rows:
        if recognise(cells):
            header = list(cells)
            while header and (header[-1] is None or header[-1] == ""):
                header.pop()
            return number, header
    return None
