"""Reading the run log: for programme administrators."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from portal.access.scope import Scope
from portal.clock import now
from portal.db import session
from portal.jobs.models import JobRun

CAPABILITY = "jobs.manage"
SHOWN = 50
# Some job is due every few seconds: after so long without any, nothing runs them.
SILENCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Silence:
    """That no scheduler is at work; `since`: when one last was, None if never."""

    since: datetime | None


def silence() -> Silence | None:
    """Whether what waits for a job waits in vain, as the run log says; None while jobs run."""
    last = session().scalar(
        select(JobRun.started_at)
        .where(JobRun.slot.is_not(None), JobRun.started_at.is_not(None))
        .order_by(JobRun.started_at.desc())
        .limit(1)
    )
    return None if last is not None and now() - last < SILENCE else Silence(last)


def last_runs(scope: Scope) -> dict[str, JobRun]:
    """The newest run of each job, by the job's name."""
    scope.require(CAPABILITY)
    return newest_runs()


def newest_runs() -> dict[str, JobRun]:
    """The newest run of each job, by the job's name, for who may know how the portal is doing."""
    newest = select(func.max(JobRun.id)).group_by(JobRun.job)
    return {run.job: run for run in session().scalars(select(JobRun).where(JobRun.id.in_(newest)))}


def runs_of(scope: Scope, name: str) -> list[JobRun]:
    """The newest 50 runs of a job, newest first."""
    scope.require(CAPABILITY)
    query = select(JobRun).where(JobRun.job == name).order_by(JobRun.id.desc()).limit(SHOWN)
    return list(session().scalars(query))
