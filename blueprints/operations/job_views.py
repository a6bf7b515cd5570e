"""Routes of the jobs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Response, current_app, flash, url_for

from blueprints.operations.pages import blueprint, show
from portal import jobs as clockwork
from portal import settings
from portal.audit.services import record
from portal.clock import now
from portal.db import after_commit
from portal.errors import Conflict, NotFound
from portal.i18n import _
from portal.jobs import queries, runner
from portal.jobs.models import JobRun
from portal.module import Job
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to


@dataclass(frozen=True)
class RunLine:
    """A job in the list."""

    job: Job
    last: JobRun | None
    next_at: datetime | None


def every_text(every: timedelta) -> str:
    """A period in words."""
    seconds = int(every.total_seconds())
    for size, words in (
        (86_400, _("%(number)s d", number=seconds // 86_400)),
        (3_600, _("%(number)s h", number=seconds // 3_600)),
        (60, _("%(number)s min", number=seconds // 60)),
    ):
        if seconds >= size and seconds % size == 0:
            return words
    return _("%(number)s s", number=seconds)


@blueprint.get("/jobs")
@needs("jobs.manage")
def jobs() -> Response:
    """All jobs, how their last runs went, and when they run next."""
    last = queries.last_runs(scope())
    off = settings.current().jobs == "off"
    lines = [
        RunLine(job, last.get(job.name), None if off else _next(job))
        for job in sorted(_known().values(), key=lambda job: job.name)
    ]
    return show(
        "jobs.html",
        regions={"jobs": "operations/_jobs.html"},
        lines=lines,
        every_text=every_text,
        off=off,
    )


@blueprint.get("/jobs/<name>")
@needs("jobs.manage")
def job(name: str) -> Response:
    """The last runs of a job."""
    shown = _job(name)
    return show(
        "job.html",
        regions={"runs": "operations/_runs.html"},
        job=shown,
        runs=queries.runs_of(scope(), name),
        every=every_text(shown.every),
        next_at=None if settings.current().jobs == "off" else _next(shown),
    )


@blueprint.post("/jobs/<name>/run")
@needs("jobs.manage")
def run_job(name: str) -> Response:
    """Ask for a run now."""
    ask_for(_job(name))
    return go_to(url_for("operations.job", name=name))


def ask_for(job: Job) -> None:
    """Have `job` run soon, whichever process runs the jobs. Raises `Conflict` if none does."""
    if settings.current().jobs == "off":
        raise Conflict(_("Jobs are switched off in the settings."))
    number = runner.ask(job.name)
    record(
        scope().user,
        "job.asked_for",
        subject="job_run",
        subject_id=number,
        location_id=None,
        summary=job.name,
    )
    after_commit("jobs asked for", clockwork.wake)
    flash(_("The job will run in a few seconds."), "success")


def _known() -> dict[str, Job]:
    return runner.jobs_of(current_app)


def _job(name: str) -> Job:
    found = _known().get(name)
    if found is None:
        raise NotFound
    return found


def _next(job: Job) -> datetime:
    slot = runner.slot_of(now(), job.every) + 1
    return datetime.fromtimestamp(slot * job.every.total_seconds(), UTC)
