"""An application with jobs to test."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from portal import jobs
from portal.app import create_app
from portal.db import db, unit_of_work
from portal.discovery import discover
from portal.jobs import scheduler
from portal.jobs.models import JobRun
from portal.settings import load_settings
from tests.jobs.work import module


@pytest.fixture
def working(
    app: Flask, statements: Callable[[Engine], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The application with the platform's jobs and those of `work.py`; its scheduler is ended with
    the test."""
    monkeypatch.setattr(scheduler, "GRACE", timedelta(seconds=0.2))
    settings = app.extensions["portal"].settings
    others = tuple({one.name for one in discover().modules} - {"platform"})
    made = create_app(
        load_settings(
            settings.instance,
            database_url=settings.database_url,
            jobs="off",
            modules_off=others,
        ),
        extra_modules=[module],
    )
    made.testing = True
    with made.app_context():
        statements(db.engine)
    yield made
    jobs.stop()
    with made.app_context():
        db.engine.dispose()


def runs(app: Flask, name: str) -> list[JobRun]:
    """The runs of a job, oldest first."""
    with app.app_context(), unit_of_work(write=False) as current:
        query = select(JobRun).where(JobRun.job == name).order_by(JobRun.id)
        found = list(current.scalars(query))
        current.expunge_all()
        return found
