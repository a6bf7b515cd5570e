"""The clockwork in a process that runs jobs: the web process by default, or `portal jobs`.

APScheduler is imported when it is started, and only there.
"""

import logging
import os
import random
import signal
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from portal.clock import now
from portal.errors import where
from portal.jobs import runner
from portal.module import Job

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger("portal.jobs")

GRACE = timedelta(seconds=5)
LOOK_EVERY = timedelta(seconds=10)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clockwork:
    """The running scheduler of one process."""

    def __init__(self, app: "Flask") -> None:
        from apscheduler.schedulers.background import BackgroundScheduler

        from portal.jobs.threads import DaemonThreads

        self.app = app
        self.process = os.getpid()
        self.stopping = threading.Event()
        # The jobs that were woken and are not done, and whether they were woken again meanwhile.
        self.awake: dict[str, bool] = {}
        self.waking = threading.Lock()
        self.threads = DaemonThreads()
        self.jobs = runner.jobs_of(app)
        self.scheduler = BackgroundScheduler(
            executors={"default": self.threads},
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for job in self.jobs.values():
            self._add(job)
        self.scheduler.add_job(
            self._look, "interval", seconds=LOOK_EVERY.total_seconds(), id="asked for"
        )

    def _add(self, job: Job) -> None:
        # Ticks fall early into each slot, a little apart in different processes; the first one
        # comes at once, for a slot that nobody has taken yet.
        seconds = job.every.total_seconds()
        offset = min(seconds, 10.0) * random.uniform(0.05, 0.45)  # noqa: S311
        self.scheduler.add_job(
            self._tick,
            "interval",
            args=[job],
            seconds=seconds,
            start_date=EPOCH + timedelta(seconds=offset),
            next_run_time=now() + timedelta(seconds=random.uniform(0.1, 1.0)),  # noqa: S311
            id=job.name,
        )

    def _tick(self, job: Job) -> None:
        if not self.stopping.is_set():
            try:
                runner.run_slot(self.app, job)
            except Exception as error:
                log.error("job %s could not be started: %s", job.name, where(error))

    def _look(self) -> None:
        if not self.stopping.is_set():
            try:
                runner.run_asked(self.app)
            except Exception as error:
                log.error("the jobs asked for could not be run: %s", where(error))

    def _once(self, name: str) -> None:
        if not self.stopping.is_set():
            try:
                runner.run_once(self.app, name)
            except Exception as error:
                log.error("job %s could not be started: %s", name, where(error))

    def _woken(self, name: str) -> None:
        again = True
        while again:
            with self.waking:
                self.awake[name] = False
            if name:
                self._once(name)
            else:
                self._look()
            with self.waking:
                again = self.awake[name]
                if not again:
                    del self.awake[name]

    def wake(self, name: str) -> None:
        """Run the job soon, beside its slots. Many wakes before it begins are one; after that it
        runs once more when it is done, for what came too late to be seen."""
        with self.waking:
            if name in self.awake:
                self.awake[name] = True
                return
            self.awake[name] = False
        self.scheduler.add_job(self._woken, "date", args=[name])

    def stop(self) -> bool:
        """No new runs; wait a little for those under way. True if none is left."""
        self.stopping.set()
        self.scheduler.shutdown(wait=False)
        return self.threads.wait(GRACE.total_seconds())


_running: Clockwork | None = None
_lock = threading.Lock()


def start(app: "Flask") -> None:
    """Start the scheduler in this process, once; after a fork, never before."""
    global _running
    with _lock:
        if _running is None or _running.process != os.getpid():
            _running = Clockwork(app)
            _running.scheduler.start()


def stop() -> None:
    """End the scheduler of this process, giving the runs under way a few seconds."""
    global _running
    with _lock:
        ending, _running = _running, None
    if ending is not None and ending.process == os.getpid() and not ending.stop():
        log.warning("a job was still running when the process ended")


def stopping() -> bool:
    """Whether this process is about to end: long jobs leave off at the next good place."""
    return _ending.is_set() or (_running is not None and _running.stopping.is_set())


def wake(name: str = "") -> None:
    """Run the job `name` soon if this process runs jobs; without a name, what was asked for.

    For use after a commit (`portal.db.after_commit`). Elsewhere the next tick finds the work.
    """
    running = _running
    if running is not None and running.process == os.getpid():
        if name and name not in running.jobs:
            return
        running.wake(name)


_ending = threading.Event()


def run_forever(app: "Flask") -> None:
    """Run the jobs until SIGTERM or SIGINT (`portal jobs`); ends within ten seconds."""

    def end(_number: int, _frame: Any) -> None:
        _ending.set()

    before = {which: signal.signal(which, end) for which in (signal.SIGTERM, signal.SIGINT)}
    try:
        start(app)
        while not _ending.wait(1.0):
            pass
        stop()
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
        _ending.clear()
