"""Tables in text files: encoding, separator, quoted line ends; read as a stream."""

import codecs
import contextlib
import csv
import io
import itertools
from collections.abc import Iterator
from typing import BinaryIO

from portal.i18n import _
from portal.sheets.errors import SheetError, header_not_found, refusal
from portal.sheets.limits import Limits
from portal.sheets.table import BATCH_ROWS, Cell, Recognise, Row, Table, find_header, rows_above

SEPARATORS = ",;\t|"
CHUNK = 64 * 1024
# Longer than any row people make, short enough to be held in memory.
LONGEST_LINE = 1_000_000
# How much of the text is looked at to find the header.
HEAD_CHARACTERS = 128 * 1024


def open_csv(
    file: BinaryIO, recognise: Recognise, expected: tuple[str, ...], limits: Limits
) -> Table:
    """Read `file` as CSV. Closes it with the table. Raises `SheetError`."""
    encoding = _encoding(file, limits)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    head = text.read(HEAD_CHARACTERS)
    # Excel obeys and hides a first line `sep=;`, so it has no row number for the user.
    hidden = 1 if head[:4].lower() == "sep=" else 0
    found = _find_separator(head, recognise, limits, limits.header_rows + hidden)
    if found is None:
        raise header_not_found(limits, expected)
    separator, header, rows = found
    text.seek(0)
    return Table(
        kind="csv",
        header=header[1],
        header_row=header[0] - hidden,
        fields=next(len(cells) for number, cells in rows if number == header[0]),
        encoding=encoding,
        separator=separator,
        above=rows_above(rows, header, hidden),
        _batches=_batches(text, separator, header[0], hidden, limits),
        _close=text.close,
    )


def _encoding(file: BinaryIO, limits: Limits) -> str:
    """The encoding in which the whole file can be read; UTF-8 unless the bytes say otherwise."""
    file.seek(0)
    head = file.read(4096)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif guess := _utf16_without_mark(head):
        candidates = [guess]
    else:
        candidates = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in candidates:
        if _is_readable(file, encoding, limits):
            return encoding
    raise refusal("binary", limits)


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 shows by NULs in every other byte, as long as most letters are Western ones."""
    half = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > half * 0.4 and even == 0:
        return "utf-16-le"
    if even > half * 0.4 and odd == 0:
        return "utf-16-be"
    return None


def _is_readable(file: BinaryIO, encoding: str, limits: Limits) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(CHUNK):
            if "\0" in decoder.decode(chunk):
                raise refusal("nul", limits)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _find_separator(
    head: str, recognise: Recognise, limits: Limits, most: int
) -> tuple[str, Row, list[Row]] | None:
    """The separator with which one of the first `most` rows is the header, it, and all of them."""
    for separator in SEPARATORS:
        rows: list[Row] = []
        # Rows before a fault may hold the header.
        with contextlib.suppress(csv.Error):
            lines = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
            for number, cells in enumerate(itertools.islice(lines, most), 1):
                rows.append((number, _cut(cells, limits)))
        if found := find_header(rows, recognise):
            if len(found[1]) > limits.columns:
                raise refusal("columns", limits)
            return separator, found, rows
    return None


def _cut(cells: list[str], limits: Limits) -> list[Cell]:
    """The cells of a row, one more than there may be and one character more than each may have: so
    that it is noticed."""
    most = limits.cell_characters + 1
    return [cell[:most] for cell in cells[: limits.columns + 1]]


class _Lines:
    """The lines of a text; those of one row together are no longer than a row may be."""

    def __init__(self, text: io.TextIOWrapper, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.of_row = 0

    def __iter__(self) -> Iterator[str]:
        while line := self.text.readline(LONGEST_LINE):
            self.of_row += len(line)
            if self.of_row >= LONGEST_LINE:
                raise refusal("line", self.limits)
            yield line


def _batches(
    text: io.TextIOWrapper, separator: str, header_at: int, hidden: int, limits: Limits
) -> Iterator[list[Row]]:
    batch: list[Row] = []
    count = 0
    # Strict: otherwise one forgotten quote would swallow the rest of the file in silence.
    lines = _Lines(text, limits)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            lines.of_row = 0
            if number <= header_at or not any(map(str.strip, cells)):
                continue
            batch.append((number - hidden, _cut(cells, limits)))
            count += 1
            if count > limits.rows:
                raise refusal("rows", limits)
            if len(batch) == BATCH_ROWS:
                yield batch
                batch = []
    except csv.Error as error:
        raise _bad_row(number + 1 - hidden, limits, error) from error
    except (OSError, ValueError) as error:
        raise refusal("damaged", limits, detail=str(error)) from error
    if batch:
        yield batch


def _bad_row(number: int, limits: Limits, error: csv.Error) -> SheetError:
    refused = refusal("line" if "limit" in str(error) else "quotes", limits, detail=str(error))
    message = _("Row %(number)s: ", number=number) + refused.message
    return SheetError(message, reason=refused.reason, detail=refused.detail)
