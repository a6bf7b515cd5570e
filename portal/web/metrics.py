"""`/metrics`: numbers for Prometheus, if the settings ask for them; nothing about anybody.

Requests are counted in the memory of the process that answers them; where there are several, each
names itself by its process id. Jobs, messages and the schema are read from the database when
somebody asks.
"""

import hmac
import ipaddress
import os
import time
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from threading import Lock

from flask import Blueprint, Flask, Response, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError

from portal import clock, migrations
from portal.db import db, unit_of_work
from portal.errors import Unavailable
from portal.jobs.queries import newest_runs
from portal.messages.queries import not_left
from portal.settings import Settings, current
from portal.version import VERSION
from portal.web.guards import public, without_database

blueprint = Blueprint("metrics", __name__)

# Upper bounds in seconds of the classes of the histogram; the last class has none.
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Requests:
    """What this process has answered since it began."""

    def __init__(self, process: str = "") -> None:
        self._lock = Lock()
        self._process = {"process": process} if process else {}
        self._answers: Counter[tuple[str, str]] = Counter()
        self._classes = {kind: [0] * (len(BOUNDS) + 1) for kind in ("read", "write")}
        self._seconds = dict.fromkeys(self._classes, 0.0)

    def note(self, endpoint: str, status: int, method: str, seconds: float) -> None:
        """Count one answer."""
        kind = "read" if method in READING else "write"
        place = next((n for n, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        with self._lock:
            self._answers[endpoint, f"{status // 100}xx"] += 1
            self._classes[kind][place] += 1
            self._seconds[kind] += seconds

    def lines(self) -> Iterator[str]:
        """The counts, as Prometheus reads them."""
        with self._lock:
            answers = sorted(self._answers.items())
            classes = {kind: list(counted) for kind, counted in self._classes.items()}
            seconds = dict(self._seconds)
        yield from _head("portal_requests_total", "counter", "Answers by endpoint and status.")
        for (endpoint, status), number in answers:
            labels = _labels(endpoint=endpoint, status=status, **self._process)
            yield f"portal_requests_total{labels} {number}"
        name = "portal_request_seconds"
        yield from _head(name, "histogram", "How long the portal worked on a request.")
        for kind, counted in classes.items():
            sums = list(accumulate(counted))
            of = {"kind": kind, **self._process}
            for bound, number in zip((*BOUNDS, "+Inf"), sums, strict=True):
                yield f"{name}_bucket{_labels(**of, le=str(bound))} {number}"
            yield f"{name}_sum{_labels(**of)} {seconds[kind]:.6f}"
            yield f"{name}_count{_labels(**of)} {sums[-1]}"


def init_app(app: Flask, settings: Settings) -> None:
    """Count requests, if the settings ask for it."""
    if not settings.metrics:
        return
    counted = app.extensions["portal_requests"] = Requests(
        str(os.getpid()) if settings.workers > 1 else ""
    )

    @app.before_request
    def begin() -> None:
        g.begun = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("begun", time.perf_counter())
        endpoint = request.endpoint or "unknown"
        counted.note(endpoint, response.status_code, request.method, seconds)
        return response


@blueprint.get("/metrics")
@public("asked by Prometheus, if it is switched on; with a token or from this machine only")
@without_database
def metrics() -> Response:
    """The numbers, for who may have them; for others there is no such page."""
    settings = current()
    if not settings.metrics or not _admitted(settings):
        return current_app.response_class("Not found\n", status=404, mimetype="text/plain")
    counted: Requests = current_app.extensions["portal_requests"]
    lines = [*counted.lines(), *_of_database()]
    return current_app.response_class(
        "\n".join([*lines, ""]), content_type="text/plain; version=0.0.4; charset=utf-8"
    )


def _admitted(settings: Settings) -> bool:
    """Whether the request carries the token or, where there is none, comes from this machine and
    through no proxy."""
    if settings.metrics_token:
        given = request.headers.get("Authorization", "")
        wanted = f"Bearer {settings.metrics_token}"
        return hmac.compare_digest(given.encode(), wanted.encode())
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "Via")):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _of_database() -> Iterator[str]:
    schema, lines = "", list[str]()
    try:
        with unit_of_work(write=False):
            schema = migrations.current(db.engine) or ""
            if schema == migrations.newest():
                lines = [*_of_jobs(), *_of_messages()]
    except (SQLAlchemyError, Unavailable):
        pass
    yield from _head("portal_info", "gauge", "The version, and the schema that it needs.")
    yield f"portal_info{_labels(version=VERSION, schema=migrations.newest())} 1"
    yield from _head("portal_schema", "gauge", "The database's schema; 0 if it does not answer.")
    yield f"portal_schema {int(schema) if schema.isdecimal() else 0}"
    yield from lines


def _of_jobs() -> Iterator[str]:
    runs = sorted(newest_runs().items())
    name = "portal_job_last_started_seconds"
    yield from _head(name, "gauge", "When the job began last, in seconds since 1970.")
    for job, run in runs:
        if run.started_at is not None:
            yield f"{name}{_labels(job=job)} {run.started_at.timestamp():.0f}"
    name = "portal_job_last_ok"
    yield from _head(name, "gauge", "Whether the job's last run went well.")
    for job, run in runs:
        if run.ok is not None:
            yield f"{name}{_labels(job=job)} {int(run.ok)}"


def _of_messages() -> Iterator[str]:
    found = not_left()
    yield from _head("portal_messages", "gauge", "Messages that have not left, by state.")
    for state, number in sorted(found.by_state.items()):
        yield f"portal_messages{_labels(state=state)} {number}"
    since = found.waiting_since
    waiting = (clock.now() - since).total_seconds() if since else 0
    name = "portal_messages_oldest_seconds"
    yield from _head(name, "gauge", "How long the oldest message has been waiting.")
    yield f"{name} {max(waiting, 0):.0f}"


def _head(name: str, kind: str, meaning: str) -> tuple[str, str]:
    return f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"


def _labels(**given: str) -> str:
    """Names of endpoints, jobs and states: none holds what would have to be escaped."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in given.items()) + "}"
