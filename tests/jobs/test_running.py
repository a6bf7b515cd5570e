"""One run of a job: its row, its end, its errors."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, insert, select

from portal.db import unit_of_work
from portal.jobs import run_once, runner
from portal.jobs.models import JobRun
from portal.places.models import Organization
from tests.jobs.conftest import runs

pytestmark = pytest.mark.both_databases


def organizations(app: Flask) -> int:
    with app.app_context(), unit_of_work(write=False) as current:
        return current.scalar(select(func.count()).select_from(Organization)) or 0


def test_a_run_is_written_down(working: Flask) -> None:
    outcome = run_once(working, "test.rare")
    assert (outcome.ok, outcome.detail) == (True, "counted")
    (run,) = runs(working, "test.rare")
    assert (run.ok, run.detail, run.slot) == (True, "counted", None)
    assert run.started_at is not None
    assert run.finished_at is not None
    assert run.finished_at >= run.started_at
    with pytest.raises(KeyError):
        run_once(working, "test.unknown")


def test_each_slot_runs_once(working: Flask) -> None:
    job = runner.jobs_of(working)["test.rare"]
    with time_machine.travel(datetime(2026, 11, 20, 8, 30, tzinfo=UTC), tick=False) as travel:
        before = organizations(working)
        assert runner.run_slot(working, job) is not None
        assert runner.run_slot(working, job) is None
        travel.shift(timedelta(minutes=29))
        assert runner.run_slot(working, job) is None
        travel.shift(timedelta(minutes=2))
        assert runner.run_slot(working, job) is not None
        # The clock is set back: what ran does not run again.
        travel.shift(timedelta(minutes=-31))
        assert runner.run_slot(working, job) is None
    assert organizations(working) - before == 2
    first, second = runs(working, "test.rare")
    assert second.slot == (first.slot or 0) + 1


def test_a_run_beside_the_slots_does_not_use_one_up(working: Flask) -> None:
    job = runner.jobs_of(working)["test.rare"]
    run_once(working, "test.rare")
    assert runner.run_slot(working, job) is not None


@pytest.mark.parametrize("name", ["test.fail", "test.database"])
def test_an_error_is_kept_and_logged_without_what_it_says(
    working: Flask, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = run_once(working, name)
    assert not outcome.ok
    (run,) = runs(working, name)
    assert run.ok is False
    assert run.finished_at is not None
    assert run.detail.startswith(("ValueError at work.py:", "IntegrityError at "))
    assert name in caplog.text
    assert "Jane" not in caplog.text + run.detail
    assert run_once(working, "test.rare").ok, "nothing is left open"


def test_a_job_may_say_in_a_sentence_why_it_failed(
    working: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    assert run_once(working, "test.give_up").detail == "The supplier's folder is full."
    assert "The supplier's folder is full." in caplog.text


def test_a_run_that_was_asked_for_is_taken_once(working: Flask) -> None:
    with working.app_context():
        with unit_of_work():
            first = runner.ask("test.rare")
            assert runner.ask("test.rare") == first
        with unit_of_work():
            assert runner.ask("test.rare") == first
            runner.ask("test.fail")
    assert runner.run_asked(working) == 2
    assert runner.run_asked(working) == 0
    assert [run.ok for run in runs(working, "test.rare")] == [True]
    assert [run.ok for run in runs(working, "test.fail")] == [False]


def test_old_runs_are_trimmed_a_job_at_a_time(working: Flask) -> None:
    moment = datetime.now(UTC)
    with working.app_context():
        with unit_of_work() as current:
            for name, number in (("a", 250), ("b", 150)):
                current.execute(
                    insert(JobRun),
                    [
                        {"job": name, "slot": slot, "started_at": moment, "finished_at": moment}
                        for slot in range(number)
                    ],
                )
        assert runner.trim() == "50 old runs removed"
        assert runner.trim() is None
    kept = runs(working, "a")
    assert [run.slot for run in kept] == list(range(50, 250))
    assert len(runs(working, "b")) == 150
