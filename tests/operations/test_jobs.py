"""The jobs as the administrator sees them."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal import jobs
from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from portal.jobs import run_once, runner
from portal.jobs.models import JobRun
from tests.client import Browser


@pytest.fixture
def inline(app: Flask) -> None:
    object.__setattr__(app.extensions["portal"].settings, "jobs", "inline")


@pytest.mark.usefixtures("inline")
def test_the_list_shows_each_job_and_how_it_went(administrator: Browser, app: Flask) -> None:
    run_once(app, "jobs.trim")
    page = administrator.get("/operations/jobs")
    rows = {row.all("th")[0].text: row for row in page.root.all("tbody")[0].all("tr")}
    assert "Never ran" in rows["Send messages"].text
    assert "10 s" in rows["Send messages"].text
    assert "Done" in rows["Trim the run log"].text
    assert "1 h" in rows["Trim the run log"].text
    assert administrator.get("/operations/jobs", region="jobs").root.one(id="jobs")


@pytest.mark.usefixtures("inline")
def test_a_run_is_asked_for_once_and_taken(
    administrator: Browser, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(jobs, "wake", lambda name="": woken.append(name))
    page = administrator.get("/operations/jobs/jobs.trim")
    assert "Never ran" in page.root.text
    answer = administrator.submit(page, button="Run now", follow=True)
    assert "Asked for" in answer.root.text
    administrator.submit(page, button="Run now")
    administrator.submit(answer, button="Run now")
    assert woken == ["", ""]
    with app.app_context(), unit_of_work(write=False) as current:
        assert len(current.scalars(select(JobRun)).all()) == 1
        actions = current.scalars(select(AuditEntry.action)).all()
    assert actions == ["job.asked_for", "job.asked_for"]
    assert runner.run_asked(app) == 1
    assert "Done" in administrator.get("/operations/jobs/jobs.trim").root.text
    assert "Done" in administrator.get("/operations/jobs/jobs.trim", region="runs").root.text


def test_nobody_runs_jobs_that_are_switched_off(administrator: Browser, app: Flask) -> None:
    page = administrator.get("/operations/jobs/jobs.trim")
    answer = administrator.submit(page, button="Run now")
    assert answer.status == 409
    assert "switched off" in answer.root.text or "switched off" in answer.html
    assert "switched off" in administrator.get("/operations/jobs").root.text
