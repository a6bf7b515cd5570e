"""Failed rows corrected in the portal, without the spreadsheet (SPEC H9)."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.onboarding.jobs import forget
from blueprints.onboarding.models import OnboardingRow
from portal.clock import now
from portal.db import unit_of_work
from portal.imports import jobs
from portal.imports.models import ImportRun
from tests.client import Browser
from tests.onboarding.workbooks import (
    MANAGER,
    Returned,
    attach,
    case_of,
    error_file,
    line,
    mails,
    places_of,
    process,
    table,
    told,
    upload,
)
from tests.personas import Personas

BAD = (
    line("Eve", "Fox", "efox", profile=None),
    line("Guy", "Hall", "ghall", location="Clinic Z"),
    line("Ida", "Jones", "ijones", zip_code="x"),
)


def save(browser: Browser, where: str, row: int, **cells: str) -> tuple[int, str]:
    """Type into the fields of a row and save it; the status, and the page's text."""
    page = browser.get(where)
    values = {f"row{row}-{key}": text for key, text in cells.items()}
    sent = browser.submit(page, values, action=f"{where}/rows/{row}")
    return sent.status, (browser.get(sent.leads_to) if sent.leads_to else sent).root.text


def test_rows_are_corrected_one_by_one_until_none_is_left(
    app: Flask, personas: Personas, agent: Browser
) -> None:
    where, run = upload(app, agent, table(line(), *BAD))
    page = agent.get(where)
    assert "Row 9" in page.root.text
    field = page.root.one("select", id="row9-profile")
    assert field.attributes["aria-invalid"] == "true"
    assert page.root.one("input", id="row10-location").attributes["value"] == "Clinic Z"
    assert "Profile is blank. Select one from the list." in page.root.text

    status, text = save(agent, where, 9, profile=MANAGER)
    assert (status, "Row 9 was loaded." in text) == (303, True)
    assert places_of(app, "efox") == {personas.locations["A"]}
    assert "efox@example.org" in mails(app, "welcome")
    assert len(told(app, case_of(app, run))) == 1

    status, text = save(agent, where, 10, location="Clinic Y")
    assert status == 422
    assert "No location has this name." in text
    assert save(agent, where, 10, location="Clinic B")[0] == 303
    assert save(agent, where, 11, zip_code="27962")[0] == 303
    page = agent.get(where)
    assert "All rows are loaded." in page.root.text
    last = told(app, case_of(app, run))[-1]
    assert last.startswith("All 3 failed rows of")
    assert last.endswith("were corrected in the portal and loaded.")


def test_a_later_file_knows_the_rows_that_were_corrected_in_the_portal(
    app: Flask, asker: Browser, agent: Browser
) -> None:
    where, run = upload(app, agent, table(line(), *BAD))
    case_id = case_of(app, run)
    name, content = error_file(app, case_id)
    save(agent, where, 10, location="Clinic B")
    back = Returned(content)
    back.correct(0, "Profile", MANAGER)
    attach(asker, case_id, back.saved(), name)
    _where, run = process(app, agent, case_id)
    assert (run.added, run.unchanged, run.failed) == (1, 1, 1)
    attach(asker, case_id, table(line(), *BAD))
    _where, run = process(app, agent, case_id)
    assert (run.added, run.unchanged, run.failed) == (0, 2, 2)


def test_a_row_is_corrected_once(app: Flask, agent: Browser) -> None:
    where, _run = upload(app, agent, table(line(), BAD[0]))
    page = agent.get(where)
    again = agent.get(where)
    values = {"row9-profile": MANAGER}
    assert agent.submit(page, values, action=f"{where}/rows/9").status == 303
    sent = agent.submit(again, values, action=f"{where}/rows/9")
    assert sent.status == 409
    assert len(mails(app, "welcome")) == 2


def test_staff_and_a_manager_whose_file_it_is_have_corrected_rows_loaded_at_once(
    app: Flask, personas: Personas, agent: Browser, asker: Browser, manager: Browser
) -> None:
    where, _run = upload(app, agent, table(line(), *BAD))
    assert asker.get(where).root.all("form", action=f"{where}/rows/9")
    assert manager.get(where).status == 404

    where, _run = upload(app, agent, table(line(), *BAD), who="manager_a")
    status, text = save(manager, where, 10, location="Clinic B")
    assert status == 422
    assert "does not work at this location" in text
    assert save(manager, where, 10, location="Clinic A")[0] == 303
    with app.app_context(), unit_of_work(write=False) as session:
        states = session.scalars(select(OnboardingRow.state).where(OnboardingRow.row == 10))
        assert sorted(states) == ["failed", "mended"]


def test_a_requester_saves_corrections_that_an_agent_has_loaded(
    app: Flask, personas: Personas, agent: Browser, asker: Browser
) -> None:
    where, run = upload(app, agent, table(line(), *BAD))
    case_id = case_of(app, run)
    case = f"/help-desk/cases/{case_id}"
    status, text = save(asker, where, 9, profile=MANAGER)
    assert (status, "Row 9 is saved." in text) == (303, True)
    assert save(asker, where, 10, location="Clinic B", username="ghall2")[0] == 303
    assert "Corrected by the requester. Not loaded yet." in text
    assert "efox@example.org" not in mails(app, "welcome")
    assert told(app, case_id)[-1].startswith("Rows of “Washington County")
    assert len(told(app, case_id)) == 2

    page = agent.get(where)
    assert [cell.text for cell in page.root.all("td") if cell.text in {"Clinic Z", "ghall2"}]
    assert "Changed cells" in page.root.text
    page = agent.get(case)
    assert "2 rows were corrected by the requester." in page.root.text
    sent = agent.submit(page, action=f"{where}/staged/process")
    assert sent.status == 303
    assert "2 rows were loaded." in agent.get(sent.leads_to).root.text
    assert places_of(app, "efox") == {personas.locations["A"]}
    assert places_of(app, "ghall2") == {personas.locations["B"]}
    assert "staged/process" not in agent.get(case).response.text

    assert save(asker, where, 11, zip_code="27962")[0] == 303
    agent.submit(agent.get(case), action=f"{where}/staged/process")
    assert told(app, case_id)[-1].startswith("All 3 failed rows of")


@pytest.mark.both_databases
def test_a_saved_row_that_is_still_wrong_comes_back_with_the_reason(
    app: Flask, agent: Browser, asker: Browser
) -> None:
    where, run = upload(app, agent, table(line(), *BAD))
    status, text = save(asker, where, 10, location="Clinic Y")
    assert (status, "No location has this name." in text) == (422, True)
    save(asker, where, 9, profile=MANAGER, email="abrown@example.org")
    agent.submit(agent.get(where), action=f"{where}/staged/process")
    assert "1 row is still wrong." in told(app, case_of(app, run))[-1]
    page = asker.get(where)
    assert page.root.one("input", id="row9-email").attributes["aria-invalid"] == "true"
    assert page.root.one("input", id="row9-email").attributes["value"] == "abrown@example.org"
    with app.app_context(), unit_of_work(write=False) as session:
        row = session.scalars(select(OnboardingRow).where(OnboardingRow.row == 9)).one()
        assert (row.state, row.staged) == ("failed", None)


def test_an_agent_loads_only_corrections_that_were_on_the_page(
    app: Flask, agent: Browser, asker: Browser
) -> None:
    where, _run = upload(app, agent, table(line(), *BAD))
    save(asker, where, 9, profile=MANAGER)
    page = agent.get(where)
    again = agent.get(where)
    save(asker, where, 9, profile=MANAGER, username="boss", email="boss@example.org")
    sent = agent.submit(page, action=f"{where}/staged/process")
    assert (sent.status, "Nothing was loaded." in sent.root.text) == (409, True)
    assert agent.submit(agent.get(where), action=f"{where}/staged/process").status == 303
    assert agent.submit(again, action=f"{where}/staged/process").status == 409
    assert mails(app, "welcome").count("boss@example.org") == 1
    assert "efox@example.org" not in mails(app, "welcome")


def test_a_requester_cannot_load_what_they_saved(
    app: Flask, agent: Browser, asker: Browser
) -> None:
    where, _run = upload(app, agent, table(line(), *BAD))
    save(asker, where, 9, profile=MANAGER)
    page = asker.get(where)
    assert not page.root.all("form", action=f"{where}/staged/process")
    token = page.root.one("form", action="/sign-out").one("input", name="csrf_token")
    values = {"csrf_token": token.attributes["value"], "operation_id": "a" * 43}
    assert asker.post(f"{where}/staged/process", values).status == 403
    assert "efox@example.org" not in mails(app, "welcome")


@pytest.mark.both_databases
def test_somebody_who_moves_keeps_the_access(
    app: Flask, personas: Personas, agent: Browser, asker: Browser
) -> None:
    nurse = Browser(app, personas).sign_in("provider_a")
    moves = (
        line("Provider", "A", "provider.a", action="Remove", zip_code="x"),
        line("Provider", "A", "provider.a", location="Clinic C", zip_code="x"),
    )
    where, _run = upload(app, agent, table(*moves))
    for row in (8, 9):
        assert save(asker, where, row, zip_code="27962")[0] == 303
    agent.submit(agent.get(where), action=f"{where}/staged/process")
    assert places_of(app, "provider.a") == {personas.locations["C"]}
    assert nurse.get("/recipients/").status == 200


@pytest.mark.both_databases
def test_failed_rows_are_deleted_with_their_file(app: Flask, agent: Browser) -> None:
    where, _run = upload(app, agent, table(line(), *BAD))
    with app.app_context():
        with unit_of_work() as session:
            for run in session.scalars(select(ImportRun)):
                run.finished_at = now() - timedelta(days=29)
        assert (jobs.forget_old(), forget()) == ("0 files", "0 files")
        with unit_of_work() as session:
            for run in session.scalars(select(ImportRun)):
                run.finished_at = now() - timedelta(days=31)
        assert (jobs.forget_old(), forget()) == ("1 files", "1 files")
        with unit_of_work(write=False) as session:
            assert session.scalars(select(OnboardingRow)).all() == []
    page = agent.get(where)
    assert "This file and its rows have been deleted." in page.root.text
    assert "Eve" not in page.root.text
