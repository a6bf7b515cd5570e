"""`/healthz`: the process answers. `/readyz`: it can do its work, or the reasons why not.

Both are asked by machines without an account: they tell no numbers and nothing about anybody.
"""

import shutil
import time
from collections.abc import Iterator
from datetime import timedelta

from flask import Blueprint, Response, current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock, migrations, soundness
from portal.db import db, unit_of_work
from portal.errors import Unavailable
from portal.jobs.queries import SILENCE, silence
from portal.messages.models import WAITS_SINCE, Message, MessageState
from portal.settings import Settings, current
from portal.web.context import registry
from portal.web.guards import public, without_database

blueprint = Blueprint("health", __name__)

FREE_BYTES = 200 * 1024 * 1024
MESSAGES_LATE = timedelta(hours=1)
STARTED = time.monotonic()


@blueprint.get("/healthz")
@public("asked by service managers and proxies; says only that the process answers")
@without_database
def healthz() -> Response:
    """Whether the process answers at all; the database is not asked."""
    return current_app.response_class("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
@public("asked by service managers and proxies; says in plain words what keeps it from working")
@without_database
def readyz() -> Response:
    """200 if the portal can do its work, else 503 with a sentence for each reason."""
    wrong = list(reasons(current()))
    text = "\n".join(wrong) if wrong else "ready"
    return current_app.response_class(
        f"{text}\n", status=503 if wrong else 200, mimetype="text/plain"
    )


def reasons(settings: Settings) -> Iterator[str]:
    """A sentence for each thing that keeps the portal from doing all its work."""
    answers = True
    soundness.probe(settings.instance, settings.database_url)
    try:
        with unit_of_work(write=False) as session:
            revision = migrations.current(db.engine)
            if revision is not None and revision > migrations.newest():
                yield "The database is of a newer version of the portal."
            elif revision != migrations.newest():
                yield "The database must be brought up to date."
            else:
                yield from _late(session, settings)
    except (SQLAlchemyError, Unavailable):
        answers = False
    known = [fault.kind for fault in soundness.faults(settings.instance)]
    if not answers and soundness.DAMAGED not in known:
        yield "The database does not answer."
    yield from (soundness.SENTENCES[kind] for kind in known)
    try:
        free = shutil.disk_usage(settings.instance).free
    except OSError:
        yield "The instance folder cannot be read."
    else:
        if free < FREE_BYTES:
            yield "There is hardly any disk space left."


def _late(session: Session, settings: Settings) -> Iterator[str]:
    moment = clock.now()
    ready = [one.name for one in registry().channels.values() if one.ready(settings)]
    if ready:
        oldest = session.scalar(
            select(func.min(WAITS_SINCE)).where(
                Message.channel.in_(ready),
                Message.state.in_((MessageState.WAITING, MessageState.SENDING)),
            )
        )
        if oldest is not None and oldest < moment - MESSAGES_LATE:
            yield "Messages have been waiting for more than an hour."
    if settings.jobs == "off" or time.monotonic() - STARTED < SILENCE.total_seconds():
        return
    if silence() is not None:
        yield "The scheduled work has not run for more than five minutes."
