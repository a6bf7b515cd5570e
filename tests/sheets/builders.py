"""Spreadsheets made at test time: decent ones, and the hostile ones of notes/reliability.md M5."""

import io
import struct
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import openpyxl

HEADER = [
    "Shipment ID",
    "ExIS Order Number",
    "Provider PIN",
    "NDC",
    "Manufacturer",
    "Lot Number",
    "Expiration Date",
    "Quantity Shipped",
    "Date Shipped",
    "Carrier",
    "Tracking Number",
]
ROW = [
    "SHP-1",
    "EX21-1",
    "NCA650001",
    "59267-1000-02",
    "Pfizer-BioNTech",
    "EL9262",
    "05/31/2021",
    "975",
    "02/01/2021",
    "UPS",
    "1Z999AA10123456784",
]
MIB = 1024 * 1024

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = (
    f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType='
    '"application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/sharedStrings.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)
_RELS = (
    f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_BOOK = (
    f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets>'
    '<sheet name="Shipments" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_BOOK_RELS = (
    f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{REL}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{REL}/sharedStrings" Target="sharedStrings.xml"/>'
    "</Relationships>"
)


def workbook(rows: Iterable[Sequence[object]], *, title: str = "Shipments") -> bytes:
    """An xlsx with one sheet, by openpyxl."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = title
    for row in rows:
        book.active.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def inline_row(number: int, cells: Sequence[str]) -> str:
    """A row of a sheet with its texts in place."""
    texts = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f'<row r="{number}">{texts}</row>'


def sheet_xml(rows: str, *, before: str = "") -> str:
    return f'{before}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def header_xml() -> str:
    return inline_row(1, HEADER)


def package(path: Path, **parts: str | Iterable[bytes]) -> Path:
    """A minimal xlsx by hand; `parts` replace `sheet`, `strings`, `book`, `types`, `rels`."""
    content: dict[str, str | Iterable[bytes]] = {
        "[Content_Types].xml": parts.pop("types", _TYPES),
        "_rels/.rels": parts.pop("rels", _RELS),
        "xl/workbook.xml": parts.pop("book", _BOOK),
        "xl/_rels/workbook.xml.rels": parts.pop("book_rels", _BOOK_RELS),
        "xl/worksheets/sheet1.xml": parts.pop("sheet", sheet_xml(header_xml())),
        "xl/sharedStrings.xml": parts.pop("strings", f'<sst xmlns="{MAIN}"/>'),
    }
    content |= parts
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in content.items():
            with archive.open(name, "w") as out:
                for chunk in [part.encode()] if isinstance(part, str) else part:
                    out.write(chunk)
    return path


def repeated(before: str, piece: bytes, times: int, after: str) -> Iterable[bytes]:
    """`piece` very often, without ever being held in memory as a whole."""
    yield before.encode()
    block = piece * max(1, MIB // len(piece))
    per_block = len(block) // len(piece)
    for _ in range(times // per_block):
        yield block
    yield piece * (times % per_block)
    yield after.encode()


def ten_million_strings(path: Path) -> Path:
    strings = repeated(f'<sst xmlns="{MAIN}">', b"<si><t>a</t></si>", 10_000_000, "</sst>")
    return package(path, strings=strings)


def just_allowed_strings(path: Path) -> Path:
    """As many different short strings as the limit of 32 MiB lets through."""

    def parts() -> Iterable[bytes]:
        yield f'<sst xmlns="{MAIN}">'.encode()
        for start in range(0, 1_500_000, 10_000):
            yield "".join(f"<si><t>{n:x}</t></si>" for n in range(start, start + 10_000)).encode()
        yield b"</sst>"

    return package(path, strings=parts())


def huge_string(path: Path) -> Path:
    strings = repeated(f'<sst xmlns="{MAIN}"><si><t>', b"a" * 1024, 300 * 1024, "</t></si></sst>")
    return package(path, strings=strings)


def huge_inline_string(path: Path) -> Path:
    """One string of 110 MB: below the limit for the whole, so that memory must hold it up."""
    head = sheet_xml("#").split("#")[0] + header_xml() + '<row r="2"><c t="inlineStr"><is><t>'
    tail = "</t></is></c></row></sheetData></worksheet>"
    return package(path, sheet=repeated(head, b"a" * 1024, 110 * 1024, tail))


def ten_million_cells(path: Path) -> Path:
    head, tail = sheet_xml("#").split("#")
    piece = b"<row>" + b'<c r="A1"><v>1</v></c>' * 100 + b"</row>"
    return package(path, sheet=repeated(head + header_xml(), piece, 100_000, tail))


def cells_in_one_row(path: Path) -> Path:
    """100 MB of empty cells in the header's row: a tree of 25 million elements."""
    head, tail = sheet_xml("#").split("#")
    return package(path, sheet=repeated(head + "<row>", b"<c/>", 25_000_000, "</row>" + tail))


def endless_blank_rows(path: Path) -> Path:
    head, tail = sheet_xml("#").split("#")
    return package(path, sheet=repeated(head + header_xml(), b"<row/>", 15_000_000, tail))


def sparse_cell(path: Path) -> Path:
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )
    dimension = '<dimension ref="A1:XFD1048576"/>'
    xml = f'<worksheet xmlns="{MAIN}">{dimension}<sheetData>{rows}</sheetData></worksheet>'
    return package(path, sheet=xml)


def million_columns(path: Path) -> Path:
    head, tail = sheet_xml("#").split("#")
    piece = b'<c t="inlineStr"><is><t>Lot Number</t></is></c>'
    return package(path, sheet=repeated(head + "<row>", piece, 1_000_000, "</row>" + tail))


LAUGHS = (
    "<!DOCTYPE l [<!ENTITY a '"
    + "ha" * 50
    + "'>"
    + "".join(
        f"<!ENTITY {new} '{f'&{old};' * 10}'>"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


def nested_entities(path: Path, part: str = "sheet") -> Path:
    if part == "strings":
        xml = f'{LAUGHS}<sst xmlns="{MAIN}"><si><t>&i;</t></si></sst>'
        return package(path, strings=xml)
    return package(path, sheet=sheet_xml(inline_row(1, ["&i;"]), before=LAUGHS))


def external_entity(path: Path, target: str, encoding: str = "utf-8") -> Path:
    doctype = (
        f'<?xml version="1.0" encoding="{encoding}"?>'
        f'<!DOCTYPE x [<!ENTITY leak SYSTEM "{target}">]>'
    )
    xml = sheet_xml(inline_row(1, HEADER) + inline_row(2, ["&leak;"] * 11), before=doctype)
    return package(path, sheet=[xml.encode(encoding)])


def parameter_entity(path: Path, target: str, name: str) -> Path:
    """The DTD stands in another part of the package (`name`)."""
    dtd = f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{target}"> %p;]><x/>'
    return package(path, **{name: dtd})


def lying_directory(path: Path) -> Path:
    """The central directory (and the local header) say 1,000 bytes; 300 MB come out."""
    huge_string(path)
    content = bytearray(path.read_bytes())
    for signature, size_at, name_at in ((b"PK\x01\x02", 24, 46), (b"PK\x03\x04", 22, 30)):
        at = content.find(signature)
        while at >= 0:
            if content[at + name_at :].startswith(b"xl/sharedStrings.xml"):
                content[at + size_at : at + size_at + 4] = struct.pack("<I", 1000)
            at = content.find(signature, at + 4)
    path.write_bytes(content)
    return path


def many_members(path: Path) -> Path:
    package(path)
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(60_000):
            archive.writestr(f"xl/media/{number}", b"")
    return path


def nested_zip(path: Path) -> Path:
    inner = package(path.with_suffix(".inner")).read_bytes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.xlsx", inner)
    return path


def many_sheets(path: Path, count: int = 500) -> Path:
    book = openpyxl.Workbook()
    for number in range(count):
        book.create_sheet(f"S{number}").append(["nothing"])
    path.write_bytes(saved(book))
    return path


def dated_workbook(epoch_1904: bool) -> bytes:
    """A workbook of either date system with a date cell in row 2 of the column Expiration Date."""
    book = openpyxl.Workbook()
    if epoch_1904:
        from openpyxl.utils.datetime import CALENDAR_MAC_1904

        book.epoch = CALENDAR_MAC_1904
    assert book.active is not None
    book.active.append(HEADER)
    row: list[object] = list(ROW)
    row[6] = date(2021, 6, 30)
    book.active.append(row)
    return saved(book)
