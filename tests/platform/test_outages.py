"""A database that goes away in the middle of a request: a proper page, and nothing lost."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import (
    DatabaseError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from portal.accounts import limit_on_adding as additions
from portal.app import create_app
from portal.db import db, unit_of_work
from portal.drafts import Draft
from portal.people import sessions
from portal.settings import load_settings
from portal.web import errors
from portal.web.headers import HEADERS, PART_HEADERS
from tests import databases
from tests.accounts.steps import JANE, jane
from tests.client import Browser, Page
from tests.outages import Forwarder, check_proper, outage
from tests.personas import Personas

pytestmark = pytest.mark.both_databases


def lost() -> Exception:
    """What SQLAlchemy makes of a connection that broke."""
    orig = sqlite3.OperationalError("disk I/O error")
    return OperationalError("", None, orig, connection_invalidated=True)


KINDS: dict[str, Callable[[], Exception]] = {
    "lost": lost,
    "refused": lambda: OperationalError("", None, Exception("connection refused")),
    "closed": lambda: InterfaceError("", None, Exception("the connection is closed")),
    "pool": lambda: PoolTimeout("QueuePool limit reached"),
    "disconnected": lambda: DisconnectionError("gone"),
    "no database": lambda: DatabaseError("", None, sqlite3.DatabaseError("not a database")),
    "bare": lambda: db.engine.dialect.loaded_dbapi.OperationalError("unable to connect"),
}
PAGES = (
    ("/", None),
    ("/vaccine-inventory/?view=all", None),
    ("/vaccine-inventory/?view=all", "main"),
    ("/accounts/add", None),
    ("/sign-in", None),
)


@pytest.fixture(autouse=True)
def noted_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """That a session was used is written after each request."""
    monkeypatch.setattr(sessions, "TOUCH_EVERY", timedelta())


def at_each_step(
    app: Flask, error: Callable[[], Exception], ask: Callable[[], Page], *, htmx: bool
) -> Page:
    """`ask` with the database going away at its first step, at its second, and so on, until it is
    through; the answer then. Each time before the answer must be a proper one, or the same: then
    all that was missing was the note that the session was used."""
    others = set()
    for at in range(1, 200):
        with outage(app, at, error) as away:
            page = ask()
        if not away.down:
            assert at > 1, "it never asked the database"
            assert others <= {page.status, 303}
            return page
        if page.status >= 500:
            check_proper(page, htmx=htmx)
        else:
            others.add(page.status)
    raise AssertionError("it never ended")


@pytest.mark.parametrize(("url", "region"), PAGES)
def test_a_page_is_a_proper_answer_at_every_step(
    app: Flask, browser: Browser, url: str, region: str | None
) -> None:
    if url != "/sign-in":
        browser.sign_in("manager_a")
    page = at_each_step(app, lost, lambda: browser.get(url, region=region), htmx=bool(region))
    assert page.status == 200


def test_what_is_not_there_needs_no_database(app: Flask, browser: Browser) -> None:
    browser.sign_in("manager_a")
    with outage(app, 1, lost):
        assert browser.get("/no-such-page").status == 404


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_the_driver_calls_it(app: Flask, browser: Browser, kind: str) -> None:
    browser.sign_in("manager_a")
    form = browser.get("/vaccine-inventory/add")
    for at in (1, 2, 4):
        with outage(app, at, KINDS[kind]):
            check_proper(browser.get("/vaccine-inventory/?view=all"), htmx=False)
        with outage(app, at, KINDS[kind]):
            sent = browser.submit(form, {"doses": "5"}, button="Pause", region="main")
            check_proper(sent, htmx=True)
    assert drafts(app) == 0
    assert browser.submit(form, {"doses": "5"}, button="Pause").status == 303


def drafts(app: Flask) -> int:
    with app.app_context(), unit_of_work(write=False) as session:
        return session.scalar(select(func.count()).select_from(Draft)) or 0


FORMS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a wizard": ("/vaccine-inventory/add", {"doses": "5"}, {"button": "Pause"}),
    "a new user": (
        "/accounts/add",
        JANE,
        {"button": "Save"},
    ),
    "alerts": ("/alerts", {}, {"button": "Save"}),
    "signing out": ("/", {}, {"button": "Sign Out"}),
    "a forgotten password": (
        "/password/forgot",
        {"identity": "manager.a"},
        {"button": "Send the link"},
    ),
    "signing in": ("/sign-in", {"username": "nobody", "password": "x" * 20}, {"button": "Sign In"}),
}


@pytest.mark.parametrize("what", FORMS)
def test_a_form_is_a_proper_answer_at_every_step_and_saved_once(
    app: Flask,
    browser: Browser,
    what: str,
    cheap_hashes: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(additions, "REFUSED", ((500, timedelta(minutes=15)),))
    url, values, how = FORMS[what]
    if what not in ("signing in", "a forgotten password"):
        browser.sign_in("manager_a")
    form = browser.get(url)
    region = "wizard" if what == "a wizard" else None
    answer = at_each_step(
        app, lost, lambda: browser.submit(form, values, region=region, **how), htmx=bool(region)
    )
    assert bool(answer.leads_to) == (what != "signing in"), answer.root.text
    assert what != "a wizard" or drafts(app) == 1
    assert what != "a new user" or jane(app) is not None


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    from argon2 import PasswordHasher

    from portal.signing_in import hashing

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(hashing, "_hasher", cheap)


def test_a_form_of_somebody_signed_out_is_a_proper_answer_at_every_step(
    app: Flask, browser: Browser
) -> None:
    browser.sign_in("manager_a")
    form = browser.get("/vaccine-inventory/add")
    app.extensions["portal"].settings.__dict__["idle_minutes"] = 0

    def send(**changes: str) -> Page:
        return browser.submit(form, {"doses": "5", **changes}, button="Next")

    stale = at_each_step(app, lost, lambda: send(csrf_token="wrong"), htmx=False)
    late = at_each_step(app, lost, send, htmx=False)
    assert stale.leads_to.startswith("/sign-in")
    assert late.leads_to.startswith("/sign-in?next=")
    assert drafts(app) == 1


def test_when_all_connections_are_taken_that_is_said(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in("manager_a")
    form = browser.get("/vaccine-inventory/add")
    with app.app_context():
        engine = db.engine
        monkeypatch.setattr(engine.pool, "_timeout", 0.05)
        taken = [engine.connect() for _each in range(16)]
    check_proper(browser.get("/"), htmx=False)
    check_proper(browser.submit(form, {"doses": "5"}, button="Pause", region="main"), htmx=True)
    for each in taken:
        each.close()
    assert browser.submit(form, {"doses": "5"}, button="Pause").status == 303


@pytest.mark.parametrize("region", [None, "main"])
def test_if_no_error_page_can_be_made_there_is_a_constant_one(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch, region: str | None
) -> None:
    def broken(*_all: object, **_more: object) -> str:
        raise RuntimeError("a template")

    browser.sign_in("manager_a")
    monkeypatch.setattr(errors, "render_template", broken)
    app.config["SHOW_FAULTS_AS_PAGES"] = True
    with outage(app, 1, lost):
        page = browser.get("/", region=region)
    assert page.status == 503
    assert page.headers["Retry-After"]
    assert "look whether it is there" in page.root.text
    wanted = PART_HEADERS if region else HEADERS
    assert {name: page.headers[name] for name in wanted} == wanted
    assert (page.headers.get("HX-Retarget") == "#flash") == bool(region)
    assert ("<html" in page.html) == (region is None)


def test_what_was_saved_is_never_said_to_be_lost(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in("manager_a")
    form = browser.get("/vaccine-inventory/add")

    def broken(_live: object) -> None:
        raise lost()

    monkeypatch.setattr(sessions, "keep_alive", broken)
    page = browser.submit(form, {"doses": "5"}, button="Pause")
    assert page.status == 503
    assert "was saved" in page.root.text
    assert "Nothing was saved" not in page.root.text
    assert drafts(app) == 1


@pytest.fixture
def file(app: Flask, database_kind: str) -> Path:
    """SQLite's file."""
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL is no file")
    with app.app_context():
        return Path(str(db.engine.url.database))


@pytest.mark.parametrize("instead", ["nothing", "a folder", "another file", "another database"])
def test_a_file_that_is_not_there_loses_nothing(
    app: Flask, browser: Browser, file: Path, instead: str
) -> None:
    browser.sign_in("manager_a")
    form = browser.get("/vaccine-inventory/add")
    aside = [path.rename(f"{path}.aside") for path in file.parent.glob(f"{file.name}*")]
    if instead == "a folder":
        file.mkdir()
    elif instead == "another file":
        file.write_bytes(b"This is not a database. " * 500)
    elif instead == "another database":
        file.touch()
    for _time in range(2):
        check_proper(browser.get("/vaccine-inventory/?view=all"), htmx=False)
        sent = browser.submit(form, {"doses": "5"}, button="Pause", region="main")
        check_proper(sent, htmx=True)
    if instead == "nothing":
        assert not file.exists()
    elif instead == "a folder":
        file.rmdir()
    for path in aside:
        path.rename(str(path).removesuffix(".aside"))
    assert browser.submit(form, {"doses": "5"}, button="Pause").status == 303
    assert drafts(app) == 1


@pytest.fixture
def forwarder(database_kind: str) -> Iterator[Forwarder]:
    """A way to PostgreSQL that can be cut."""
    if database_kind == "sqlite":
        pytest.skip("SQLite has no server")
    made = Forwarder(databases.server_socket())
    yield made
    made.close()


@pytest.fixture
def behind(forwarder: Forwarder, database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application, whose way to its database leads through the forwarder."""
    name = databases.name_of(database_url)
    url = f"postgresql://127.0.0.1:{forwarder.port}/{name}"
    app = create_app(load_settings(tmp_path / "behind", database_url=url, jobs="off"))
    app.testing = True
    yield app
    with app.app_context():
        db.engine.dispose()


def test_a_server_that_is_started_anew_is_a_proper_answer_and_loses_nothing(
    behind: Flask, forwarder: Forwarder, app: Flask, personas: Personas
) -> None:
    browser = Browser(behind, personas).sign_in("manager_a")
    form = browser.get("/vaccine-inventory/add")
    for _time in range(2):
        forwarder.cut()
        check_proper(browser.get("/shipments/"), htmx=False)
        check_proper(browser.submit(form, {"doses": "5"}, button="Pause", region="main"), htmx=True)
        forwarder.mend()
        assert browser.get("/shipments/").status == 200
    assert browser.submit(form, {"doses": "5"}, button="Pause").status == 303
    assert drafts(app) == 1


def test_a_way_that_is_cut_at_every_message_loses_nothing_and_saves_once(
    behind: Flask, forwarder: Forwarder, app: Flask, personas: Personas
) -> None:
    browser = Browser(behind, personas).sign_in("manager_a")
    form = browser.get("/vaccine-inventory/add")
    answers = []
    for cut_before in range(1, 100):
        forwarder.mend()
        with behind.app_context():
            db.engine.dispose()
        forwarder.cut_before = cut_before
        page = browser.submit(form, {"doses": "5"}, button="Pause")
        if forwarder.up:
            break
        answers.append(page.status)
        if page.status != 303:
            check_proper(page, htmx=False)
    assert page.status == 303
    assert answers.count(503) > 5
    assert drafts(app) == 1
