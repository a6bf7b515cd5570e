"""Files as suppliers and Excel make them, each with what is right: one table (SPEC C1).

The files in `cases/` are examples of kinds; what stands beside each is of the same kind. Nothing is
stored on a guess: what may mean two things is refused or asked, and what is not read is named.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask

from tests.client import Browser, Page
from tests.effort import some
from tests.sheets import builders
from tests.shipments.files import take_in_waiting
from tests.shipments.taken import shipments

FOLDER = Path(__file__).with_name("cases")
HEADER = builders.HEADER
GOOD = dict(zip(HEADER, builders.ROW, strict=True))
LOT, QUANTITY, EXPIRES, SHIPPED = HEADER[5], HEADER[7], HEADER[6], HEADER[8]
TRACKING = HEADER[10]


def line(number: str, **changes: object) -> list[object]:
    """A good row with this Shipment ID, and `changes` by the first word of the column."""
    words = {name.split()[0].lower(): name for name in HEADER}
    cells: dict[str, object] = {**GOOD, "Shipment ID": number}
    cells |= {words[word]: value for word, value in changes.items()}
    return list(cells.values())


def text(*lines: str, header: str = ",".join(HEADER)) -> bytes:
    """A CSV of these lines, as they are."""
    return "\r\n".join([header, *lines, ""]).encode()


def rows(*given: Sequence[object], header: Sequence[str] = HEADER) -> bytes:
    """A CSV of these rows, quoted where a cell needs it."""
    import csv

    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerows([header, *given])
    return made.getvalue().encode()


def plain(number: str, **changes: object) -> str:
    """A row of a CSV without any quotes."""
    return ",".join(map(str, line(number, **changes)))


def book(
    *sheets: tuple[str, Sequence[Sequence[object]]],
    formats: dict[str, str] | None = None,
    hidden: Sequence[str] = (),
) -> bytes:
    """A workbook of these sheets; `formats` are those of cells of the first one."""
    made = openpyxl.Workbook()
    assert made.active is not None
    made.remove(made.active)
    for title, lines in sheets:
        sheet = made.create_sheet(title)
        for one in lines:
            sheet.append(list(one))
        if title in hidden:
            sheet.sheet_state = "hidden"
    for place, code in (formats or {}).items():
        made.worksheets[0][place].number_format = code
    return builders.saved(made)


def xml_book(cells: str) -> bytes:
    """A workbook whose one row has these cells, as XML."""
    made = io.BytesIO()
    content = builders.header_xml() + f'<row r="2">{cells}</row>'
    builders.package(made, sheet=builders.sheet_xml(content))  # type: ignore[arg-type]
    return made.getvalue()


def xml_row(**changes: str) -> str:
    """A good row as XML, with cells of these letters replaced."""
    written = ""
    for letter, value in zip("ABCDEFGHIJK", builders.ROW, strict=True):
        usual = f'<c r="{letter}2" t="inlineStr"><is><t>{value}</t></is></c>'
        written += changes.get(letter, usual)
    return written


Wrong = tuple[str, str, str]


@dataclass(frozen=True)
class Case:
    """One file, or one after another, of which the last counts.

    counts: added, updated, unchanged, to correct. wrong: row, column and words of the sentence, in
    order of rows. says: further words on the page. stored: what is in the database then, by
    Shipment ID and lot: doses, or the values of attributes.
    """

    name: str
    files: Sequence[bytes | str]
    counts: tuple[int, int, int, int]
    wrong: Sequence[Wrong] = ()
    says: Sequence[str] = ()
    unsaid: Sequence[str] = ()
    stored: dict[tuple[str, str], Any] = field(default_factory=dict)
    problem: str = ""


FOOTNOTE = "footnote mark"
SPLIT = "more values than the header has columns"
TWO_DAYS = "may mean two days"
NO_LOT = "says that there is no number"
SEVERAL = "more than one lot"
ALONE = "Enter the lot number alone"
A_DATE = "turned this into a date or time"
NOT_READ = "stands right of the table and was not read"

CASES = [
    # Footnote marks
    Case(
        "f01",
        ["f01-superscript.csv"],
        (0, 0, 0, 2),
        [("2", QUANTITY, "whole number"), ("3", LOT, FOOTNOTE)],
    ),
    Case(
        "f01 marks of every kind",
        [
            rows(
                line("M-1", quantity="97₅"),
                line("M-2", lot="EL9262*"),
                line("M-3", lot="EL9262†"),
                line("M-4", quantity="①"),
                line("M-5²"),
                line("M-6", tracking="1Z999AA1³"),
                line("M-7", quantity="9½"),
                line("M-8", lot="EL926Ⅱ"),
                line("M-9", lot="ＥＬ９２６２", quantity="９７５", expiration="０５/31/2021"),
                line("M\u00a010", lot="EL\u20029262"),
            )
        ],
        (2, 0, 0, 8),
        [
            ("2", QUANTITY, "whole number"),
            ("3", LOT, FOOTNOTE),
            ("4", LOT, FOOTNOTE),
            ("5", QUANTITY, "whole number"),
            ("6", "Shipment ID", FOOTNOTE),
            ("7", TRACKING, FOOTNOTE),
            ("8", QUANTITY, "whole number"),
            ("9", LOT, FOOTNOTE),
        ],
        stored={("M-9", "EL9262"): 975, ("M 10", "EL 9262"): 975},
    ),
    # Several sheets
    Case(
        "f02",
        ["f02-two-sheets.xlsx"],
        (4, 0, 0, 0),
        unsaid=["was not read"],
        stored={(f"F02-{letter}", "EL9262"): 975 for letter in "ABCD"},
    ),
    Case(
        "f02 what is not read is named",
        [
            book(
                ("Read me", [["How to fill this in"]]),
                ("East", [HEADER, line("S-1")]),
                ("Empty", []),
                (
                    "West",
                    [HEADER[::-1], line("S-2", quantity=100)[::-1], line("S-3", lot="-")[::-1]],
                ),
                ("Old", [HEADER, line("S-4")]),
                ("Other", [[*HEADER, "Temperature"], [*line("S-5"), "-70"]]),
                hidden=["Old"],
            )
        ],
        (2, 0, 0, 1),
        [("3 (West)", LOT, NO_LOT)],
        says=[
            "The sheet “Read me” was not read: it has no header row.",
            "The sheet “Old” was not read: it is hidden.",
            "The sheet “Other” was not read: its columns are not those of “East”.",
        ],
        unsaid=["“Empty”"],
        stored={("S-1", "EL9262"): 975, ("S-2", "EL9262"): 100},
    ),
    # A comma inside a value
    Case("f03", ["f03-unquoted-thousand.csv"], (0, 0, 0, 1), [("2", "Whole row", SPLIT)]),
    Case(
        "f03 in some rows, blank or not",
        [
            text(
                plain("C-1"),
                plain("C-2", carrier="UPS, Ground"),
                plain("C-3", quantity="1,170"),
                plain("C-4", manufacturer="Pfizer, Inc."),
                plain("C-5") + ",",
                plain("C-6", carrier="UPS, Ground", tracking=""),
            )
        ],
        (1, 0, 0, 5),
        [(str(number), "Whole row", SPLIT) for number in range(3, 8)],
        stored={("C-1", "EL9262"): 975},
    ),
    Case(
        "f03 a comma at the end of every row, but one number split",
        [text(plain("C-1") + ",", plain("C-2", quantity="1,170"), plain("C-3") + ",")],
        (2, 0, 0, 1),
        [("3", "Whole row", SPLIT)],
    ),
    Case(
        "f03 a comma at the end of every row",
        [text(plain("C-1") + ",", plain("C-2") + ",")],
        (2, 0, 0, 0),
        unsaid=["was not read"],
    ),
    Case(
        "f03 a comma at the end of the header, too",
        [text(plain("C-1") + ",", plain("C-2"), header=",".join(HEADER) + ",")],
        (2, 0, 0, 0),
    ),
    Case(
        "f03 in quotes",
        [rows(line("C-1", quantity="1,170", manufacturer="Pfizer, Inc."))],
        (1, 0, 0, 0),
        stored={("C-1", "EL9262"): 1170},
    ),
    # Line breaks as Excel writes them
    Case(
        "f04",
        ["f04-x000d.xlsx"],
        (1, 0, 0, 0),
        stored={("F04", "EL9262"): {"tracking_number": "1Z999AA1"}},
    ),
    Case(
        "f04 in a header, in the middle, of another character, by its own name",
        [
            book(
                (
                    "S",
                    [
                        [name.replace(" ", "_x000D_\n") for name in HEADER],
                        line("X-1", lot="EL9262_x000D_\nEN6201"),
                        line("X_x002D_2"),
                        line("X-3", carrier="A_x005F_x0041_"),
                    ],
                )
            )
        ],
        (2, 0, 0, 1),
        [("2", LOT, SEVERAL)],
        stored={("X-2", "EL9262"): 975, ("X-3", "EL9262"): {"carrier": "A_x0041_"}},
    ),
    Case(
        "f04 copied on into a CSV",
        [rows(line("X-1", lot="EL9262_x000D_", tracking="1Z999AA1_x000d_"))],
        (1, 0, 0, 0),
        stored={("X-1", "EL9262"): {"tracking_number": "1Z999AA1"}},
    ),
    # Columns that are not there
    Case(
        "f05",
        ["f05a-full.csv", "f05b-without-columns.csv"],
        (0, 0, 1, 0),
        stored={("F05", "EL9262"): {"carrier": "UPS", "tracking_number": "1Z999AA10123456784"}},
    ),
    Case(
        "f05 with another change, and with one of the two",
        [
            rows(line("D-1")),
            rows(line("D-1", quantity="970", carrier="FedEx")[:10], header=HEADER[:10]),
        ],
        (0, 1, 0, 0),
        stored={
            ("D-1", "EL9262"): {
                "doses_shipped": 970,
                "carrier": "FedEx",
                "tracking_number": "1Z999AA10123456784",
            }
        },
    ),
    # Days before months
    Case(
        "f06",
        ["f06-dmy.csv"],
        (0, 0, 0, 3),
        [
            ("2", EXPIRES, "no such day"),
            ("2", SHIPPED, "no such day"),
            ("3", EXPIRES, TWO_DAYS),
            ("3", SHIPPED, TWO_DAYS),
            ("4", EXPIRES, TWO_DAYS),
            ("4", SHIPPED, TWO_DAYS),
        ],
    ),
    Case(
        "f06 one column tells it of the other, unless that one says otherwise",
        [
            rows(
                line("E-1", expiration="31/08/2021", date="02/03/2021"),
                line("E-2", expiration="08-12-2021", date="02/02/2021"),
                line("E-3", expiration="30-Jun-2021", date="2021-02-03"),
                line("E-4", expiration="05/05/2021", date="02/03/2021"),
            )
        ],
        (1, 0, 0, 3),
        [
            ("2", EXPIRES, "no such day"),
            ("2", SHIPPED, TWO_DAYS),
            ("3", EXPIRES, TWO_DAYS),
            ("5", SHIPPED, TWO_DAYS),
        ],
        stored={("E-3", "EL9262"): 975},
    ),
    Case(
        "f06 no doubt where months come first",
        [rows(line("E-1", date="02/03/2021"), line("E-2", date="02/25/2021"))],
        (2, 0, 0, 0),
    ),
    Case(
        "f06 after Excel has read what it could",
        [
            book(
                (
                    "S",
                    [
                        HEADER,
                        line("E-1", expiration="31/08/2021", date=datetime(2021, 2, 25)),
                        line("E-2", expiration=datetime(2021, 8, 12), date=datetime(2021, 2, 25)),
                    ],
                )
            )
        ],
        (0, 0, 0, 2),
        [("2", EXPIRES, "no such day"), ("3", EXPIRES, TWO_DAYS)],
    ),
    Case(
        "f06 said in the header",
        [
            rows(
                line("E-1", expiration="08/12/2021", date="02/02/2021"),
                header=[*HEADER[:6], "Expiration Date (DD/MM/YYYY)", *HEADER[7:]],
            )
        ],
        (0, 0, 0, 1),
        [("2", EXPIRES, TWO_DAYS)],
    ),
    # What a cell shows
    Case(
        "f09",
        ["f09-number-formats.xlsx"],
        (1, 0, 0, 1),
        [("3", LOT, "digits are lost")],
        stored={("F09-A", "007012"): 975},
    ),
    Case(
        "f09 more formats",
        [
            book(
                (
                    "S",
                    [
                        HEADER,
                        line("N-1", lot=41, quantity=975),
                        line("N-2", lot=41, quantity=1170),
                        line("N-3", lot=9262, ndc=59267100002),
                        line("N-4", lot="A1", quantity=975),
                        line("N-5", lot="A1", quantity=9.75),
                        line("N-6", lot="A1", quantity=97500),
                        line("N-7", lot=7012, quantity=975.0),
                        line("N-8", lot=7012.5),
                    ],
                ),
                formats={
                    "F2": '"EL"0000',
                    "H2": '0" doses"',
                    "F3": "\\E\\L0000",
                    "H3": "#,##0",
                    "F4": "[Red]General",
                    "D4": "00000\\-0000\\-00",
                    "H5": "0.00E+00",
                    "H6": "0%",
                    "H7": "#,##0,",
                    "F8": "0000000",
                    "H8": "0.00",
                    "F9": "000000",
                },
            )
        ],
        (4, 0, 0, 4),
        [
            ("5", QUANTITY, "whole number"),
            ("6", QUANTITY, "whole number"),
            ("7", QUANTITY, "another number than"),
            ("9", LOT, "another number than"),
        ],
        stored={
            ("N-1", "EL0041"): 975,
            ("N-2", "EL0041"): 1170,
            ("N-3", "9262"): 975,
            ("N-7", "0007012"): 975,
        },
    ),
    # What keeps a spreadsheet from changing a value
    Case(
        "f10",
        ["f10-guards.csv"],
        (3, 0, 0, 0),
        stored={
            ("F10-A", "007012"): {"tracking_number": "012345678901"},
            ("F10-B", "007012"): {"tracking_number": "012345678901"},
            ("F10-C", "EL9262"): {"ndc": "59267-1000-01"},
        },
    ),
    Case(
        "f10 in every column, and formulas that are none",
        [
            rows(
                [f'="{cell}"' for cell in line("G-1")],
                [f"'{cell}" for cell in line("G-2")],
                ["'", *line("G-3")[1:]],
                line("G-4", lot="=007012"),
                line("G-5", quantity='=SUM("9")'),
                line("G-6", carrier="O'Neill's"),
            )
        ],
        (3, 0, 0, 3),
        [
            ("4", "Shipment ID", "is blank"),
            ("5", LOT, "formula"),
            ("6", QUANTITY, "formula"),
        ],
        stored={
            ("G-1", "EL9262"): {"carrier": "UPS"},
            ("G-2", "EL9262"): {"carrier": "UPS"},
            ("G-6", "EL9262"): {"carrier": "O'Neill's"},
        },
    ),
    # Several lots
    Case(
        "f13 in one file",
        ["f13-one-file.csv"],
        (2, 0, 0, 0),
        stored={("F13", "EL9262"): 600, ("F13", "EN6201"): 375},
    ),
    Case("f13 again", ["f13-one-file.csv", "f13-one-file.csv"], (0, 0, 2, 0)),
    Case(
        "f13 in two files",
        ["f13a.csv", "f13b.csv"],
        (0, 0, 0, 1),
        [
            ("2", LOT, "replace it, or does it come in addition"),
            ("2", "Your Answer", "In addition"),
        ],
        stored={("F13X", "EL9262"): 600},
    ),
    Case(
        "f13 in addition",
        [
            "f13a.csv",
            rows(
                [*line("F13X", exis="EX-F13X", lot="EN6201", quantity=375), "In addition"],
                header=[*HEADER, "Your Answer"],
            ),
        ],
        (1, 0, 0, 0),
        stored={("F13X", "EL9262"): 600, ("F13X", "EN6201"): 375},
    ),
    Case(
        "f13 instead",
        [
            "f13a.csv",
            rows(
                [
                    *line("F13X", exis="EX-F13X", lot="EN6201", quantity=375),
                    "replaces the other lot",
                ],
                header=[*HEADER, "Your Answer"],
            ),
        ],
        (0, 1, 0, 0),
        stored={("F13X", "EN6201"): 375},
    ),
    Case(
        "f13 an answer that is none, and the same question of a repeated row",
        [
            "f13a.csv",
            rows(
                [*line("F13X", exis="EX-F13X", lot="EN6201", quantity=375), "yes"],
                [*line("F13X", exis="EX-F13X", lot="EN6202", quantity=375), ""],
                [*line("F13X", exis="EX-F13X", lot="EN6202", quantity=375), ""],
                [
                    *line("F13X", exis="EX-F13X", lot="EN6203"),
                    "In addition; Replaces the other lot",
                ],
                header=[*HEADER, "Your Answer"],
            ),
        ],
        (0, 0, 0, 4),
        [
            ("2", "Your Answer", "Choose one of these answers"),
            ("3", LOT, "replace it"),
            ("3", "Your Answer", "In addition"),
            ("4", LOT, "replace it"),
            ("4", "Your Answer", "In addition"),
            ("5", "Your Answer", "Choose one."),
        ],
        stored={("F13X", "EL9262"): 600},
    ),
    Case(
        "f13 a further lot in a file that names the first one",
        [
            "f13a.csv",
            rows(
                line("F13X", exis="EX-F13X", quantity=600),
                line("F13X", exis="EX-F13X", lot="EN6201", quantity=375),
            ),
        ],
        (1, 0, 1, 0),
        stored={("F13X", "EL9262"): 600, ("F13X", "EN6201"): 375},
    ),
    Case(
        "f13 one lot twice with other doses, two lots to two places",
        [
            rows(
                line("L-1"),
                line("L-1", quantity=1),
                line("L-1", lot="EN6201", provider="NCA650002"),
            )
        ],
        (1, 0, 0, 2),
        [("3", "Shipment ID", "Quantity Shipped"), ("4", "Shipment ID", "Provider PIN")],
        stored={("L-1", "EL9262"): 975},
    ),
    # What stands beside the table
    Case(
        "f15 csv",
        ["f15-remark.csv"],
        (1, 0, 0, 0),
        says=[f"Row 2: “HOLD - recalled lot, do not use” {NOT_READ}"],
        stored={("F15-C", "EL9262"): 975},
    ),
    Case(
        "f15 xlsx",
        ["f15-remark.xlsx"],
        (1, 0, 0, 0),
        says=[f"Row 2: “HOLD - recalled lot, do not use” {NOT_READ}"],
        stored={("F15-B", "EL9262"): 975},
    ),
    *(
        Case(
            f"f15 beside one of many rows, {kind}",
            [file([[*line("R-1")], [*line("R-2"), "", "call first"], [*line("R-3")]])],
            (3, 0, 0, 0),
            says=[f"Row 3: “call first” {NOT_READ}"],
        )
        for kind, file in (
            ("csv", lambda given: rows(*given)),
            ("xlsx", lambda given: book(("S", [HEADER, *given]))),
        )
    ),
    # No lot, or more than one
    Case(
        "f16",
        ["f16-lots.csv"],
        (0, 0, 0, 6),
        [
            ("2", LOT, NO_LOT),
            ("3", LOT, NO_LOT),
            ("4", LOT, NO_LOT),
            ("5", LOT, SEVERAL),
            ("6", LOT, SEVERAL),
            ("7", LOT, ALONE),
        ],
    ),
    Case(
        "f16 more of them",
        [
            rows(
                *(
                    line(f"P-{number}", lot=lot)
                    for number, lot in enumerate(
                        (
                            *("n/a", "NONE", "unknown", "--", "?", "Pending", "see below"),
                            *("EL9262/EL9263", "EL9262 EN6201", "EL9262 & EN6201", "EL9262, EN62"),
                            *("LOT EL9262", "Lot# EL9262", "Batch: 12", "(10)EL9262"),
                            "EL9262 (10 vials)",
                        )
                    )
                ),
                line("N/A"),
                line("P-X", exis="TBD"),
                line("P-Y", tracking="-"),
                line("P-1", lot="EN 6201"),
                line("P-2", lot="LOT7-A/B"),
                line("P-3", lot="039K20A"),
            )
        ],
        (3, 0, 0, 19),
        [
            *((str(number), LOT, NO_LOT) for number in range(2, 9)),
            *((str(number), LOT, SEVERAL) for number in range(9, 13)),
            *((str(number), LOT, ALONE) for number in range(13, 18)),
            ("18", "Shipment ID", NO_LOT),
            ("19", "ExIS Order Number", NO_LOT),
            ("20", TRACKING, NO_LOT),
        ],
    ),
    # Headers
    Case("f22", ["f22-header-units.csv"], (1, 0, 0, 0), stored={("F22", "EL9262"): 975}),
    Case(
        "f22 in another unit",
        [rows(line("H-1"), header=[*HEADER[:7], "Quantity Shipped (vials)", *HEADER[8:]])],
        (0, 0, 0, 0),
        problem="These columns are missing: Quantity Shipped. Add them to the header row, or start "
        "from the template. These columns were not understood: Quantity Shipped (vials).",
    ),
    Case(
        "f22 misspelt",
        [rows(line("H-1"), header=[*HEADER[:5], "Lott", *HEADER[6:]])],
        (0, 0, 0, 0),
        problem="These columns were not understood: Lott.",
    ),
    Case(
        "f22 the exact name counts, others are named",
        [
            rows(
                ["H-9", *line("H-1"), "12"],
                header=["Shipment", *HEADER, "Doses"],
            )
        ],
        (1, 0, 0, 0),
        says=["These columns are not known and were not read: Shipment, Doses."],
        stored={("H-1", "EL9262"): 975},
    ),
    # Dates and times where there are none
    Case(
        "dates and times in codes and numbers, csv",
        [
            rows(
                *(
                    line(f"T-{number}", lot=lot)
                    for number, lot in enumerate(
                        ("5-Mar", "Mar-05", "05/31/2021", "10:30", "2021-05-31", "1:30 PM")
                    )
                ),
                line("5-Mar-21"),
                line("T-6", exis="12:00:00"),
                line("T-7", tracking="3/5/2021 0:00"),
                line("T-8", quantity="10:30"),
                line("SHP-2021-05-31", exis="2021-06"),
            )
        ],
        (1, 0, 0, 10),
        [
            *((str(number), LOT, A_DATE) for number in range(2, 8)),
            ("8", "Shipment ID", A_DATE),
            ("9", "ExIS Order Number", A_DATE),
            ("10", TRACKING, A_DATE),
            ("11", QUANTITY, "whole number"),
        ],
    ),
    Case(
        "a date that does not show its year is none",
        [
            book(
                (
                    "S",
                    [
                        HEADER,
                        line("Y-1", expiration=datetime(2021, 5, 31)),
                        line("Y-2", expiration=datetime(2021, 5, 31)),
                        line("Y-3", lot=datetime(2021, 3, 5)),
                        line("Y-4", expiration=datetime(2021, 5, 1)),
                        line("Y-5", expiration=datetime(2021, 5, 31, 10, 30)),
                        line("Y-6", expiration="31-May"),
                    ],
                ),
                formats={
                    "G2": "d-mmm",
                    "G3": "[$-409]d-mmm-yy;@",
                    "F4": "d-mmm",
                    "G5": "mmm-yy",
                    "G6": "h:mm",
                },
            )
        ],
        (2, 0, 0, 4),
        [
            ("2", EXPIRES, "The year is missing."),
            ("4", LOT, A_DATE),
            ("6", EXPIRES, "Enter the date"),
            ("7", EXPIRES, "The year is missing."),
        ],
        stored={
            ("Y-2", "EL9262"): {"expiration_date": date(2021, 5, 31)},
            ("Y-4", "EL9262"): {"expiration_month_only": True},
        },
    ),
    # Cells that cannot be read
    Case(
        "a formula without its value",
        [
            xml_book(
                xml_row(H='<c r="H2"><f>25*39</f></c>', J='<c r="J2" t="str"><f>T("")</f><v/></c>')
            )
        ],
        (0, 0, 0, 1),
        [("2", QUANTITY, "a formula here whose value is not stored")],
    ),
    Case(
        "one damaged cell",
        [
            xml_book(
                xml_row(H='<c r="H2"><v>many</v></c>')
                + "</row>"
                + '<row r="3">'
                + xml_row().replace('2" t=', '3" t=').replace("SHP-1", "SHP-2")
            )
        ],
        (1, 0, 0, 1),
        [("2", QUANTITY, "damaged")],
        stored={("SHP-2", "EL9262"): 975},
    ),
    # Numbers, however they are spelled
    Case(
        "the same numbers in other spellings",
        [
            rows(line("Shp-77", exis="ex-21"), line("1001", exis="500")),
            rows(line("SHP–77", exis="EX‑21", lot="el 9262"), line("1001.0", exis="500.0")),
        ],
        (0, 0, 2, 0),
        stored={("Shp-77", "EL9262"): 975, ("1001", "EL9262"): 975},
    ),
    Case(
        "a space in the lot is no change",
        [rows(line("W-1", lot="EN6201")), rows(line("W-1", lot="EN 6201"))],
        (0, 0, 1, 0),
        stored={("W-1", "EN6201"): 975},
    ),
    # Unlikely dates
    Case(
        "an expiry many years after shipping",
        [rows(line("Q-1", expiration="05/31/2041"), line("Q-2", expiration="05/31/2026"))],
        (1, 0, 0, 1),
        [
            ("2", EXPIRES, "would expire 20 years after"),
            ("2", "Your Answer", "The date is right"),
        ],
        stored={("Q-2", "EL9262"): 975},
    ),
    Case(
        "an expiry many years after shipping that is right",
        [
            rows(
                [*line("Q-1", expiration="05/31/2041"), "The date is right"],
                header=[*HEADER, "Your Answer"],
            )
        ],
        (1, 0, 0, 0),
        stored={("Q-1", "EL9262"): 975},
    ),
    # Rows that are none
    *(
        Case(
            f"totals, headers in the middle, and tails of zeros, {kind}",
            [
                file(
                    [
                        line("Z-1"),
                        HEADER,
                        line("Z-2"),
                        ["", "", "", "", "", "", "Grand total:", "1,950"],
                        ["* includes overfill"],
                        [*[""] * 7, "0"],
                        [*[""] * 7, "0"],
                        ["Z-3"],
                        ["Page 1 of 1"],
                    ]
                )
            ],
            (2, 0, 0, 1),
            [("9", "Whole row", "Only one cell of this row is filled")],
            says=[
                "Rows that repeat the header were not read: 3.",
                "Rows with a total or a note were not read: 5, 6, 10.",
                "Rows with nothing but zeros were not read: 7, 8.",
            ],
        )
        for kind, file in (
            ("csv", lambda given: rows(*given)),
            ("xlsx", lambda given: book(("S", [HEADER, *given]))),
        )
    ),
    Case(
        "a blank tail",
        [text(plain("Z-1"), *["," * 10] * 3, *[" , ,"] * 2)],
        (1, 0, 0, 0),
        unsaid=["was not read", "were not read"],
    ),
]


def of_each_kind() -> list[Case]:
    """Of cases with one number the first and the last, and all others; with --all every one."""
    kinds: dict[str, list[Case]] = {}
    for case in CASES:
        number, _blank, _rest = case.name.partition(" ")
        kinds.setdefault(number if number[1:].isdigit() else case.name, []).append(case)
    return [case for cases in kinds.values() for case in some(cases, short=2)]


def send(app: Flask, browser: Browser, content: bytes, name: str) -> Page:
    """Send a file through the page; the page of its import once it was taken in."""
    page = browser.get("/shipments/imports")
    sent = browser.submit(page, {"file": (io.BytesIO(content), name)}, button="Import")
    assert sent.status == 303
    take_in_waiting(app)
    return browser.get(sent.leads_to)


def wrong_in(page: Page) -> list[Wrong]:
    """Row, column and sentence of all that is to be corrected, by rows."""
    found = []
    for table in page.root.all("table"):
        if "What to correct" not in table.one("caption").text:
            continue
        for row in table.one("tbody").all("tr"):
            column, _value, message = (cell.text for cell in row.all("td"))
            found += [(number, column, message) for number in row.one("th").text.split(", ")]
    return sorted(found, key=lambda one: int(one[0].split()[0]))


@pytest.mark.parametrize("case", of_each_kind(), ids=lambda case: case.name)
def test_a_suppliers_file(app: Flask, browser: Browser, case: Case) -> None:
    browser.sign_in("admin")
    for given in case.files:
        content = (FOLDER / given).read_bytes() if isinstance(given, str) else given
        name = "supplier.xlsx" if content.startswith(b"PK") else "supplier.csv"
        page = send(app, browser, content, name)
    region = page.root.one("div", id="import-run").text
    if case.problem:
        assert case.problem in region
        assert shipments(app) == []
        return
    panel = page.root.one("dl", class_="hl").text.split()
    counts = tuple(
        int(panel[panel.index(word) + 1]) for word in ("Added", "Updated", "Unchanged", "correct")
    )
    wrong = wrong_in(page)
    assert counts == case.counts, (wrong, region[:600])
    assert [one[:2] for one in wrong] == [one[:2] for one in case.wrong]
    for (_row, _column, said), (_same, _too, words) in zip(wrong, case.wrong, strict=True):
        assert words in said
    for words in case.says:
        assert words in region
    for words in case.unsaid:
        assert words not in region
    there = {(one.number, one.lot): one for one in shipments(app)}
    for key, wanted in case.stored.items():
        values = wanted if isinstance(wanted, dict) else {"doses_shipped": wanted}
        assert key in there, sorted(there)
        assert {name: getattr(there[key], name) for name in values} == values
    if case.stored:
        assert len(there) >= len(case.stored)
