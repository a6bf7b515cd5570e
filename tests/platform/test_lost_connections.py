"""A database server that was started anew, or let go of a connection, is asked again."""

import uuid
from contextlib import nullcontext

import pytest
from flask import Flask
from sqlalchemy import Connection, create_engine, event, func, select, text
from sqlalchemy.exc import DBAPIError

from portal.db import db, run, session, unit_of_work
from portal.errors import OutcomeUnknown
from portal.places.models import Organization
from tests.client import Browser

pytestmark = pytest.mark.both_databases

ENDED = """
    SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid {} pg_backend_pid()
"""


@pytest.fixture
def several(app: Flask, database_kind: str) -> Flask:
    """The application with connections at rest, on PostgreSQL."""
    if database_kind == "sqlite":
        pytest.skip("SQLite has no server")
    with app.app_context():
        for each in [db.engine.connect() for _each in range(4)]:
            each.close()
    return app


def let_go(app: Flask) -> None:
    """The server ends the connections that rest, as when it is started anew."""
    with app.app_context():
        another = create_engine(db.engine.url)
    with another.connect() as connection:
        connection.execute(text(ENDED.format("<>")))
    another.dispose()


def test_a_page_is_read_again(several: Flask, browser: Browser) -> None:
    browser.sign_in("manager_a")
    for _time in range(3):
        let_go(several)
        assert browser.get("/shipments/?view=all").status == 200


def test_a_form_is_saved_all_the_same(several: Flask, browser: Browser) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/vaccine-inventory/add")
    let_go(several)
    assert browser.submit(page, {"doses": "5"}, button="Pause").status == 303


def organization() -> int:
    """Adds an organization; its connection is lost afterwards, the first time."""
    session().add(Organization(name=f"Organization {uuid.uuid4()}"))
    session().flush()
    return session().scalar(select(func.count()).select_from(Organization)) or 0


def test_a_unit_that_lost_its_connection_is_run_again_and_writes_once(several: Flask) -> None:
    tried: list[int] = []

    def unit() -> bool:
        tried.append(organization())
        if len(tried) == 1:
            session().execute(text(ENDED.format("=")))
        return True

    with several.app_context():
        assert run(unit, write=True)
    first, second = tried
    assert first == second, "what the first try wrote is gone"


def test_what_was_lost_at_the_commit_is_not_run_again(several: Flask) -> None:
    tried: list[int] = []

    def unit() -> bool:
        tried.append(organization())
        return True

    def end(_connection: Connection) -> None:
        let_go(several)

    with several.app_context():
        event.listen(db.engine, "commit", end, once=True)
        with pytest.raises(OutcomeUnknown, match="does not know whether this was saved"):
            run(unit, write=True)
    assert len(tried) == 1, "nobody knows whether it was written"


@pytest.mark.parametrize("rested", [0.0, 3600.0])
def test_a_job_asks_whether_a_rested_connection_lives(
    several: Flask, monkeypatch: pytest.MonkeyPatch, rested: float
) -> None:
    monkeypatch.setattr("portal.engine.RESTED", rested)
    let_go(several)
    found = pytest.raises(DBAPIError) if rested else nullcontext()
    with several.app_context(), found, unit_of_work():
        assert organization()


def test_a_unit_that_only_reads_cannot_write(app: Flask) -> None:
    words = pytest.raises(RuntimeError, match="only reads")
    with app.app_context(), words, unit_of_work(write=False) as current:
        current.execute(text("UPDATE organization SET name = ''"))
    refused = pytest.raises(RuntimeError, match="only reads")
    with app.app_context(), refused, unit_of_work(write=False):
        organization()
