"""What the portal writes: safe to open, right types, red cells with words beside them."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from portal.formats.codes import parse_text
from portal.sheets.columns import ADVICE, CellError
from portal.sheets.doubts import days_asked, may_be_two_days
from portal.sheets.limits import CELL_CHARACTERS
from portal.sheets.reader import open_table
from portal.sheets.writer import CellFill, annotated_copy, write_csv, write_xlsx
from tests.sheets import builders

DANGEROUS = [
    "=1+1",
    '=HYPERLINK("http://x","y")',
    "=cmd|' /C calc'!A0",
    "+1 919 555 0100",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "#N/A",
]


def read(content: io.BytesIO) -> Worksheet:
    sheet = openpyxl.load_workbook(content).active
    assert isinstance(sheet, Worksheet)
    return sheet


def test_types_of_xlsx_cells() -> None:
    out = io.BytesIO()
    row = [
        date(2021, 6, 30),
        datetime(2021, 6, 30, 14, 5, tzinfo=UTC),
        975,
        1.5,
        True,
        None,
        10**15,
        float("inf"),
        "00012",
        "a\x00b\ud800",
        "x" * 40_000,
    ]
    assert write_xlsx(out, [f"c{n}" for n in range(11)], [row], title="A/B: [x]?") == 1
    sheet = read(out)
    assert sheet.title == "A B   x"
    assert sheet.freeze_panes == "A2"
    cells = list(sheet[2])
    assert cells[0].value == datetime(2021, 6, 30)
    assert cells[0].number_format == "MM/DD/YYYY"
    assert cells[1].value == datetime(2021, 6, 30, 14, 5)
    assert cells[1].number_format == "MM/DD/YYYY HH:MM"
    assert [cell.value for cell in cells[2:10]] == [
        975,
        1.5,
        True,
        None,
        "1000000000000000",
        "inf",
        "00012",
        "a\ufffdb\ufffd",
    ]
    assert len(str(cells[10].value)) == 32_767


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_formula_in_xlsx(text: str) -> None:
    out = io.BytesIO()
    write_xlsx(out, [text], [[text]])
    sheet = read(out)
    for cell in (sheet["A1"], sheet["A2"]):
        assert cell.data_type == "s" or text == "#N/A"  # openpyxl reads that text as an error
        assert str(cell.value).strip() == text.strip()
    assert sheet["A2"].quotePrefix is (text != "#N/A")


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_formula_in_csv_and_the_value_comes_back(text: str) -> None:
    content = b"".join(write_csv(["x"], [[text]])).decode("utf-8-sig")
    value = list(csv.reader(io.StringIO(content, newline="")))[1][0]
    if text != "#N/A":
        assert value == "'" + text
        assert parse_text(value).replace("＝", "=") == " ".join(text.split()).replace("＝", "=")


def test_csv() -> None:
    rows = [['é, "x"', date(2021, 6, 30), datetime(2021, 6, 30, 9, 5), -5, 1.5, None, True]] * 250
    pieces = list(write_csv(["a", "b"], rows))
    content = b"".join(pieces)
    assert len(pieces) == 4
    assert content.startswith(b"\xef\xbb\xbfa,b\r\n")
    line = '"é, ""x""",06/30/2021,06/30/2021 09:05,-5,1.5,,True\r\n'
    assert content.decode("utf-8-sig") == "a,b\r\n" + line * 250


def test_fills_and_notes() -> None:
    out = io.BytesIO()
    write_xlsx(
        out,
        ["a", "b"],
        [["1", "2"], ["3", "4"]],
        fills={(0, 1): CellFill.WRONG, (1, 0): CellFill.MENDED_BY_SYSTEM},
        notes={(1, 1): "See =the\x00 guide"},
    )
    sheet = read(out)
    assert sheet["B2"].fill.start_color.rgb == "FFFF0000"
    assert sheet["A3"].fill.start_color.rgb == "FFFFFF00"
    assert sheet["A2"].fill.fill_type is None
    assert sheet["B3"].comment is not None
    assert sheet["B3"].comment.text == "See =the\ufffd guide"


def test_annotated_copy_says_what_to_correct_and_can_be_uploaded(tmp_path: Path) -> None:
    path = tmp_path / "failed.xlsx"
    rows: list[tuple[int, list[object]]] = [(2, list(builders.ROW)), (7, [*builders.ROW[:5]])]
    rows[0][1][7] = "=0"
    errors = {
        2: [
            CellError("Quantity Shipped", "Enter a number.", "=0", 7),
            CellError("", "Split.", "x"),
        ],
        7: [CellError("Lot Number", "Lot Number is blank.", "", 5)],
    }
    assert annotated_copy(path, builders.HEADER, iter(rows), errors) == 2
    sheet = read(io.BytesIO(path.read_bytes()))
    assert [cell.value for cell in sheet[1]] == [*builders.HEADER, ADVICE]
    assert sheet["L2"].value == "Quantity Shipped: Enter a number. Split."
    red = [cell.coordinate for row in sheet for cell in row if cell.fill.fill_type]
    assert red == ["H2", "F3"]
    assert sheet["H2"].data_type == "s"

    # It comes back, is annotated again, and still has one column of advice.
    with open_table(path, filename="x", recognise=lambda cells: "NDC" in cells) as table:
        again = list(table)
        header = table.header
    assert again[0][1][:11] == [*rows[0][1]]
    out = io.BytesIO()
    annotated_copy(out, header, again, {})
    assert [cell.value for cell in read(out)[1]] == [*builders.HEADER, ADVICE]
    assert read(out)["L2"].value in (None, "")


def test_dates_in_doubt_come_first_in_an_advice_that_is_cut_when_it_comes_back() -> None:
    out = io.BytesIO()
    errors = [
        CellError("Lot Number", "Enter it. " * CELL_CHARACTERS, "x", 5),
        CellError("Expiration Date", may_be_two_days("05/07/2027"), "05/07/2027", 6),
    ]
    annotated_copy(out, builders.HEADER, [(2, list(builders.ROW))], {2: errors})
    advice = read(out)["L2"].value
    assert days_asked(advice) == {date(2027, 5, 7)}


def test_rows_are_taken_one_by_one() -> None:
    """A CSV piece is out before the rows of the next one are asked for."""
    taken = 0

    def rows() -> Iterator[list[str]]:
        nonlocal taken
        while taken < 1000:
            taken += 1
            yield ["x"]

    pieces = write_csv(["a"], rows())
    next(pieces)
    assert taken == 0
    next(pieces)
    assert taken == 100
