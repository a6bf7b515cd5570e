"""Running one job: take its row in the run log, run it, write down how it went."""

import logging
import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from portal.access.through import Through, acting
from portal.clock import now
from portal.db import insert, rollback, session, unit_of_work
from portal.errors import where
from portal.jobs.models import JobRun
from portal.module import Job, Registry, load

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger("portal.jobs")

KEPT = 200


class JobFailed(Exception):
    """A job could not do its work. The message is kept and shown, so it names no person."""


@dataclass(frozen=True)
class RunOutcome:
    """How a run went; `detail` names no person."""

    ok: bool
    detail: str


def jobs_of(app: "Flask") -> dict[str, Job]:
    """The jobs of all modules that are on, by name."""
    registry: Registry = app.extensions["portal"].registry
    return registry.jobs


def process_name() -> str:
    """Which process this is, for the run log and for leases."""
    return f"{socket.gethostname()[:50]}:{os.getpid()}"


def slot_of(moment: datetime, every: timedelta) -> int:
    """The number of the period of length `every` since 1970 that `moment` falls into."""
    return int(moment.timestamp() // every.total_seconds())


def run_slot(app: "Flask", job: Job) -> RunOutcome | None:
    """Run the present slot of `job`, unless some process has taken it: then None."""
    with app.app_context():
        number = _take_slot(job)
        return None if number is None else _finish(job, number)


def run_once(app: "Flask", name: str) -> RunOutcome:
    """Run the job `name` now, beside its slots. Raises `KeyError` for an unknown name."""
    job = jobs_of(app)[name]
    with app.app_context():
        with unit_of_work() as current:
            run = JobRun(job=name, slot=None, started_at=now(), process=process_name())
            current.add(run)
            current.flush()
            number = run.id
        return _finish(job, number)


def ask(name: str) -> int:
    """Write down, in this unit of work, that somebody wants the job `name` to run soon.

    Whichever process runs jobs takes it; asking again before that changes nothing. Returns the
    id of the run.
    """
    waiting = session().scalar(
        select(JobRun.id).where(JobRun.job == name, JobRun.started_at.is_(None)).limit(1)
    )
    if waiting is not None:
        return waiting
    run = JobRun(job=name, slot=None, started_at=None)
    session().add(run)
    session().flush()
    return run.id


def run_asked(app: "Flask") -> int:
    """Run what was asked for and nobody has taken yet; returns how many runs that were."""
    known = jobs_of(app)
    done = 0
    with app.app_context():
        while True:
            taken = _take_asked(list(known))
            if taken is None:
                return done
            number, name = taken
            _finish(known[name], number)
            done += 1


def trim() -> str | None:
    """Keep the last 200 finished runs of each job (a job of the platform)."""
    removed = 0
    with unit_of_work() as current:
        for name in current.scalars(select(JobRun.job).distinct()).all():
            oldest = current.scalar(
                select(JobRun.id)
                .where(JobRun.job == name)
                .order_by(JobRun.id.desc())
                .offset(KEPT)
                .limit(1)
            )
            if oldest is not None:
                removed += current.execute(
                    delete(JobRun)
                    .where(JobRun.job == name, JobRun.id <= oldest, JobRun.started_at.is_not(None))
                    .execution_options(synchronize_session=False)
                ).rowcount  # type: ignore[attr-defined]
    return f"{removed} old runs removed" if removed else None


def _take_slot(job: Job) -> int | None:
    moment = now()
    slot = slot_of(moment, job.every)
    with unit_of_work(write=False) as current:
        if current.scalar(select(JobRun.id).where(JobRun.job == job.name, JobRun.slot == slot)):
            return None
    with unit_of_work() as current:
        return current.scalar(
            insert(JobRun)
            .values(job=job.name, slot=slot, started_at=moment, detail="", process=process_name())
            .on_conflict_do_nothing(index_elements=["job", "slot"])
            .returning(JobRun.id)
        )


def _take_asked(names: list[str]) -> tuple[int, str] | None:
    wanted = (
        select(JobRun.id)
        .where(JobRun.started_at.is_(None), JobRun.job.in_(names))
        .order_by(JobRun.id)
        .limit(1)
    )
    with unit_of_work(write=False) as current:
        if current.scalar(wanted) is None:
            return None
    with unit_of_work() as current:
        row = current.execute(
            update(JobRun)
            .where(
                JobRun.id == wanted.with_for_update(skip_locked=True).scalar_subquery(),
                JobRun.started_at.is_(None),
            )
            .values(started_at=now(), process=process_name())
            .returning(JobRun.id, JobRun.job)
            .execution_options(synchronize_session=False)
        ).one_or_none()
    return None if row is None else (row.id, row.job)


def _finish(job: Job, number: int) -> RunOutcome:
    outcome = _run(job)
    try:
        with unit_of_work() as current:
            current.execute(
                update(JobRun)
                .where(JobRun.id == number)
                .values(finished_at=now(), ok=outcome.ok, detail=outcome.detail[:500])
                .execution_options(synchronize_session=False)
            )
    except Exception as error:
        log.error("the run of job %s could not be written down: %s", job.name, where(error))
    return outcome


def _run(job: Job) -> RunOutcome:
    try:
        with acting(Through.JOB):
            detail = load(job.function)(*job.arguments)
    except JobFailed as error:
        rollback()
        log.error("job %s failed: %s", job.name, error)
        return RunOutcome(False, str(error))
    except Exception as error:
        rollback()
        log.error("job %s failed: %s", job.name, where(error))
        return RunOutcome(False, where(error))
    return RunOutcome(True, detail if isinstance(detail, str) else "")
