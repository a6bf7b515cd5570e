"""Reading the run log: for programme administrators."""

from sqlalchemy import func, select

from portal.db import session
from portal.jobs.models import JobRun
from portal.places.scope import Scope

CAPABILITY = "jobs.manage"
SHOWN = 50


def last_runs(scope: Scope) -> dict[str, JobRun]:
    """The newest run of each job, by the job's name."""
    scope.require(CAPABILITY)
    newest = select(func.max(JobRun.id)).group_by(JobRun.job)
    return {run.job: run for run in session().scalars(select(JobRun).where(JobRun.id.in_(newest)))}


def runs_of(scope: Scope, name: str) -> list[JobRun]:
    """The newest 50 runs of a job, newest first."""
    scope.require(CAPABILITY)
    query = select(JobRun).where(JobRun.job == name).order_by(JobRun.id.desc()).limit(SHOWN)
    return list(session().scalars(query))
