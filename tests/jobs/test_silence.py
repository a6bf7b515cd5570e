"""That nothing runs the jobs is said where somebody can mend it."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from portal.clock import local, now
from portal.db import unit_of_work
from portal.jobs.models import JobRun
from portal.jobs.queries import silence
from portal.jobs.runner import jobs_of, run_once, run_slot
from tests.client import Browser

JOB = "jobs.trim"


def quiet(app: Flask) -> bool:
    with app.app_context(), unit_of_work(write=False):
        return silence() is not None


def test_jobs_that_run_break_the_silence_for_a_while(app: Flask) -> None:
    assert quiet(app)
    run_slot(app, jobs_of(app)[JOB])
    assert not quiet(app)
    with time_machine.travel(now() + timedelta(minutes=4)):
        assert not quiet(app)
    with time_machine.travel(now() + timedelta(minutes=6)):
        assert quiet(app)


def test_a_job_run_by_hand_is_no_scheduler(app: Flask) -> None:
    run_once(app, JOB)
    with app.app_context(), unit_of_work() as session:
        session.add(JobRun(job=JOB, slot=None, started_at=None))
    assert quiet(app)


@pytest.mark.both_databases
def test_home_tells_the_administrator_since_when(app: Flask, browser: Browser) -> None:
    home = browser.sign_in("admin").get("/")
    assert (
        "No scheduler has run yet." in home.root.one("section", aria_labelledby="card-silence").text
    )
    run_slot(app, jobs_of(app)[JOB])
    assert "scheduler" not in browser.get("/").root.text
    began = now()
    with time_machine.travel(began + timedelta(minutes=10)):
        card = browser.get("/").root.one("section", aria_labelledby="card-silence")
        since = local(began, app.extensions["portal"].settings.time_zone)
        assert f"No scheduler has run since {since:%m/%d/%Y %I:%M %p %Z}." in card.text
        assert browser.get(card.one("a").attributes["href"]).status == 200


@pytest.mark.parametrize("who", ["manager_a", "provider_a", "agent"])
def test_nobody_else_is_troubled_with_it(browser: Browser, who: str) -> None:
    assert "scheduler" not in browser.sign_in(who).get("/").root.text
