"""The clockwork: over several processes, woken, and ending."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import insert, select

from portal import jobs
from portal.clock import now
from portal.db import after_commit, unit_of_work
from portal.jobs import runner, scheduler
from portal.jobs.models import JobRun
from portal.module import Job
from portal.places.models import Organization
from tests.jobs.conftest import runs
from tests.processes import start, together


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def tick_until(_index: int, app: Flask, times: int) -> bool:
    """Run a scheduler until jobs were run so many times, by whomever."""
    jobs.start(app)
    enough = wait_for(lambda: done(app) >= times, 40)
    jobs.stop()
    return enough


def done(app: Flask) -> int:
    with app.app_context(), unit_of_work(write=False) as current:
        query = select(Organization.id).where(Organization.name.like("run %"))
        return len(current.scalars(query).all())


def slots(app: Flask) -> list[int]:
    return [run.slot for run in runs(app, "test.count") if run.slot is not None]


@pytest.mark.both_databases
def test_four_schedulers_run_each_slot_once_and_leave_none_out(
    working: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "GRACE", scheduler.timedelta(seconds=3))
    assert all(together(working, 4, tick_until, working, 4))
    taken = slots(working)
    assert len(taken) == len(set(taken))
    assert sorted(taken) == list(range(min(taken), max(taken) + 1)), "no slot was left out"
    assert len(taken) >= 2
    rare = [run for run in runs(working, "test.rare") if run.slot is not None]
    assert len(rare) == len({run.slot for run in rare})
    assert done(working) == len(taken) + len(rare)


def take_without_asking(job: Job) -> int | None:
    with unit_of_work() as current:
        return current.scalar(
            insert(JobRun).values(job=job.name, started_at=now()).returning(JobRun.id)
        )


def test_the_test_above_would_notice_ticks_that_take_no_slot(
    working: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_take_slot", take_without_asking)
    assert all(together(working, 4, tick_until, working, 8))
    assert len(runs(working, "test.rare")) > 2, "its slot lasts an hour, and may just have ended"


def test_a_wake_runs_the_job_between_its_slots(working: Flask) -> None:
    jobs.wake("test.rare")
    assert runs(working, "test.rare") == [], "this process runs no jobs"
    jobs.start(working)
    jobs.start(working)
    assert wait_for(lambda: len(runs(working, "test.rare")) == 1)
    with working.app_context(), unit_of_work():
        for _time in range(5):
            after_commit("rare", lambda: jobs.wake("test.rare"))
        assert len(runs(working, "test.rare")) == 1
    assert wait_for(lambda: len(runs(working, "test.rare")) == 2)
    time.sleep(0.3)
    assert [run.slot is None for run in runs(working, "test.rare")] == [False, True]
    jobs.wake("test.no such job")


def test_what_comes_while_a_woken_job_runs_is_seen_to_at_once(
    working: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run_once, begun, go_on = runner.run_once, threading.Semaphore(0), threading.Semaphore(0)

    def held(app: Flask, name: str) -> object:
        begun.release()
        assert go_on.acquire(timeout=30)
        return run_once(app, name)

    monkeypatch.setattr(runner, "run_once", held)
    jobs.start(working)
    assert wait_for(lambda: len(runs(working, "test.rare")) == 1), "its slot"
    jobs.wake("test.rare")
    assert begun.acquire(timeout=30)
    for _time in range(3):
        jobs.wake("test.rare")
    go_on.release()
    assert begun.acquire(timeout=30), "once more, without waiting for its next slot"
    go_on.release()
    assert wait_for(lambda: len(runs(working, "test.rare")) == 3)
    assert not begun.acquire(timeout=0.3), "three wakes are one"
    jobs.wake("test.rare")
    assert begun.acquire(timeout=30)
    go_on.release()
    assert wait_for(lambda: len(runs(working, "test.rare")) == 4)
    assert not [line for line in caplog.messages if "_woken" in line], "and no wake is skipped"


@pytest.mark.both_databases
def test_what_was_asked_for_in_another_process_runs_here(
    working: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "LOOK_EVERY", scheduler.timedelta(seconds=0.3))
    jobs.start(working)
    with working.app_context(), unit_of_work():
        runner.ask("test.give_up")
    assert wait_for(
        lambda: any(run.slot is None and run.ok is False for run in runs(working, "test.give_up"))
    )


def serve_jobs(app: Flask) -> bool:
    jobs.run_forever(app)
    return True


def test_sigterm_ends_the_job_process_in_time_even_if_a_job_hangs(
    working: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "GRACE", scheduler.timedelta(seconds=1))
    child = start(working, serve_jobs, working)
    assert wait_for(lambda: len(runs(working, "test.hang")) == 1, 60)
    os.kill(child.process.pid or 0, signal.SIGTERM)
    child.result(20)  # the job would take a minute
    assert child.process.exitcode == 0
    assert not jobs.stopping()


def test_a_fork_does_not_inherit_the_scheduler(working: Flask) -> None:
    jobs.start(working)
    assert wait_for(lambda: len(runs(working, "test.rare")) == 1)
    assert start(working, wake_here).result() == "nothing ran"


def wake_here() -> str:
    before = threading.active_count()
    jobs.wake("test.rare")
    return "nothing ran" if threading.active_count() == before else "something ran"


MEMORY = """
import resource, sys
from portal.app import create_app
from portal.settings import load_settings
from portal import jobs
app = create_app(load_settings(sys.argv[1], database_url=sys.argv[2], jobs="off"))
assert "apscheduler" not in sys.modules
before = int(open("/proc/self/statm").read().split()[1])
jobs.start(app)
print((int(open("/proc/self/statm").read().split()[1]) - before) * resource.getpagesize() // 1024)
jobs.stop()
"""


def test_the_scheduler_is_loaded_when_started_and_small(working: Flask) -> None:
    settings = working.extensions["portal"].settings
    answer = subprocess.run(
        [sys.executable, "-c", MEMORY, str(settings.instance), settings.database_url],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(answer.stdout) < 6_000, f"{answer.stdout.strip()} KiB"
