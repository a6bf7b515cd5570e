"""Workbooks to be filled in, and the block above their table when they come back."""

import io
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from portal.errors import Invalid
from portal.formats.codes import parse_text
from portal.sheets.columns import ADVICE, CellError, CellMended, SheetColumn, header_test
from portal.sheets.errors import too_long
from portal.sheets.preamble import read_preamble
from portal.sheets.reader import Table, open_table
from portal.sheets.writer import CellFill, annotated_copy, write_csv, write_template

MANY = tuple(f"Clinic {number}, “East”" for number in range(300))
COLUMNS = (
    SheetColumn("name", "Name", parse_text),
    SheetColumn("profile", "Profile", parse_text, choices=("Healthcare Provider", "=1+1")),
    SheetColumn("place", "Location", parse_text, choices=MANY),
    SheetColumn("zip", "Zip", parse_text, text=True),
)


def number(cell: object) -> int:
    if not str(cell).isdigit():
        raise Invalid("Enter digits.")
    return int(str(cell))


FIELDS = (
    SheetColumn("organization", "Organization", parse_text, aliases=("Organization Name",)),
    SheetColumn("preparer", "Prepared by", parse_text),
    SheetColumn("phone", "Phone", number, required=False),
)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.xlsx"
    write_template(
        path, COLUMNS, preamble=FIELDS, instructions=("How to", "=HYPERLINK(1)"), title="Users"
    )
    return path


def opened(path: Path) -> Table:
    return open_table(path, filename=path.name, recognise=header_test(COLUMNS))


def test_drop_downs_are_lists_however_long_and_whatever_is_in_them(template: Path) -> None:
    book = openpyxl.load_workbook(template)
    sheet = book["Users"]
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert set(rules) == {"B6:B100006", "C6:C100006"}
    assert all((one.type, one.showErrorMessage) == ("list", True) for one in rules.values())
    for row, column, area in ((1, COLUMNS[1], "B6:B100006"), (2, COLUMNS[2], "C6:C100006")):
        name, _mark, cells = rules[area].formula1.partition("!")
        found = book[name][cells.replace("$", "")]
        assert [cell.value for cell in found[0]] == list(column.choices)
        assert {cell.data_type for cell in found[0]} == {"s"}, "no choice is a formula"
        assert found[0][0].row == row


def test_lists_are_hidden_and_instructions_are_not(template: Path) -> None:
    book = openpyxl.load_workbook(template)
    assert [(one.title, one.sheet_state) for one in book] == [
        ("Users", "visible"),
        ("Instructions", "visible"),
        ("Lists", "hidden"),
    ]
    lines = list(book["Instructions"]["A"])
    assert [line.value for line in lines] == ["How to", "=HYPERLINK(1)"]
    assert {line.data_type for line in lines} == {"s"}


def test_a_text_column_is_text_from_the_first_cell_to_the_last(template: Path) -> None:
    sheet = openpyxl.load_workbook(template)["Users"]
    assert sheet.column_dimensions["D"].number_format == "@"
    assert sheet.column_dimensions["A"].number_format == "General"
    with ZipFile(template) as archive:
        part = archive.read("xl/worksheets/sheet1.xml").decode()
    assert '<col width="12" customWidth="1" style="1" min="4" max="4" />' in part


def test_a_plain_table_has_one_sheet_and_no_rules(tmp_path: Path) -> None:
    path = tmp_path / "plain.xlsx"
    write_template(path, COLUMNS[:1])
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Sheet1"]
    assert book["Sheet1"]["A1"].value == "Name"
    assert not book["Sheet1"].data_validations.dataValidation


def test_a_filled_in_template_is_read_with_its_block(template: Path) -> None:
    book = openpyxl.load_workbook(template)
    sheet = book["Users"]
    for place, value in (("B1", "Washington County"), ("B2", "Ann"), ("B3", 5550100)):
        sheet[place].value = value
    sheet.append(["Bob", "Healthcare Provider", MANY[7], "00501"])
    book.save(template)
    with opened(template) as table:
        assert table.header_row == 5
        values, problems = read_preamble(FIELDS, table.above)
        rows = list(table)
    assert (values, problems) == (
        {"organization": "Washington County", "preparer": "Ann", "phone": 5550100},
        [],
    )
    assert rows == [(6, ["Bob", "Healthcare Provider", MANY[7], "00501"])]


def test_a_block_is_read_from_text_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = [["Users of a clinic"], ["organization name:", "", "X, Inc."], [""]]
    lines += [["Phone", "Prepared by", "Ann"], ["Name", "Profile", "Location", "Zip"], ["Bob"]]
    path.write_bytes(b"".join(write_csv(lines[0], lines[1:])))
    with opened(path) as table:
        assert (table.header_row, [number for number, _cells in table.above]) == (5, [1, 2, 3, 4])
        values, problems = read_preamble(FIELDS, table.above)
    assert values == {"organization": "X, Inc.", "preparer": "Ann", "phone": None}
    assert problems == []


def test_what_is_wrong_with_a_block_is_said_all_at_once() -> None:
    values, problems = read_preamble(
        FIELDS, [(1, ["Organization", "x" * 1_001]), (2, ["Phone", "none"])]
    )
    assert values == {}
    assert problems == [
        f"Organization: {too_long()}",
        "Prepared by is blank above the table. Fill it in.",
        "Phone: Enter digits.",
    ]


def test_red_and_yellow_cells_say_why_beside_and_in_a_column(tmp_path: Path) -> None:
    path = tmp_path / "copy.xlsx"
    row = (9, ["Bob", "Nurse", "Clinic", 501])
    errors = {9: [CellError("Profile", "Choose one from the list.", "Nurse", 1)]}
    mended = {
        9: [
            CellMended("Location", "Found by its address.", MANY[3], 2),
            CellMended("Profile", "Spelled out.", "Healthcare Provider", 1),
        ]
    }
    header = ["Name", "Profile", "Location", "Zip"]
    above = [(1, ["Organization", "X"]), (3, ["Prepared by", "Ann"])]
    assert (
        annotated_copy(path, header, [row], errors, mended=mended, above=above, columns=COLUMNS)
        == 1
    )
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert isinstance(sheet, Worksheet)
    assert [[cell.value for cell in line[:2]] for line in sheet["A1:D4"]] == [
        ["Organization", "X"],
        [None, None],
        ["Prepared by", "Ann"],
        [None, None],
    ]
    assert [cell.value for cell in sheet[5]] == [*header, ADVICE]
    assert [cell.value for cell in sheet[6]] == [
        *("Bob", "Healthcare Provider", MANY[3], "501"),
        "Profile: Choose one from the list. Location: Found by its address. Profile: Spelled out.",
    ]
    assert sheet["B6"].fill.start_color.rgb == CellFill.WRONG.value, "what is wrong is wrong first"
    assert sheet["C6"].fill.start_color.rgb == CellFill.MENDED_BY_SYSTEM.value
    assert sheet["A6"].fill.fill_type is None
    notes = [cell.comment.text if cell.comment else "" for cell in sheet[6]]
    assert notes == ["", "Choose one from the list. Spelled out.", "Found by its address.", "", ""]
    assert sheet["D6"].number_format == "@"
    with opened(path) as table:
        assert table.header_row == 5
        assert table.above == ((1, ["Organization", "X"]), (3, ["Prepared by", "Ann"]))


def test_a_copy_without_a_block_begins_with_its_header(tmp_path: Path) -> None:
    made = io.BytesIO()
    annotated_copy(made, ["Name"], [(2, ["Bob"])], {})
    book: Workbook = openpyxl.load_workbook(made)
    assert [cell.value for cell in book.worksheets[0][1]] == ["Name", ADVICE]
