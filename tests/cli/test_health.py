"""`/healthz` and `/readyz`: what they say, and what they keep to themselves."""

import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from portal import clock
from portal.app import create_app
from portal.db import db, unit_of_work
from portal.jobs.models import JobRun
from portal.messages.models import Message
from portal.settings import load_settings
from portal.web import health


class Disk(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def answer(client: FlaskClient, path: str) -> tuple[int, str]:
    response = client.get(path)
    assert response.mimetype == "text/plain"
    assert "Set-Cookie" not in response.headers
    return response.status_code, response.get_data(as_text=True)


def test_both_are_content_with_a_good_instance(client: FlaskClient) -> None:
    assert answer(client, "/healthz") == (200, "ok\n")
    assert answer(client, "/readyz") == (200, "ready\n")


def test_a_database_that_is_gone_leaves_the_process_healthy(tmp_path: Path) -> None:
    app = create_app(
        load_settings(tmp_path, database_url="postgresql://nobody@127.0.0.1:1/nothing", jobs="off")
    )
    client = app.test_client()
    assert answer(client, "/healthz") == (200, "ok\n")
    assert answer(client, "/readyz") == (503, "The database does not answer.\n")


def test_an_old_schema_is_named(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert answer(client, "/readyz") == (503, "The database must be brought up to date.\n")


def test_a_schema_of_a_newer_version_is_named(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    said = "The database is of a newer version of the portal.\n"
    assert answer(client, "/readyz") == (503, said)
    assert answer(client, "/healthz") == (200, "ok\n")


def test_an_empty_database_is_named(tmp_path: Path) -> None:
    app = create_app(load_settings(tmp_path, jobs="off"))
    path = tmp_path / "portal.sqlite"
    client = app.test_client()
    assert answer(client, "/readyz") == (503, "The database does not answer.\n")
    assert not path.exists(), "an empty one in its place would hide that it is missing"
    path.touch()
    assert answer(client, "/readyz") == (503, "The database must be brought up to date.\n")
    with app.app_context():
        db.engine.dispose()


def test_a_full_disk_is_named(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Disk(10**9, 10**9 - 1000, 1000))
    assert answer(client, "/readyz") == (503, "There is hardly any disk space left.\n")


def configured(app: Flask, **settings: object) -> FlaskClient:
    """A client of the same database with other settings."""
    known = app.extensions["portal"].settings
    made = create_app(load_settings(known.instance, database_url=known.database_url, **settings))
    return made.test_client()


def wait(app: Flask, age: timedelta) -> None:
    with app.app_context(), unit_of_work() as session:
        session.add(
            Message(
                kind="test.done",
                address="somebody@example.org",
                context={},
                message_id="<1@example.org>",
                created_at=clock.now() - age,
            )
        )


def test_messages_that_wait_too_long_are_named_without_saying_whose(app: Flask) -> None:
    wait(app, timedelta(hours=2))
    client = configured(app, jobs="off", smtp_host="mail.example.org")
    assert answer(client, "/readyz") == (503, "Messages have been waiting for more than an hour.\n")


def test_messages_that_have_just_been_queued_are_no_trouble(app: Flask) -> None:
    wait(app, timedelta(minutes=5))
    client = configured(app, jobs="off", smtp_host="mail.example.org")
    assert answer(client, "/readyz") == (200, "ready\n")


def test_messages_wait_for_ever_where_no_mail_server_is_named(app: Flask) -> None:
    wait(app, timedelta(days=2))
    assert answer(configured(app, jobs="off"), "/readyz") == (200, "ready\n")


LATE = "The scheduled work has not run for more than five minutes.\n"


def test_jobs_that_do_not_run_are_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = configured(app, jobs="external")
    monkeypatch.setattr(health, "STARTED", time.monotonic())
    assert answer(client, "/readyz") == (200, "ready\n"), "a fresh process waits for the first run"
    monkeypatch.setattr(health, "STARTED", health.STARTED - 3600)
    assert answer(client, "/readyz") == (503, LATE)
    with app.app_context(), unit_of_work() as session:
        session.add(JobRun(job="x", slot=1, started_at=clock.now() - timedelta(minutes=10)))
    assert answer(client, "/readyz") == (503, LATE)
    with app.app_context(), unit_of_work() as session:
        session.add(JobRun(job="x", slot=2, started_at=clock.now()))
    assert answer(client, "/readyz") == (200, "ready\n")
