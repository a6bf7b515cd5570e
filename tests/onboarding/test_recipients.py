"""Recipients by spreadsheet: the new ones are registered, likely duplicates are asked (SPEC F3)."""

import io
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select

from blueprints.onboarding.recipient_intake import read_recipient
from blueprints.onboarding.recipient_sheets import columns
from blueprints.recipients.models import NotTheSame, Recipient, RecipientLocation
from blueprints.recipients.rules import Details
from blueprints.recipients.services import register
from portal.db import unit_of_work
from portal.imports.models import ImportRun
from portal.sheets.columns import bind
from tests.client import Browser
from tests.inventory.stock import scope_for
from tests.onboarding.workbooks import case_of, error_file, mails, told, upload, workbook
from tests.personas import Personas
from tests.scheduling.offering import offer

HEADER = (
    "First Name",
    "Last Name",
    "Date of Birth",
    "Sex",
    "Race",
    "Zip",
    "Mobile Phone",
    "Email",
    "Preferred Method of Contact",
    "Agrees to Reminders",
)


def person(
    first: object = "Maria",
    last: object = "Lopez",
    born: object = "01/31/1950",
    **other: object,
) -> tuple[object, ...]:
    """A row of the table."""
    values: dict[str, object] = {
        "sex": "Female",
        "race": "White; Asian",
        "zip": "27962",
        "phone": "252-555-0100",
        "email": None,
        "contact": None,
        "agrees": None,
    }
    return (first, last, born, *(values | other).values())


def book(*rows: tuple[object, ...]) -> bytes:
    return workbook(*rows, header=HEADER)


def send(app: Flask, agent: Browser, *rows: tuple[object, ...]) -> tuple[str, ImportRun]:
    """A file of the manager of location A, processed."""
    name = "Clinic A Recipients 12-02-20.xlsx"
    return upload(app, agent, book(*rows), name, who="manager_a", topic="recipient_upload")


def counts(run: ImportRun) -> dict[str, int]:
    kinds = ("added", "unchanged", "undecided", "failed")
    return {kind: getattr(run, kind) for kind in kinds if getattr(run, kind)}


def seen_at(app: Flask, location_id: int) -> list[str]:
    """The first names of the recipients whom a location sees."""
    with app.app_context(), unit_of_work(write=False) as session:
        return list(
            session.scalars(
                select(RecipientLocation.first_name)
                .where(RecipientLocation.location_id == location_id)
                .order_by(RecipientLocation.first_name)
            )
        )


def registered(app: Flask, personas: Personas, who: str) -> int:
    """Maria Lopez, registered by hand; her id."""
    with app.app_context():
        scope = scope_for(personas, who)
        with unit_of_work():
            return register(
                scope,
                Details(
                    first_name="Maria",
                    last_name="Lopez",
                    birth_date=date(1950, 1, 31),
                    street="9 Secret Street",
                ),
            ).id


def test_new_recipients_are_registered_once(app: Flask, personas: Personas, agent: Browser) -> None:
    rows = (
        person(),
        person("Bert", "Model", datetime(1960, 2, 3), sex="male", zip=27962),
        person("Dora", "Quist", "02/30/1960"),
        person("Eve", "Fox", "03/04/1970", contact="E-mail"),
    )
    where, run = send(app, agent, *rows)
    assert counts(run) == {"added": 2, "failed": 2}
    assert seen_at(app, personas.locations["A"]) == ["Bert", "Maria"]
    with app.app_context(), unit_of_work(write=False) as session:
        maria = session.scalars(select(Recipient).where(Recipient.first_name == "Maria")).one()
        assert (maria.races, maria.sex, maria.mobile_phone) == (
            "white asian",
            "female",
            "+12525550100",
        )
    assert counts(send(app, agent, *rows)[1]) == {"unchanged": 2, "failed": 2}
    page = agent.get(where)
    sent = agent.submit(page, {"row11-email": "eve@example.org"}, action=f"{where}/rows/11")
    assert sent.status == 303
    assert seen_at(app, personas.locations["A"]) == ["Bert", "Eve", "Maria"]
    name, _content = error_file(app, case_of(app, run))
    assert name == "Clinic A Recipients 12-02-20_ERROR.xlsx"


@pytest.mark.both_databases
def test_likely_duplicates_wait_for_a_decision(
    app: Flask, personas: Personas, agent: Browser, manager: Browser
) -> None:
    known = registered(app, personas, "manager_b")
    where, run = send(app, agent, person(), person("Mariah", "Lopez"), person("Al", "New"))
    assert counts(run) == {"added": 1, "undecided": 2}
    (said,) = told(app, case_of(app, run))
    assert "To decide: 2." in said
    page = manager.get(where)
    assert "Row 8: Maria Lopez" in page.root.text
    assert "Secret Street" not in page.root.text
    action = f"{where}/rows/8/decide"
    same = [form for form in page.root.all("form", action=action) if form.all(name="same")]
    assert len(same) == 1
    values = {field.attributes["name"]: field.attributes["value"] for field in same[0].all("input")}
    assert values["same"] == str(known)
    assert manager.post(action, {**values, "same": "999"}).status == 422
    values = {
        field.attributes["name"]: field.attributes["value"]
        for field in manager.get(where).root.all("form", action=action)[0].all("input")
    }
    assert manager.post(action, values).status == 303
    assert seen_at(app, personas.locations["A"]) == ["Al", "Maria"]
    again = {**values, "operation_id": "b" * 43}
    assert manager.post(action, again).status == 409

    page = manager.get(where)
    action = f"{where}/rows/9/decide"
    apart = [form for form in page.root.all("form", action=action) if not form.all(name="same")]
    values = {
        field.attributes["name"]: field.attributes["value"] for field in apart[0].all("input")
    }
    assert manager.post(action, values).status == 303
    assert seen_at(app, personas.locations["A"]) == ["Al", "Maria", "Mariah"]
    with app.app_context(), unit_of_work(write=False) as session:
        assert len(session.scalars(select(NotTheSame)).all()) == 1
        found = session.get_one(ImportRun, run.id)
        assert (found.added, found.unchanged, found.undecided) == (2, 1, 0)
    assert "All rows are loaded." in manager.get(where).root.text


def test_who_only_asks_does_not_see_who_is_registered(
    app: Flask, personas: Personas, agent: Browser, asker: Browser
) -> None:
    registered(app, personas, "manager_a")
    name = "Clinic A Recipients 12-02-20.xlsx"
    content = book(person())
    where, run = upload(
        app, agent, content, name, topic="recipient_upload", location_id=personas.locations["A"]
    )
    assert run.undecided == 1
    page = asker.get(where)
    assert "Row 8: Maria Lopez" in page.root.text
    assert "Secret" not in page.root.text
    assert "same person" not in page.root.text
    assert "Secret" in agent.get(where).root.text


WRONG: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"first": None}, ("First Name", "First Name is blank. Fill it in.")),
    ({"last": "123"}, ("Last Name", "Enter a name with at least one letter.")),
    ({"born": None}, ("Date of Birth", "Date of Birth is blank. Fill it in.")),
    (
        {"born": "01/31/1850"},
        ("Date of Birth", "Enter a year from 1900 on, for example 01/31/1950."),
    ),
    ({"born": "01/31/2999"}, ("Date of Birth", "Enter a date of birth from 01/01/1900 to today.")),
    ({"sex": "x"}, ("Sex", "Select one from the list.")),
    ({"race": "Martian"}, ("Race", "Select one from the list.")),
    (
        {"race": "White; Prefer not to say"},
        ("Race", "Choose “Prefer not to say” or the races, not both."),
    ),
    ({"zip": "123"}, ("Zip", "A ZIP code has five digits, for example 27962.")),
    (
        {"phone": "5550100"},
        ("Mobile Phone", "Enter a phone number of ten digits, for example 252-555-0100."),
    ),
    ({"email": "x"}, ("Email", "Enter an e-mail address such as name@example.org.")),
    (
        {"contact": "E-mail"},
        ("Email", "Enter the e-mail address, or choose another preferred method of contact."),
    ),
    ({"contact": "by pigeon"}, ("Preferred Method of Contact", "Select one from the list.")),
    (
        {"agrees": "Yes"},
        (
            "Preferred Method of Contact",
            "Choose how the recipient is reminded, or clear the box for reminders.",
        ),
    ),
]


@pytest.mark.parametrize(("cells", "said"), WRONG)
def test_each_wrong_recipient_says_what_to_correct(
    app: Flask, cells: dict[str, Any], said: tuple[str, str]
) -> None:
    with app.app_context():
        bound = bind(columns(), list(HEADER))
        details, errors = read_recipient(bound, person(**cells), today=date(2021, 3, 1))
    assert details is None
    assert [(error.column, error.message) for error in errors] == [said]


def test_the_blank_template_is_offered(asker: Browser) -> None:
    page = asker.get("/get-help/bulk-upload/new")
    for label, name in (
        ("HCP User Onboarding", "(Organization) HCP (MM-DD-YY).xlsx"),
        ("Recipient Bulk Upload", "(Organization) Recipients (MM-DD-YY).xlsx"),
    ):
        where = page.root.with_text("a", label).attributes["href"]
        answer = asker.get(where)
        assert name in answer.headers["Content-Disposition"]
        sheet = load_workbook(io.BytesIO(answer.response.data)).worksheets[0]
        lists = {str(rule.sqref).split(":")[0] for rule in sheet.data_validations.dataValidation}
        assert lists == ({"E8", "F8"} if "HCP" in name else lists)
        assert sheet["A1"].value == "Organization Name"
        assert sheet["A7"].value == "First Name"


def test_people_of_a_file_are_invited_to_book_by_choice(
    app: Flask, personas: Personas, agent: Browser
) -> None:
    agrees = {"contact": "E-mail", "agrees": "Yes"}
    content = book(
        person("Ann", "Able", email="ann@example.org", **agrees),
        person("Ben", "Baker", born="02/28/1951", email="ben@example.org", **agrees),
        person("Cal", "Cole", born="03/31/1952", email="cal@example.org"),
    )
    where, run = upload(app, agent, content, who="manager_a", topic="recipient_upload")
    assert (run.added, run.failed) == (3, 0)
    assert "Invite to Book" not in agent.get(where).root.text
    with app.app_context():
        offer(scope_for(personas, "manager_a"), public=True)
    for who in ("manager_a", "agent"):
        browser = Browser(app, personas).sign_in(who)
        page = browser.get(where)
        assert "2 of these people agreed to e-mails" in page.root.text
        sent = browser.submit(page, action=f"{where}/invite", follow=True)
        said = "2 people were invited." if who == "manager_a" else "0 people were invited."
        assert said in sent.root.text
    assert sorted(mails(app, "appointment_invitation")) == ["ann@example.org", "ben@example.org"]
