"""The child that unpacks and parses one workbook, with bounded memory and time.

Run by its path, never imported by the portal; sees only the standard library and openpyxl. What it
says and is told (see `portal.isolation`):

    child:  ["sheet", {title, epoch_1904, rows: [[number, [cells]], …]}]   the top of a sheet
    parent: the row number of the header, or 0 (next sheet)
    child:  ["rows", [[number, [cells]], …]] …, then ["end", null], and the next sheet
    child:  ["passed", {title, reason}]   a sheet that is not looked at
    child:  ["none", null]   after the last sheet

A number that its cell shows in another way is `{"n": number, "s": shown}`, a cell that cannot be
read `{"x": why}`.
"""

import contextlib
import re
import sys
from collections.abc import Iterable, Iterator
from copy import copy
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

sys.path.append(str(Path(__file__).parents[2]))  # only the next lines are imported from there
from portal.isolation.child import Parent, RefusedByChild, serve
from portal.sheets.number_formats import shown_by_style

BATCH_ROWS = 500
CHUNK = 64 * 1024
LAST_ROW = 1_048_576
ENCRYPTED_FLAG = 0x1
# Excel allows 31 characters in a sheet's title.
LONGEST_TITLE = 100
CONTENT_TYPES = "[Content_Types].xml"
SHEET_NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
FORMULA, VALUE = f"{{{SHEET_NS}}}f", f"{{{SHEET_NS}}}v"
# ECMA-376 part 1, 22.9.2.19: a character by its number, as in `_x000D_`.
ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class ChildLimits(NamedTuple):
    """What the parent allows: see `portal.sheets.limits`."""

    rows: int
    columns: int
    cell_characters: int
    file_bytes: int
    unpacked_bytes: int
    strings_bytes: int
    members: int
    sheets: int
    header_rows: int
    memory_bytes: int
    cpu_seconds: int
    wait_seconds: float


def read_workbook(file: BinaryIO, parent: Parent, **allowed: Any) -> None:
    """Serve one workbook. Raises `Refused`, and whatever openpyxl may."""
    limits = ChildLimits(**allowed)
    try:
        with ZipFile(file) as archive:
            _examine(archive, limits)
            _refuse_strict(archive)
    except (BadZipFile, NotImplementedError) as error:
        # The second is what zipfile raises for a compression it does not know.
        raise RefusedByChild("damaged") from error
    book = _open_book(file, limits)
    tried = 0
    rows_left = limits.rows
    for sheet in book.worksheets:
        title = _decoded(str(sheet.title))[:LONGEST_TITLE]
        if sheet.sheet_state != "visible" or tried == limits.sheets:
            reason = "hidden" if sheet.sheet_state != "visible" else "many"
            parent.send("passed", {"title": title, "reason": reason})
            continue
        tried += 1
        top = list(_top(sheet, limits))
        parent.send("sheet", {"title": title, "epoch_1904": book.epoch.year == 1904, "rows": top})
        if header := parent.answer():
            width = next(len(cells) for number, cells in top if number == header)
            rows_left -= _send_rows(parent, sheet, (header, width), rows_left, limits)
            parent.send("end", None)
    if not tried:
        raise RefusedByChild("no_sheet")
    parent.send("none", None)


# --- the archive, before anything is parsed ------------------------------------------------------


def _examine(archive: ZipFile, limits: ChildLimits) -> None:
    """Refuse what is no xlsx, too large, or not what its central directory says."""
    members = archive.infolist()
    if len(members) > limits.members:
        raise RefusedByChild("members")
    names = {member.filename for member in members}
    _examine_kind(archive, names)
    if len(names) != len(members):
        raise RefusedByChild("lying")  # of two members of one name, programs see different ones
    for member in members:
        if member.flag_bits & ENCRYPTED_FLAG:
            raise RefusedByChild("encrypted")
        # The other methods need decompressors whose memory the sender chooses.
        if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise RefusedByChild("damaged")
        if "sharedstrings" in member.filename.lower() and member.file_size > limits.strings_bytes:
            raise RefusedByChild("strings_bytes")
    if sum(member.file_size for member in members) > limits.unpacked_bytes:
        raise RefusedByChild("unpacked_bytes")
    for member in members:
        _examine_member(archive, member, limits)


def _examine_kind(archive: ZipFile, names: set[str]) -> None:
    """Tell an xlsx from the other documents that are zip archives."""
    lower = {name.lower() for name in names}
    if "mimetype" in lower or "meta-inf/manifest.xml" in lower:
        raise RefusedByChild("ods")
    if CONTENT_TYPES not in names:
        raise RefusedByChild("archive")
    if any(name.endswith("vbaproject.bin") for name in lower):
        raise RefusedByChild("xlsm")
    if "xl/workbook.bin" in lower:
        raise RefusedByChild("xlsb")
    if any(name.startswith(("word/", "ppt/")) for name in lower):
        raise RefusedByChild("document")
    with archive.open(CONTENT_TYPES) as part:
        types = part.read(1024 * 1024).lower()
    if b"macroenabled" in types or "macroenabled".encode("utf-16-le") in types:
        raise RefusedByChild("xlsm")
    if b"spreadsheetml" not in types:
        raise RefusedByChild("damaged")


def _refuse_strict(archive: ZipFile) -> None:
    """Refuse ISO 29500 Strict, whose namespaces openpyxl does not know."""
    with contextlib.suppress(KeyError), archive.open("xl/workbook.xml") as part:
        if b"purl.oclc.org/ooxml" in part.read(CHUNK):
            raise RefusedByChild("strict")


def _examine_member(archive: ZipFile, member: ZipInfo, limits: ChildLimits) -> None:
    """Count the member's real bytes and refuse a DTD, the root of all entity attacks.

    Every member is examined, whatever its name: the workbook may call any of them a sheet.
    """
    # zipfile stops at the size that the central directory tells. Told a larger one, it gives all
    # there is, and compares the checksum at the true end.
    real = copy(member)
    real.file_size = limits.unpacked_bytes + 1
    prolog: _Prolog | None = _Prolog()
    count = 0
    with archive.open(real) as part:
        while chunk := part.read(CHUNK):
            count += len(chunk)
            if count > member.file_size:
                raise RefusedByChild("lying")
            if prolog is not None and not prolog.feed(chunk):
                prolog = None
    if count != member.file_size:
        raise RefusedByChild("lying")


class _Prolog:
    """Reads an XML part up to its root element, the only place before which a DTD can be."""

    def __init__(self) -> None:
        self._ended = False
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._element

    def _doctype(self, *_args: object) -> NoReturn:
        raise RefusedByChild("dtd")

    def _element(self, name: str, _attributes: object) -> None:
        self._ended = True

    def feed(self, chunk: bytes) -> bool:
        """Whether more is needed: not after the root, nor if this is no XML."""
        try:
            self._parser.Parse(chunk, False)
        except expat.ExpatError:
            return False
        return not self._ended


# --- the workbook --------------------------------------------------------------------------------


def _open_book(file: BinaryIO, limits: ChildLimits) -> Any:
    # Optional parsers of openpyxl: slower to load, with other habits, and not needed.
    sys.modules["lxml"] = None  # type: ignore[assignment]  # the documented way to forbid an import
    sys.modules["numpy"] = None  # type: ignore[assignment]
    import warnings
    from xml.etree.ElementTree import iterparse

    import openpyxl
    import openpyxl.reader.excel as book_reader
    import openpyxl.worksheet._read_only as sheet_reader
    import openpyxl.worksheet._reader as row_parser

    warnings.simplefilter("ignore")  # about features that are not read anyway
    # Three changes to openpyxl 3.1, for time and memory; without them the result is the same.
    # 1. defusedxml parses in pure Python. It stays for all parts but the large ones, which have
    #    passed `_Prolog`: without a DTD there are no entities to defuse.
    row_parser.iterparse = iterparse  # type: ignore[attr-defined]
    # 2. openpyxl builds an object tree for each shared string.
    book_reader.read_string_table = (  # type: ignore[attr-defined]
        lambda source: _strings(source, limits)
    )
    # 3. Where a sheet does not tell its dimensions, it is parsed to the end to find them; where it
    #    does, they may be a lie.
    sheet_reader.ReadOnlyWorksheet._get_size = (  # type: ignore[attr-defined]
        lambda self: None
    )
    book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    # 4. A cell that cannot be read is one, and does not end the whole workbook; and what is shown
    #    of a value counts, where that is something else.
    parse_cell = row_parser.WorkSheetParser.parse_cell
    shows = shown_by_style(book)

    def parse_what_is_shown(parser: Any, element: Any) -> Any:
        try:
            cell = parse_cell(parser, element)
        except MemoryError:
            raise
        except Exception:
            return _unreadable(parser, element)
        value = cell["value"]
        if value is None:
            if element.find(FORMULA) is not None and element.find(VALUE) is None:
                cell["value"] = {"x": "formula"}
        elif (show := shows.get(cell["style_id"])) is not None:
            cell["value"] = show(value)
        return cell

    row_parser.WorkSheetParser.parse_cell = parse_what_is_shown  # type: ignore[assignment,method-assign]
    return book


def _unreadable(parser: Any, element: Any) -> dict[str, Any]:
    """A cell whose content openpyxl stumbles over; it has counted the column by then."""
    return {
        "row": parser.row_counter,
        "column": parser.col_counter,
        "value": {"x": "damaged"},
        "data_type": "e",
        "style_id": 0,
    }


def _strings(source: BinaryIO, limits: ChildLimits) -> list[str]:
    """The shared strings. Without a tree: 1.6 million empty elements would weigh 100 MB.

    ECMA-376 part 1, 18.4.8: an `si` holds a `t`, or runs `r` with a `t` each, and perhaps phonetic
    hints `rPh`, whose `t` is not part of the text.
    """
    strings: list[str] = []
    pieces: list[str] = []
    item, text, phonetic = (f"{SHEET_NS} {name}" for name in ("si", "t", "rPh"))
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    hidden = False

    def start(name: str, _attributes: object) -> None:
        nonlocal hidden
        if name == text:
            if not hidden:
                parser.CharacterDataHandler = pieces.append
        elif name == item:
            pieces.clear()
        elif name == phonetic:
            hidden = True

    def end(name: str) -> None:
        nonlocal hidden
        if name == text:
            parser.CharacterDataHandler = None
        elif name == item:
            strings.append("".join(pieces)[: limits.cell_characters + 1])
        elif name == phonetic:
            hidden = False

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    size = 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > limits.strings_bytes:  # the part need not be called sharedStrings
            raise RefusedByChild("strings_bytes")
        parser.Parse(chunk, False)
    parser.Parse(b"", True)
    return strings


# --- rows ----------------------------------------------------------------------------------------


def _top(sheet: Any, limits: ChildLimits) -> Iterator[tuple[int, list[object]]]:
    """The first rows, cut one column beyond the limit so that the parent notices."""
    sheet.reset_dimensions()
    rows = sheet.iter_rows(values_only=True, max_row=max(1, limits.header_rows))
    for number, values in enumerate(rows, 1):
        cells = _cut(values, limits)
        while cells and _is_blank(cells[-1]):
            cells.pop()
        if cells:
            yield number, cells[: limits.columns + 1]


def _cut(values: Iterable[object], limits: ChildLimits) -> list[object]:
    """The values, of a text one character more than it may have: so that it is noticed."""
    most = limits.cell_characters + 1
    return [_decoded(value)[:most] if isinstance(value, str) else value for value in values]


def _decoded(text: str) -> str:
    """The text with what stands in it as `_xHHHH_`."""
    if "_x" not in text:
        return text
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _filled(
    rows: Iterable[tuple[object, ...]], first: int, width: int, limits: ChildLimits
) -> Iterator[list[object]]:
    for number, values in enumerate(rows, first):
        for cell in values:
            if cell is not None and (not isinstance(cell, str) or cell.strip()):
                yield [number, _cut(_without_tail(values, width), limits)]
                break


def _without_tail(values: tuple[object, ...], width: int) -> tuple[object, ...]:
    """The values of the table, and right of it up to the last one that is filled."""
    last = len(values)
    while last > width and values[last - 1] is None:
        last -= 1
    return values[:last]


def _send_rows(
    parent: Parent, sheet: Any, top: tuple[int, int], most: int, limits: ChildLimits
) -> int:
    """Send the rows below the header (its number and width in `top`), with what stands right of
    the table; returns how many."""
    header, width = top
    rows = sheet.iter_rows(
        values_only=True, min_row=header + 1, max_row=LAST_ROW, max_col=limits.columns
    )
    batch: list[list[object]] = []
    count = 0
    for count, row in enumerate(_filled(rows, header + 1, width, limits), 1):
        if count > most:
            raise RefusedByChild("rows")
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            parent.send("rows", batch)
            batch = []
    if batch:
        parent.send("rows", batch)
    return count


if __name__ == "__main__":
    serve(read_workbook)
