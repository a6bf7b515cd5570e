"""What only the database finds out: the unit runs once more and sees it; if that does not help, the
user is told, and nothing is saved."""

from functools import partial
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, select
from sqlalchemy.exc import IntegrityError

from blueprints.alerts import services as alerts
from portal.db import db, run, session, unit_of_work
from portal.errors import Conflict
from portal.places.models import Organization
from portal.places.services import find_or_add_organization
from tests import threads
from tests.client import Browser

pytestmark = pytest.mark.both_databases

NAME = "Tyrrell County Health"


def organizations() -> int:
    with unit_of_work(write=False) as current:
        return current.scalars(
            select(func.count(Organization.id)).where(Organization.name == NAME)
        ).one()


def test_of_eight_who_make_the_same_all_get_the_one_that_is_there(app: Flask) -> None:
    tried = []

    def make() -> int:
        tried.append(1)
        return find_or_add_organization(None, NAME).id

    def work() -> int:
        with app.app_context():
            return run(make, write=True)

    def wait(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT INTO organization") and len(tried) <= 8:
            gate.wait()

    with app.app_context():
        engine = db.engine
    gate = Barrier(8, timeout=30)
    if engine.dialect.name != "sqlite":
        event.listen(engine, "before_cursor_execute", wait)
    assert len(set(threads.at_once(work, [()] * 8))) == 1
    assert len(tried) == (8 if engine.dialect.name == "sqlite" else 15)
    with app.app_context():
        assert organizations() == 1


def test_a_row_that_is_gone_since_it_was_read_is_looked_for_again(
    app: Flask, database_kind: str
) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite has one writer")
    seen = []

    def rename() -> None:
        found = session().scalar(select(Organization).where(Organization.name == NAME))
        seen.append(found)
        if found is None:
            raise Conflict("It was deleted.")
        with db.engine.begin() as another:
            another.execute(delete(Organization).where(Organization.name == NAME))
        found.name = "Another"
        session().flush()

    with app.app_context():
        with unit_of_work():
            find_or_add_organization(None, NAME)
        with pytest.raises(Conflict, match="It was deleted"):
            run(rename, write=True)
        assert len(seen) == 2


def broken(times: list[int], violated: str) -> None:
    """Break a rule of the database, as a unit of work does that has not looked."""
    times.append(1)
    name = session().scalars(select(Organization.name).limit(1)).one()
    values = {"unique": {"name": name}, "missing": {"name": None}}[violated]
    session().add(Organization(**values))
    session().flush()


def test_a_clash_that_stays_is_a_conflict_and_what_is_no_clash_a_fault(app: Flask) -> None:
    times: list[int] = []
    with app.app_context():
        with pytest.raises(Conflict, match="Your changes were not saved"):
            run(partial(broken, times, "unique"), write=True)
        assert len(times) == 2
        with pytest.raises(IntegrityError):
            run(partial(broken, times, "missing"), write=True)
        assert len(times) == 3


@pytest.mark.parametrize("htmx", [False, True])
def test_whoever_meets_it_is_told(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch, htmx: bool
) -> None:
    times: list[int] = []
    monkeypatch.setattr(alerts, "save", lambda *_all, **_more: broken(times, "unique"))
    browser.sign_in("manager_a")
    page = browser.get("/alerts/")
    told = browser.submit(page, button="Save", region="anything" if htmx else None)
    assert told.status == 409
    assert "Someone else changed the same record at this moment." in told.root.text
    assert "Your changes were not saved." in told.root.text
    assert len(times) == 2
