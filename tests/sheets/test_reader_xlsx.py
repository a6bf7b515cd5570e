"""Decent workbooks: sheets, dates, numbers, formulas, odd layouts; wrong kinds of zip."""

import dataclasses
import gc
import io
import threading
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest

from blueprints.shipments.sheets import COLUMNS
from portal.sheets import xlsx_file
from portal.sheets.columns import bind, header_test, parse_row
from portal.sheets.reader import Limits, SheetError, Table, open_table
from portal.sheets.table import SHEET_ROWS, UnreadableCell
from tests.sheets import builders
from tests.sheets.builders import HEADER, ROW

RECOGNISE = header_test(COLUMNS)


def opened(path: Path, limits: Limits | None = None) -> Table:
    return open_table(path, filename="a.xlsx", recognise=RECOGNISE, limits=limits or Limits())


def from_bytes(tmp_path: Path, content: bytes, limits: Limits | None = None) -> Table:
    path = tmp_path / "upload"
    path.write_bytes(content)
    return opened(path, limits)


def from_book(tmp_path: Path, book: openpyxl.Workbook) -> Table:
    return from_bytes(tmp_path, builders.saved(book))


def reason(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(SheetError) as caught, opened(path, limits) as table:
        list(table)
    assert len(caught.value.message) > 30
    return caught.value.reason


def test_rows_and_their_numbers(tmp_path: Path) -> None:
    content = builders.workbook([["Fill in one row a lot"], [], HEADER, ROW, [], [" "], ROW])
    with from_bytes(tmp_path, content) as table:
        assert (table.kind, table.sheet, table.header_row) == ("xlsx", "Shipments", 3)
        assert table.header == HEADER
        assert list(table) == [(4, ROW), (7, ROW)]
        assert not table.epoch_1904


def test_types_of_cells(tmp_path: Path) -> None:
    row = [
        "00012",
        1805018,
        0.5,
        datetime(2021, 6, 30),
        datetime(2021, 6, 30, 14, 5),
        True,
        None,
        time(12, 30),
        449044304137821,
        "=1+1",
        "é",
    ]
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(HEADER)
    book.active.append(row)
    book.active["J2"].data_type = "s"
    with from_book(tmp_path, book) as table:
        assert list(table) == [(2, [*row[:7], "12:30:00", *row[8:]])]


def test_formulas_give_their_last_value(tmp_path: Path) -> None:
    rows = builders.header_xml() + (
        '<row r="2"><c r="A2" t="str"><f>"SHP-"&amp;1</f><v>SHP-1</v></c>'
        '<c r="H2"><f>SUM(1,2)</f><v>3</v></c><c r="I2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        '<c r="J2"><f>NOW()</f></c></row>'
    )
    path = builders.package(tmp_path / "a", sheet=builders.sheet_xml(rows))
    with opened(path) as table:
        ((number, cells),) = list(table)
    assert number == 2
    assert [cells[0], cells[7], cells[8], cells[9]] == [
        "SHP-1",
        3,
        "#DIV/0!",
        UnreadableCell("formula"),
    ]
    errors = parse_row(bind(COLUMNS, HEADER), cells)[1]
    assert any("formula here whose value is not stored" in error.message for error in errors)
    assert any("error #DIV/0!" in error.message for error in errors)


@pytest.mark.parametrize("epoch_1904", [False, True])
def test_both_date_systems(tmp_path: Path, epoch_1904: bool) -> None:
    with from_bytes(tmp_path, builders.dated_workbook(epoch_1904)) as table:
        assert table.epoch_1904 is epoch_1904
        ((_, cells),) = list(table)
    assert cells[6] == datetime(2021, 6, 30)


@pytest.mark.parametrize(
    ("shown", "day", "read"),
    [
        ("mmm-yy", 1, "2027-06"),
        ("mm/yyyy", 1, "2027-06"),
        ('[$-409]mmmm" "yyyy;@', 1, "2027-06"),
        ('"d"yyyy\\-mm', 1, "2027-06"),
        ("mmm-yy", 30, datetime(2027, 6, 30)),
        ("mm/dd/yyyy", 1, datetime(2027, 6, 1)),
        ("d-mmm-yy", 1, datetime(2027, 6, 1)),
        ("yyyy", 1, datetime(2027, 6, 1)),
    ],
)
def test_a_date_that_is_shown_as_a_month_was_typed_as_one(
    tmp_path: Path, shown: str, day: int, read: object
) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(HEADER)
    book.active.append([*ROW[:6], datetime(2027, 6, day), *ROW[7:]])
    book.active["G2"].number_format = shown
    with from_book(tmp_path, book) as table:
        ((_, cells),) = list(table)
    assert cells[6] == read
    expires = parse_row(bind(COLUMNS, HEADER), cells)[0]["expiration"]
    month = isinstance(read, str)
    assert (expires.day, expires.month_only) == (date(2027, 6, 30 if month else day), month)


def test_shared_strings_with_runs_and_phonetic_hints(tmp_path: Path) -> None:
    strings = (
        f'<x:sst xmlns:x="{builders.MAIN}"><x:si><x:t>plain &amp; x</x:t></x:si>'
        "<x:si><x:r><x:t>two </x:t></x:r><x:r><x:rPr/><x:t>runs</x:t></x:r></x:si>"
        "<x:si><x:t>東京</x:t><x:rPh sb='0' eb='2'><x:t>トウキョウ</x:t></x:rPh></x:si><x:si/>"
        "</x:sst>"
    )
    cells = "".join(f'<c t="s"><v>{n}</v></c>' for n in range(4)) + '<c t="s"><v>0</v></c>'
    rows = builders.header_xml() + f'<row r="2">{cells}</row>'
    path = builders.package(tmp_path / "a", sheet=builders.sheet_xml(rows), strings=strings)
    with opened(path) as table:
        assert list(table)[0][1][:5] == ["plain & x", "two runs", "東京", "", "plain & x"]


def test_visible_sheets_with_a_header(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "Read me"
    book.active.append(["How to fill this in"])
    for title, state in (
        ("Hidden", "hidden"),
        ("Secret", "veryHidden"),
        ("Lots", "visible"),
        ("Other", "visible"),
    ):
        sheet = book.create_sheet(title)
        sheet.sheet_state = state
        sheet.append(HEADER)
        sheet.append([title])
    with from_book(tmp_path, book) as table:
        assert table.sheet == "Lots"
        assert list(table) == [
            (2, ["Lots", *[None] * 10]),
            (SHEET_ROWS + 2, ["Other", *[None] * 10]),
        ]
        assert table.sheets == ["Lots", "Other"]
        assert table.unread == [("Read me", "header"), ("Hidden", "hidden"), ("Secret", "hidden")]


def test_merged_header_cells_hidden_rows_and_columns(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Shipments of March"])
    sheet.merge_cells("A1:K1")
    sheet.append([*HEADER, "Remark", None])
    sheet.merge_cells("L2:M2")
    sheet.append(ROW)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["B"].hidden = True
    with from_book(tmp_path, book) as table:
        assert table.header == [*HEADER, "Remark"]
        assert list(table) == [(3, [*ROW, None])]


def test_a_sheet_without_dimensions_or_coordinates(tmp_path: Path) -> None:
    rows = builders.header_xml() + "<row/>" + builders.inline_row(3, ROW).replace(' r="3"', "")
    with opened(builders.package(tmp_path / "a", sheet=builders.sheet_xml(rows))) as table:
        assert list(table) == [(3, ROW)]


def test_a_lie_about_the_dimensions(tmp_path: Path) -> None:
    for claim in ("A1:B2", "A1:XFD1048576", "A1"):
        xml = (
            f'<worksheet xmlns="{builders.MAIN}"><dimension ref="{claim}"/><sheetData>'
            f"{builders.header_xml()}{builders.inline_row(2, ROW)}</sheetData></worksheet>"
        )
        with opened(builders.package(tmp_path / "a", sheet=xml)) as table:
            assert list(table) == [(2, ROW)]


def test_cells_right_of_the_header_come_with_the_row(tmp_path: Path) -> None:
    content = builders.workbook([HEADER, [*ROW, "note to self"]])
    with from_bytes(tmp_path, content) as table:
        assert list(table) == [(2, [*ROW, "note to self"])]


def test_limits(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(builders.workbook([HEADER, ROW, ROW, [], ROW]))
    limits = Limits()
    with opened(path, dataclasses.replace(limits, rows=3)) as table:
        assert len(list(table)) == 3
    for change, why in (
        ({"rows": 2}, "rows"),
        ({"columns": 10}, "columns"),
        ({"file_bytes": 99}, "file_bytes"),
        ({"unpacked_bytes": 999}, "unpacked_bytes"),
        ({"members": 3}, "members"),
        ({"wait_seconds": 0.001}, "time"),
    ):
        assert reason(path, dataclasses.replace(limits, **change)) == why


def test_header_below_the_rows_searched(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(builders.workbook([["Read this"], HEADER, ROW]))
    assert reason(path, dataclasses.replace(Limits(), header_rows=1)) == "header"
    with opened(path, dataclasses.replace(Limits(), header_rows=2)) as table:
        assert table.header_row == 2


def test_a_forgotten_table_gives_its_place_back(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(builders.workbook([HEADER, ROW]))
    for _ in range(xlsx_file.CHILDREN + 1):
        table = opened(path)
        del table
        gc.collect()


def test_a_row_far_below_the_limit_is_not_lost_in_silence(tmp_path: Path) -> None:
    rows = builders.header_xml() + builders.inline_row(1_048_576, ROW)
    path = builders.package(tmp_path / "a", sheet=builders.sheet_xml(rows))
    with opened(path, dataclasses.replace(Limits(), rows=100)) as table:
        assert list(table) == [(1_048_576, ROW)]


def test_row_limit_is_told_in_the_middle(tmp_path: Path) -> None:
    content = builders.workbook([HEADER, *[ROW] * 1100])
    limits = dataclasses.replace(Limits(), rows=1000)
    with from_bytes(tmp_path, content, limits) as table:
        batches = table.batches()
        with pytest.raises(SheetError, match="more than 1,000 rows"):
            list(batches)
    assert table.rows_read == 1000


def rezipped(content: bytes, change: dict[str, bytes | None]) -> bytes:
    """The archive with members replaced, added (bytes) or left out (None)."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in change:
                new.writestr(name, old.read(name))
        for name, part in change.items():
            if part is not None:
                new.writestr(name, part)
    return out.getvalue()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"xl/vbaProject.bin": b"x"}, "xlsm"),
        ({"[Content_Types].xml": b"spreadsheetml vnd.ms-excel.sheet.macroEnabled.main"}, "xlsm"),
        ({"xl/workbook.bin": b"x"}, "xlsb"),
        ({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}, "ods"),
        ({"word/document.xml": b"<x/>"}, "document"),
        ({"ppt/presentation.xml": b"<x/>"}, "document"),
        ({"[Content_Types].xml": None}, "archive"),
        ({"[Content_Types].xml": b"<Types/>"}, "damaged"),
        ({"xl/workbook.xml": None}, "damaged"),
        ({"xl/workbook.xml": b'<w xmlns="http://purl.oclc.org/ooxml/main"/>'}, "strict"),
        ({"xl/workbook.xml": b""}, "damaged"),
        ({"xl/styles.xml": b"<styleSheet>"}, "damaged"),
        ({"xl/worksheets/sheet1.xml": b"<worksheet"}, "damaged"),
        ({"xl/worksheets/sheet1.xml": None}, "no_sheet"),
        ({"xl/_rels/workbook.xml.rels": b"\xff\xfe"}, "damaged"),
    ],
)  # fmt: skip
def test_wrong_kinds_and_damage(tmp_path: Path, change: dict[str, bytes | None], why: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(rezipped(builders.workbook([HEADER, ROW]), change))
    assert reason(path) == why


def test_encrypted_members_and_odd_compression(tmp_path: Path) -> None:
    path = tmp_path / "a"
    content = bytearray(builders.workbook([HEADER, ROW]))
    at = content.find(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)
    assert reason(path) == "encrypted"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("[Content_Types].xml", "spreadsheetml")
    assert reason(path) == "damaged"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(tmp_path: Path) -> None:
    path = builders.package(tmp_path / "a")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/workbook.xml", b"<x/>")
    assert reason(path) == "lying"


def test_only_hidden_sheets(tmp_path: Path) -> None:
    book = '<sheet name="S" sheetId="1" state="hidden" '
    path = builders.package(
        tmp_path / "a", book=builders._BOOK.replace('<sheet name="Shipments" sheetId="1" ', book)
    )
    assert reason(path) == "no_sheet"


def test_closing_early_ends_the_child(tmp_path: Path) -> None:
    content = builders.workbook([HEADER, *[ROW] * 5000])
    for _ in range(xlsx_file.CHILDREN + 1):  # would wait for a place if one were not given back
        with from_bytes(tmp_path, content) as table:
            next(iter(table))
        table.close()
    assert xlsx_file._places.acquire(blocking=False)
    xlsx_file._places.release()


def test_too_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_file, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setattr(xlsx_file, "PATIENCE_SECONDS", 0.01)
    path = tmp_path / "a"
    path.write_bytes(builders.workbook([HEADER, ROW]))
    with opened(path):
        assert reason(path) == "busy"
    with opened(path) as table:
        assert list(table) == [(2, ROW)]


def test_child_that_dies_or_talks_nonsense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(builders.workbook([HEADER, ROW]))
    child = tmp_path / "child.py"
    monkeypatch.setattr(xlsx_file, "CHILD", child)
    for code, why in (
        ("import os; os.kill(os.getpid(), 11)", "memory"),
        ("import os; os.kill(os.getpid(), 24)", "time"),
        ("raise SystemExit(0)", "memory"),
        ("print('\\xff\\xff\\xff\\xff')", "memory"),
        ("import sys; sys.stdout.buffer.write(b'\\0\\0\\0\\x02[]')", "damaged"),
        ("import sys; sys.stdout.buffer.write(b'\\0\\0\\0\\x02{{')", "damaged"),
        ("import time; time.sleep(60)", "time"),
    ):
        child.write_text(code)
        patience = 1.0 if "sleep" in code else 30.0
        assert reason(path, dataclasses.replace(Limits(), wait_seconds=patience)) == why


def test_dates_without_a_style_are_left_to_the_parser(tmp_path: Path) -> None:
    row: list[object] = list(ROW)
    row[6], row[8] = 44377, 44228.5
    with from_bytes(tmp_path, builders.workbook([HEADER, row])) as table:
        values, errors = parse_row(bind(COLUMNS, table.header), next(iter(table))[1])
    assert not errors
    assert values["expiration"].day == date(2021, 6, 30)
    assert values["date_shipped"].day == date(2021, 2, 1)
