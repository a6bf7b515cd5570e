"""From the request to users, and back with what failed (SPEC H4, H5)."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from blueprints.helpdesk.models import Case
from portal.db import unit_of_work
from portal.people.models import User
from tests.client import Browser
from tests.onboarding.workbooks import (
    ABOVE,
    CSV_NAME,
    HEADER,
    MANAGER,
    NAME,
    Returned,
    attach,
    case_of,
    error_file,
    line,
    mails,
    open_request,
    places_of,
    process,
    send_request,
    table,
    told,
    upload,
    workbook,
)
from tests.personas import Personas


def number_of_users(app: Flask) -> int:
    """How many accounts there are."""
    with app.app_context(), unit_of_work(write=False) as session:
        return session.scalar(select(func.count()).select_from(User)) or 0


@pytest.mark.both_databases
def test_good_rows_become_users_and_failed_ones_come_back_until_they_are_right(
    app: Flask, personas: Personas, asker: Browser, agent: Browser
) -> None:
    content = workbook(
        line("Ann", "Brown", "abrown"),
        line("Ann", "Brown", "abrown", location="Clinic B"),
        line("Carl", "Dean", "cdean", profile=MANAGER),
        line("Eve", "Fox", "efox", profile=None),
        line("Manager", "A", "mgr", email="manager.a@example.org", profile=None),
    )
    case_id = open_request(asker, content)
    where, run = process(app, agent, case_id)
    assert (run.state, run.added, run.failed, run.mended) == ("finished", 3, 2, 1)
    assert places_of(app, "abrown") == {personas.locations["A"], personas.locations["B"]}
    assert sorted(mails(app, "welcome")) == ["abrown@example.org", "cdean@example.org"]
    (said,) = told(app, case_id)
    assert said == (
        f"“{NAME}” was processed. Loaded: 3. Corrected by the portal: 1. Failed: 2. "
        "The failed rows are attached as “Washington County Health Department HCP "
        "12-02-20_ERROR.xlsx”. Correct the red cells, save, and attach the file to this case. "
        "Yellow cells were corrected by the portal. Or open “Result” beside the attachment, and "
        "correct the rows there."
    )
    assert mails(app, "case_news") == ["requester@example.org"]

    name, content = error_file(app, case_id)
    assert name == "Washington County Health Department HCP 12-02-20_ERROR.xlsx"
    back = Returned(content)
    assert len(back.rows) == 2
    assert back.color(0, "Profile") == "red"
    assert back.advice(0) == "Profile: Profile is blank. Select one from the list."
    assert back.cell(0, "Profile").comment.text == "Profile is blank. Select one from the list."
    assert back.color(0, "NCID Username") == ""
    assert back.color(1, "NCID Username") == "yellow"
    assert back.cell(1, "NCID Username").value == "manager.a"
    assert {str(rule.sqref).split(":")[0] for rule in back.sheet.data_validations.dataValidation}
    back.correct(0, "Profile", MANAGER)
    back.correct(1, "Profile", MANAGER)
    attach(asker, case_id, back.saved(), name)
    _where, run = process(app, agent, case_id)
    assert (run.added, run.unchanged, run.failed) == (1, 1, 0)
    assert told(app, case_id)[1].startswith(f"“{name}” was processed. Loaded: 1. Unchanged: 1.")
    assert "efox@example.org" in mails(app, "welcome")


HEADERLESS = [line(), line("Bob", "Fox", "bfox")]
MISSING = (
    "These columns are missing: Location Action, Zip. Add them to the header row, or start from "
    "the template."
)
UNREADABLE: list[tuple[str, bytes, str, str]] = [
    (
        "no header",
        workbook(*HEADERLESS, header=("Somebody", "Else")),
        NAME,
        "No header row was found in the first 10 rows.",
    ),
    (
        "columns missing",
        table(line(), header=[*HEADER[:5], "", *HEADER[6:9], ""]),
        CSV_NAME,
        MISSING,
    ),
    (
        "a column twice",
        table((*line(), "x"), header=[*HEADER, "Email"]),
        CSV_NAME,
        "These columns appear more than once: Email. Keep one of each.",
    ),
    ("no rows", table(), CSV_NAME, "The file has a header but no rows."),
    (
        "no organization",
        table(line(), above=ABOVE[1:]),
        CSV_NAME,
        "Organization Name is blank above the table. Fill it in.",
    ),
    (
        "no preparer",
        table(line(), above=[ABOVE[0], ("Preparer Name", None), *ABOVE[2:]]),
        CSV_NAME,
        "Preparer Name is blank above the table. Fill it in.",
    ),
    (
        "a preparer without mailbox",
        table(line(), above=[*ABOVE[:2], ("Preparer Email", "none"), *ABOVE[3:]]),
        CSV_NAME,
        "Preparer Email: Enter an e-mail address, for example name@clinic.org.",
    ),
    ("cut off", workbook(line())[:-400], NAME, "damaged"),
    ("only a text", b"Please add Ann Brown.\n", "list.csv", "No header row was found"),
]


@pytest.mark.parametrize("code", ["VAC2021", "vac 2021"])
def test_people_without_a_provider_pin_send_the_code_of_these(
    app: Flask, personas: Personas, asker: Browser, agent: Browser, code: str
) -> None:
    content = table(line(), line(location="Clinic B"))
    case_id = open_request(asker, content, pin=code)
    with app.app_context(), unit_of_work(write=False) as session:
        case = session.get_one(Case, case_id)
        assert (case.fields["pin"], case.location_id) == ("VAC2021", None)
    _where, run = process(app, agent, case_id)
    assert run.added == 2
    assert places_of(app, "abrown") == {personas.locations["A"], personas.locations["B"]}


def test_recipients_are_registered_at_a_location_and_so_need_its_pin(asker: Browser) -> None:
    sent = send_request(asker, workbook(line()), kind="recipient_upload", pin="VAC2021")
    assert sent.status == 422
    assert "six digits" in sent.root.text


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [one[1:] for one in UNREADABLE],
    ids=[one[0] for one in UNREADABLE],
)
def test_a_file_that_cannot_be_read_says_why_and_loads_nobody(
    app: Flask, agent: Browser, content: bytes, name: str, said: str
) -> None:
    before = number_of_users(app)
    where, run = upload(app, agent, content, name)
    assert run.state == "failed"
    (told_text,) = told(app, case_of(app, run))
    assert said in told_text
    assert "nothing was loaded" in told_text
    assert number_of_users(app) == before
    assert said in agent.get(where).root.text
