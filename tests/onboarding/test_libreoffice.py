"""The templates and the file of failed rows go through LibreOffice and come back whole: lists to
choose from, Text cells, zeros in front, and dates."""

import io
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import select

from blueprints.recipients.models import Recipient
from portal.db import unit_of_work
from portal.people.models import User
from tests.client import Browser
from tests.onboarding.office import Office
from tests.onboarding.workbooks import (
    ABOVE,
    MANAGER,
    NAME,
    PROVIDER,
    Returned,
    case_of,
    error_file,
    upload,
)
from tests.personas import Personas

pytestmark = [pytest.mark.thorough, pytest.mark.slow("starts LibreOffice many times")]

TEMPLATES = {
    "onboarding": "/onboarding/template.xlsx",
    "recipient_upload": "/onboarding/recipients-template.xlsx",
}
# What LibreOffice may have made of a file before it is sent.
WAYS = (("xlsx",), ("ods", "xlsx"), ("csv",))
USERS = (
    ("Ann", "Brown", "abrown", "ann@example.org", PROVIDER, "Clinic A", "27962"),
    ("Zoë", "Núñez", "00123", "zoe@example.org", MANAGER, "Clinic B", "02134"),
)
PEOPLE: tuple[tuple[object, ...], ...] = (
    ("Maria", "Lopez", datetime(1950, 1, 31), "Female", "White; Asian", "02134", "252-555-0100"),
    ("Ødegård", "Nguyen", "02/03/1948", "Male", "White", "27962", "2525550101"),
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("office"))


def template(browser: Browser, kind: str) -> bytes:
    """The blank template, as it is downloaded."""
    content: bytes = browser.get(TEMPLATES[kind]).response.data
    return content


def columns_of(sheet: Worksheet) -> dict[str, int]:
    """The columns of a template by their labels."""
    return {str(cell.value): cell.column for cell in sheet[7] if cell.value}


def format_of(sheet: Worksheet, cell: Any) -> str:
    """The format in which something typed into a cell is read: an empty one has its column's."""
    if cell.has_style:
        return str(cell.number_format)
    for one in sheet.column_dimensions.values():
        if one.min <= cell.column <= one.max:
            return str(one.number_format)
    return "General"


def shape(content: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Of the first rows to fill in: the lists to choose from and the formats, by label."""
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    labels = {column: label for label, column in columns_of(sheet).items()}
    lists: dict[str, str] = {}
    for rule in sheet.data_validations.dataValidation:
        for area in rule.sqref.ranges:
            for column in range(area.min_col, area.max_col + 1):
                if area.min_row <= 8 and rule.type == "list":
                    lists[labels[column]] = str(rule.formula1).strip('"')
    formats = {label: format_of(sheet, sheet.cell(8, column)) for column, label in labels.items()}
    return lists, formats


def filled(content: bytes, rows: list[dict[str, object]]) -> bytes:
    """A template with the block above and these rows typed in."""
    book = load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    for number, pair in enumerate(ABOVE[:5], 1):
        sheet.cell(number, 2).value = pair[1]
    columns = columns_of(sheet)
    for number, row in enumerate(rows, 8):
        for label, value in row.items():
            cell = sheet.cell(number, columns[label])
            cell.value = value
            if isinstance(value, datetime):
                cell.number_format = "mm/dd/yyyy"
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def users(*, wrong: bool = False) -> list[dict[str, object]]:
    return [
        {
            "First Name": first,
            "Last Name": last,
            "NCID Username": username,
            "Email": email,
            "Profile": None if wrong else profile,
            "Location Action": "Add",
            "Location Name": place,
            "Street Address": "1 Main Street",
            "City": "Plymouth",
            "Zip": zip_code,
        }
        for first, last, username, email, profile, place, zip_code in USERS
    ]


def recipients(*, wrong: bool = False) -> list[dict[str, object]]:
    return [
        {
            "First Name": first,
            "Last Name": None if wrong else last,
            "Date of Birth": born,
            "Sex": sex,
            "Race": race,
            "Zip": zip_code,
            "Mobile Phone": phone,
        }
        for first, last, born, sex, race, zip_code, phone in PEOPLE
    ]


def sent(app: Flask, agent: Browser, kind: str, content: bytes, to: str) -> Any:
    """The file is processed; its import."""
    name = f"{NAME.removesuffix('.xlsx')}.{to}"
    if kind == "onboarding":
        return upload(app, agent, content, name)[1]
    return upload(app, agent, content, name, who="manager_a", topic=kind)[1]


def loaded(app: Flask, kind: str) -> list[tuple[object, ...]]:
    """What is known of whom the files name."""
    with app.app_context(), unit_of_work(write=False) as session:
        if kind == "onboarding":
            names = [row[2] for row in USERS]
            query = select(User).where(User.username.in_(names)).order_by(User.username)
            return [(one.username, one.first_name, one.last_name) for one in session.scalars(query)]
        found = session.scalars(select(Recipient).order_by(Recipient.birth_date.desc()))
        return [
            (one.first_name, one.last_name, one.birth_date, one.zip_code, one.mobile_phone)
            for one in found
        ]


WANTED: dict[str, list[tuple[object, ...]]] = {
    "onboarding": [("00123", "Zoë", "Núñez"), ("abrown", "Ann", "Brown")],
    "recipient_upload": [
        ("Maria", "Lopez", date(1950, 1, 31), "02134", "+12525550100"),
        ("Ødegård", "Nguyen", date(1948, 2, 3), "27962", "+12525550101"),
    ],
}
ROWS = {"onboarding": users, "recipient_upload": recipients}


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_template_keeps_its_lists_and_its_text_cells(
    agent: Browser, office: Office, kind: str
) -> None:
    blank = template(agent, kind)
    lists, formats = shape(blank)
    assert lists
    assert formats["Zip"] == "@"
    for ways in WAYS[:2]:
        assert shape(office.saved(blank, *ways)) == (lists, formats), ways


@pytest.mark.parametrize("ways", WAYS, ids=" ".join)
@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_filled_template_is_loaded(
    app: Flask, personas: Personas, agent: Browser, office: Office, kind: str, ways: tuple[str, ...]
) -> None:
    content = office.saved(filled(template(agent, kind), ROWS[kind]()), *ways)
    run = sent(app, agent, kind, content, ways[-1])
    assert (run.state, run.problem, run.added, run.failed) == ("finished", "", 2, 0)
    assert loaded(app, kind) == WANTED[kind]


@pytest.mark.parametrize("ways", WAYS[:2], ids=" ".join)
@pytest.mark.parametrize("kind", TEMPLATES)
def test_failed_rows_are_corrected_in_it_and_loaded(
    app: Flask, personas: Personas, agent: Browser, office: Office, kind: str, ways: tuple[str, ...]
) -> None:
    run = sent(app, agent, kind, filled(template(agent, kind), ROWS[kind](wrong=True)), "xlsx")
    assert (run.added, run.failed) == (0, 2)
    _name, content = error_file(app, case_of(app, run))
    lists, formats = failed_shape(content)
    back = office.saved(content, *ways)
    assert failed_shape(back) == (lists, formats)
    file = Returned(back)
    label = "Profile" if kind == "onboarding" else "Last Name"
    for number, row in enumerate(USERS if kind == "onboarding" else PEOPLE):
        assert file.color(number, label) == "red"
        assert file.advice(number).startswith(label)
        file.correct(number, label, row[4 if kind == "onboarding" else 1])
    run = sent(app, agent, kind, office.saved(file.saved(), *ways), "xlsx")
    assert (run.state, run.added, run.failed) == ("finished", 2, 0)
    assert loaded(app, kind) == WANTED[kind]


def failed_shape(content: bytes) -> tuple[int, list[str]]:
    """How many lists there are to choose from, and the formats of the first row."""
    file = Returned(content)
    rules = [one for one in file.sheet.data_validations.dataValidation if one.type == "list"]
    return len(rules), [format_of(file.sheet, cell) for cell in file.rows[0]]
