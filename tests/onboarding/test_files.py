"""From the request to users, and back with what failed (SPEC H4, H5)."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import unit_of_work
from portal.messages.models import Message
from portal.people.models import User
from portal.people.queries import location_ids_of
from tests.client import Browser
from tests.onboarding.workbooks import (
    MANAGER,
    NAME,
    Returned,
    attach,
    error_file,
    line,
    open_request,
    process,
    told,
    workbook,
)
from tests.personas import Personas

pytestmark = pytest.mark.both_databases


@pytest.fixture
def asker(app: Flask, personas: Personas) -> Browser:
    """Somebody who registered at the help desk."""
    return Browser(app, personas).sign_in("requester")


@pytest.fixture
def agent(app: Flask, personas: Personas) -> Browser:
    """An agent."""
    return Browser(app, personas).sign_in("agent")


def places_of(app: Flask, username: str) -> frozenset[int]:
    """Where a user works."""
    with app.app_context(), unit_of_work(write=False) as session:
        user = session.scalars(select(User).where(User.username == username)).one()
        return location_ids_of(user.id)


def mails(app: Flask, kind: str) -> list[str]:
    """The addresses of messages of this kind."""
    with app.app_context(), unit_of_work(write=False) as session:
        return list(
            session.scalars(
                select(Message.address).where(Message.kind == kind).order_by(Message.id)
            )
        )


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
        "Yellow cells were corrected by the portal."
    )
    assert "case_news" in {kind for kind in ("case_news",) if mails(app, kind)}

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
