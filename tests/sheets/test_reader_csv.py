"""CSV: every encoding, separator and line end; what is no CSV is refused with its reason."""

import codecs
import csv
import dataclasses
import io
from pathlib import Path

import pytest

from blueprints.shipments.sheets import COLUMNS
from portal.sheets.columns import header_test
from portal.sheets.reader import Limits, SheetError, Table, open_table
from tests.sheets.builders import HEADER, ROW

RECOGNISE = header_test(COLUMNS)


def opened(tmp_path: Path, content: bytes, limits: Limits | None = None) -> Table:
    path = tmp_path / "upload"
    path.write_bytes(content)
    return open_table(
        path, filename="a.csv", recognise=RECOGNISE, expected=HEADER, limits=limits or Limits()
    )


def read(tmp_path: Path, content: bytes, limits: Limits | None = None) -> list[tuple[int, object]]:
    with opened(tmp_path, content, limits) as table:
        return [(number, cells) for number, cells in table]


def text(*rows: list[str], separator: str = ",", end: str = "\r\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end).writerows([HEADER, *rows])
    return out.getvalue()


def reason(tmp_path: Path, content: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(SheetError) as caught:
        read(tmp_path, content, limits)
    assert len(caught.value.message) > 30
    assert "%(" not in caught.value.message
    return caught.value.reason


ACCENTED = [*ROW[:4], "Müller & Söhne", *ROW[5:]]


@pytest.mark.parametrize(
    ("encoding", "mark", "found"),
    [
        ("utf-8", b"", "utf-8-sig"),
        ("utf-8-sig", b"", "utf-8-sig"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
        ("cp1252", b"", "cp1252"),
        ("latin-1", b"", "cp1252"),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators(
    tmp_path: Path, encoding: str, mark: bytes, found: str, separator: str
) -> None:
    content = mark + text(ACCENTED, separator=separator).encode(encoding)
    with opened(tmp_path, content) as table:
        assert (table.kind, table.encoding, table.separator) == ("csv", found, separator)
        assert (table.header_row, table.header) == (1, HEADER)
        assert list(table) == [(2, ACCENTED)]
        assert table.rows_read == 1


def test_bytes_that_cp1252_lacks_fall_back_to_latin_1(tmp_path: Path) -> None:
    content = text(ROW).encode() + b"\x81\xe9,b\r\n"
    with opened(tmp_path, content) as table:
        assert table.encoding == "latin-1"
        assert [number for number, _ in table] == [2, 3]


def test_an_invalid_byte_far_down_decides_for_the_whole_file(tmp_path: Path) -> None:
    content = text(*[ROW] * 3000).encode() + b"M\xfcller,b\r\n"
    rows = read(tmp_path, content)
    assert rows[-1] == (3002, ["Müller", "b"])


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_line_ends_and_quoted_ones(tmp_path: Path, end: str) -> None:
    broken = [*ROW[:4], 'Pfizer "PFR",\r\nInc\nUSA', *ROW[5:]]
    rows = read(tmp_path, text(broken, ROW, end=end).encode())
    assert rows == [(2, broken), (3, ROW)]


def test_instructions_above_and_blank_rows_anywhere(tmp_path: Path) -> None:
    content = (
        "Fill in one row a lot,,\r\n\r\n" + text(ROW, [""] * 11, [" "] * 3, ROW) + ",,,\r\n" * 50
    )
    with opened(tmp_path, content.encode()) as table:
        assert table.header_row == 3
        assert [number for number, _ in table] == [4, 7]


def test_the_line_that_names_the_separator_has_no_row_number(tmp_path: Path) -> None:
    content = "sep=;\r\n" + text(ROW, separator=";")
    with opened(tmp_path, content.encode()) as table:
        assert table.header_row == 1
        assert list(table) == [(2, ROW)]


def test_batches(tmp_path: Path) -> None:
    with opened(tmp_path, text(*[ROW] * 1234).encode()) as table:
        assert [len(batch) for batch in table.batches()] == [500, 500, 234]


def test_values_are_left_as_they_are(tmp_path: Path) -> None:
    row = ["007", "4.49E+14", " x ", "=1+1", "1,000", "06/2021", "", "0", "'", "\u200b", "Ł"]
    assert read(tmp_path, text(row).encode()) == [(2, row)]


def test_file_without_rows(tmp_path: Path) -> None:
    assert read(tmp_path, text().encode()) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 /JS (app.alert(1))", "pdf"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"GIF89a" + b"PK\x03\x04" * 10, "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"MZ\x90\0", "program"),
        (b"\x7fELF\x02", "program"),
        (b"\x1f\x8b\x08", "archive"),
        (b"PK\x05\x06" + bytes(18), "archive"),
        (b"PK\x03\x04", "damaged"),
        (b"PK\x03\x04" + b"x" * 500, "damaged"),
        (b"{\\rtf1}", "rtf"),
        (b"\xef\xbb\xbf \r\n<!DOCTYPE html><table>", "html"),
        (b"<html><table><tr><td>Lot</td></tr></table>", "html"),
        ("\ufeff<table>".encode("utf-16-le"), "html"),
        (b"<?xml version='1.0'?><Workbook/>", "xml"),
        (b"<svg xmlns='x' onload='alert(1)'/>", "html"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600) + "Workbook".encode("utf-16-le"), "xls"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "WordDocument".encode("utf-16-le"), "document"),
        (b"a,b\0c\r\n1,2\r\n", "nul"),
        (bytes(range(256)) * 20, "nul"),
        (b"\xff\xfea", "binary"),
        (b"\xff\xfe\0\0a\0\0\0", "nul"),
        (b"name,phone\r\nAda,1\r\n", "header"),
        (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*", "header"),
    ],
)
def test_what_is_no_csv_is_refused_with_its_reason(
    tmp_path: Path, content: bytes, why: str
) -> None:
    assert reason(tmp_path, content) == why


def test_missing_header_names_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="first 10 rows.*Shipment ID, ExIS Order Number"):
        opened(tmp_path, b"\n" * 10 + text(ROW).encode())


def test_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(SheetError) as caught:
        open_table(tmp_path / "none", filename="x", recognise=RECOGNISE)
    assert caught.value.reason == "gone"
    with pytest.raises(SheetError):
        open_table(tmp_path, filename="x", recognise=RECOGNISE)


def test_limits(tmp_path: Path) -> None:
    content = text(ROW, ROW, ROW).encode()
    limits = Limits()
    assert reason(tmp_path, content, dataclasses.replace(limits, rows=2)) == "rows"
    assert len(read(tmp_path, content, dataclasses.replace(limits, rows=3))) == 3
    assert reason(tmp_path, content, dataclasses.replace(limits, columns=10)) == "columns"
    assert len(read(tmp_path, content, dataclasses.replace(limits, columns=11))) == 3
    assert reason(tmp_path, content, dataclasses.replace(limits, file_bytes=99)) == "file_bytes"
    assert reason(tmp_path, text(["x" * 200_000]).encode()) == "line"
    assert reason(tmp_path, text(["x"] * 2 + ["y" * 1_100_000]).encode()) == "line"


def test_a_quote_that_is_never_closed_swallows_nothing(tmp_path: Path) -> None:
    content = text(ROW) + 'SHP-2,"EX21\r\n' + ",".join(ROW) + "\r\n"
    with pytest.raises(SheetError, match="^Row 3: A value starts with a double quote"):
        read(tmp_path, content.encode())


def test_a_row_with_a_million_cells_is_cut(tmp_path: Path) -> None:
    rows = read(tmp_path, text(["1"] * 400_000).encode())
    assert rows == [(2, ["1"] * 65)]
