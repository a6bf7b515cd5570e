"""`/metrics`: who may ask, what it counts, and that it names nobody."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import clock, messages
from portal.app import create_app
from portal.db import unit_of_work
from portal.jobs.models import JobRun
from portal.migrations import newest
from portal.settings import SettingsError, load_settings
from tests.personas import Personas

TOKEN = "a-long-enough-token-of-this-test"
Counting = Callable[..., FlaskClient]


@pytest.fixture
def counting(app: Flask) -> Counting:
    """A client of the application with these settings."""

    def make(**changed: object) -> FlaskClient:
        known = app.extensions["portal"].settings
        settings = replace(known, **{"metrics": True, **changed})
        other = create_app(settings)
        other.testing = True
        return other.test_client()

    return make


def numbers(client: FlaskClient, **headers: str) -> dict[str, float]:
    response = client.get("/metrics", headers=headers)
    assert (response.status_code, response.mimetype) == (200, "text/plain")
    assert "Set-Cookie" not in response.headers
    lines = response.get_data(as_text=True).splitlines()
    found = [re.fullmatch(r"([a-z_]+(?:{[^{}]*})?) (-?[0-9.]+)", line) for line in lines]
    told = [line for line, match in zip(lines, found, strict=True) if match is None]
    assert all(re.match("# (HELP|TYPE) portal_", line) for line in told)
    return {match[1]: float(match[2]) for match in found if match}


def test_nobody_gets_numbers_by_default(app: Flask) -> None:
    assert app.test_client().get("/metrics").status_code == 404


def test_without_a_token_only_this_machine_may_ask(counting: Counting) -> None:
    client = counting()
    assert numbers(client)
    for address in ("192.0.2.7", "2001:db8::7"):
        asked = client.get("/metrics", environ_overrides={"REMOTE_ADDR": address})
        assert asked.status_code == 404
    through_a_proxy = client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    assert through_a_proxy.status_code == 404
    behind = counting(trusted_proxies=1)
    assert numbers(behind)
    assert behind.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


def test_a_token_opens_it_from_elsewhere_and_is_needed_here_too(counting: Counting) -> None:
    client = counting(metrics_token=TOKEN)
    assert client.get("/metrics").status_code == 404
    for wrong in ("", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, "Bearer \xe9"):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 404
    assert numbers(client, Authorization=f"Bearer {TOKEN}")


@pytest.mark.parametrize("token", ["short", "x" * 19, "with blanks in it, and long enough"])
def test_a_token_that_can_be_guessed_stops_the_start(tmp_path: Path, token: str) -> None:
    with pytest.raises(SettingsError, match="metrics_token"):
        load_settings(tmp_path, metrics_token=token)


def test_answers_are_counted_by_endpoint_and_status(counting: Counting) -> None:
    client = counting()
    for _time in range(3):
        client.get("/healthz")
    client.get("/no-such-page-of-jane")
    client.get("/shipments/4711?search=jane")
    client.post("/sign-in", data={"username": "jane"})
    found = numbers(client)
    assert found['portal_requests_total{endpoint="health.healthz",status="2xx"}'] == 3
    assert found['portal_requests_total{endpoint="unknown",status="4xx"}'] == 1
    reads = found['portal_request_seconds_count{kind="read"}']
    assert (reads, found['portal_request_seconds_count{kind="write"}']) == (5, 1)
    classes = [value for name, value in found.items() if '_bucket{kind="read"' in name]
    assert len(classes) == 11
    assert classes == sorted(classes)
    assert classes[-1] == reads
    assert not [name for name in found if "jane" in name or "4711" in name]


@pytest.mark.both_databases
def test_jobs_messages_and_schema_are_told_without_names(
    counting: Counting, app: Flask, personas: Personas
) -> None:
    began = clock.now()
    with app.app_context(), unit_of_work() as session:
        for ok in (True, False):
            run = JobRun(job="files.sweep", slot=int(ok), started_at=began, finished_at=began)
            run.ok, run.detail = ok, "Jane"
            session.add(run)
            session.flush()
        messages.queue(
            "password_changed", "jane@example.org", context={"name": "Jane", "username": "jane"}
        )
    client = counting()
    found = numbers(client)
    assert found[f'portal_info{{version="0.1.0",schema="{newest()}"}}'] == 1
    assert found["portal_schema"] == int(newest())
    assert found['portal_job_last_ok{job="files.sweep"}'] == 0
    started = found['portal_job_last_started_seconds{job="files.sweep"}']
    assert abs(started - began.timestamp()) <= 1
    assert found['portal_messages{state="waiting"}'] == 1
    assert "jane" not in client.get("/metrics").get_data(as_text=True).lower()


def test_a_database_that_is_gone_is_told_by_a_schema_of_0(tmp_path: Path) -> None:
    gone = "postgresql://nobody@127.0.0.1:1/nothing"
    app = create_app(load_settings(tmp_path, database_url=gone, jobs="off", metrics=True))
    assert numbers(app.test_client())["portal_schema"] == 0
