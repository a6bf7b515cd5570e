"""How a request runs: one transaction, once per operation id, honest when the database is busy."""

import functools
import io
import sqlite3
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from blueprints.alerts import views as alerts
from portal import db as database
from portal.errors import Busy, OutcomeUnknown, Unavailable
from portal.people import sessions
from tests.client import Browser
from tests.inventory import stock
from tests.personas import Personas
from tests.wastage.test_wastage import begin, choose

pytestmark = pytest.mark.both_databases


def test_another_file_under_the_same_operation_id_is_refused(app: Flask, browser: Browser) -> None:
    browser.sign_in("admin")
    page = browser.get("/shipments/imports")
    first = browser.submit(page, {"file": (io.BytesIO(b"a,b\n1,2\n"), "one.csv")}, button="Import")
    again = browser.submit(page, {"file": (io.BytesIO(b"a,b\n1,2\n"), "one.csv")}, button="Import")
    other = browser.submit(page, {"file": (io.BytesIO(b"a,b\n9,9\n"), "two.csv")}, button="Import")
    assert first.leads_to == again.leads_to
    assert other.status == 409


@pytest.mark.parametrize("bad", ["a\0b", "x" * 44, "short", "ünïcode-operation-id-here"])
def test_a_made_up_operation_id_is_refused(browser: Browser, bad: str) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/shipments/?view=all")
    pin = next(form for form in page.root.all("form") if "/pin" in form.attributes["action"])
    fields = {
        one.attributes["name"]: one.attributes.get("value", "")
        for one in pin.all("input")
        if "name" in one.attributes
    }
    answer = browser.post(pin.attributes["action"], {**fields, "operation_id": bad})
    assert answer.status == 400


def test_an_answer_stands_although_the_session_cannot_be_kept_alive(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def busy(session_id: int, _moment: datetime) -> None:
        tried.append(session_id)
        raise Unavailable("busy")

    browser.sign_in("manager_a")
    monkeypatch.setattr(sessions, "_touch", busy)
    monkeypatch.setattr(sessions, "TOUCH_EVERY", timedelta())
    assert browser.get("/help-information").status == 200
    assert len(tried) == 1


def test_a_locked_database_is_waited_for_and_then_said_to_be_busy(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        url = database.db.engine.url
    if url.get_backend_name() != "sqlite":
        return  # PostgreSQL locks rows, not the database
    browser.sign_in("manager_a")
    page = browser.get("/vaccine-inventory/add")
    holder = sqlite3.connect(str(url.database), isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    assert browser.get("/help-information").status == 200, "reading goes on"
    impatient = {**database.run.__kwdefaults__, "patience": 0.5}
    monkeypatch.setattr(database.run, "__kwdefaults__", impatient)
    refused = browser.submit(page, {"doses": "5"}, button="Pause")
    assert refused.status == 503
    monkeypatch.undo()
    threading.Timer(1.5, holder.rollback).start()
    kept = browser.submit(page, {"doses": "5"}, button="Pause")
    assert kept.status == 303


def test_a_full_disk_is_named_and_what_is_there_can_still_be_read(
    app: Flask, browser: Browser
) -> None:
    with app.app_context():
        engine = database.db.engine
    if engine.dialect.name != "sqlite":
        return  # only SQLite can be told how large it may get
    browser.sign_in("manager_a")
    page = browser.get("/vaccine-inventory/add")

    def limit(connection: sqlite3.Connection, *_others: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    def lift(connection: sqlite3.Connection, *_others: object) -> None:
        connection.execute("PRAGMA max_page_count=1000000")

    event.listen(engine, "checkout", limit)
    refused = browser.submit(page, {"name": "x" * 40_000}, button="Pause")
    assert refused.status == 503
    assert "disk is full" in refused.html
    assert browser.get("/vaccine-inventory/?view=all").status == 200
    event.remove(engine, "checkout", limit)
    event.listen(engine, "checkout", lift)
    assert browser.submit(page, {"doses": "5"}, button="Pause").status == 303


def read_twice(app: Flask, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The page is read again after its first try, as after a deadlock; what was tried."""
    view = app.view_functions[endpoint]
    tried: list[str] = []

    @functools.wraps(view)
    def busy_once(**values: Any) -> Any:
        tried.append(endpoint)
        answer = view(**values)
        if len(tried) == 1:
            raise OperationalError("", None, sqlite3.OperationalError("database is locked"))
        return answer

    monkeypatch.setitem(app.view_functions, endpoint, busy_once)
    return tried


def test_the_form_of_a_page_that_was_read_twice_can_be_sent(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = read_twice(app, "people.sign_in", monkeypatch)
    page = browser.get("/sign-in")
    assert len(tried) == 2
    sent = browser.submit(page, {"username": "nobody", "password": "x" * 20}, button="Sign In")
    assert "do not match" in sent.root.text


def test_a_message_on_a_page_that_was_read_twice_is_shown_once(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in("manager_a")
    paused = browser.submit(browser.get("/vaccine-inventory/add"), {"doses": "5"}, button="Pause")
    tried = read_twice(app, "home.index", monkeypatch)
    first, second = browser.get(paused.leads_to), browser.get(paused.leads_to)
    assert len(tried) == 3
    shown = [page.root.one("div", role="status").text for page in (first, second)]
    assert shown[0]
    assert shown[1] != shown[0]


@pytest.mark.parametrize("was_saved", [True, False])
@pytest.mark.parametrize(
    ("region", "advice"),
    [(None, "Check whether it is there"), ("wizard", "Press the button again")],
)
def test_where_nobody_knows_nothing_is_promised_and_the_same_form_saves_once(
    app: Flask,
    personas: Personas,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    was_saved: bool,
    region: str | None,
    advice: str,
) -> None:
    """The connection is lost at the commit of a wastage, after or before the server made it."""
    with app.app_context():
        record = stock.add(stock.scope_for(personas, "manager_a"))
    browser.sign_in("manager_a")
    page = choose(browser, begin(browser, "Wastage"), {record: 7})
    details = {"reason": "broken", "vial": "closed"}
    review = browser.submit(page, details, button="Next", follow=True)
    finish = database._commit

    def lost() -> None:
        monkeypatch.setattr(database, "_commit", finish)
        if was_saved:
            finish()
        raise OutcomeUnknown(database._lost())

    monkeypatch.setattr(database, "_commit", lost)
    unknown = browser.submit(review, button="Save", region=region)
    assert unknown.status == 503
    assert "does not know whether this was saved" in unknown.root.text
    assert advice in unknown.root.text
    assert "was saved." not in unknown.root.text.replace("whether this was saved.", "")
    assert "was saved." not in browser.get("/").root.text, "nor on the next page"
    again = browser.submit(review, button="Save", region=region, follow=not region)
    shown = again.root.text if not region else browser.get(again.leads_to).root.text
    assert ("This was already saved" in shown) is was_saved
    assert ("was saved." in shown) is not was_saved
    with app.app_context():
        assert stock.counters(record)["doses_wasted"] == 7


def test_a_page_that_cannot_be_read_after_saving_does_not_take_that_back(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_arguments: object, **_named: object) -> None:
        raise Busy(database._busy())

    browser.sign_in("manager_a")
    saved = browser.submit(browser.get("/alerts/"), {"low_doses": "7"}, button="Save")
    assert saved.status == 303
    monkeypatch.setattr(alerts, "thresholds", busy)
    page = browser.get(saved.leads_to)
    assert page.status == 503
    assert "What you saved before is saved." in page.root.text
    assert "Nothing was changed" not in page.root.text
