"""What people without an account can make the portal write: little, and no lock for nothing."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, inspect, select

from portal import throttle
from portal.db import db, unit_of_work
from portal.signing_in import hashing, recovery, setup
from portal.submissions import new_operation_id
from portal.web import guards
from tests.client import Browser
from tests.statements import watched

FEW = ((2, timedelta(minutes=5)),)
POSTS = 6


@pytest.fixture(autouse=True)
def low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits that there are, reached after few posts; hashes cost nothing."""
    from argon2 import PasswordHasher

    for name in ("PER_ACCOUNT_AND_ADDRESS", "PER_ADDRESS"):
        monkeypatch.setattr(throttle, name, 2)
    monkeypatch.setattr(recovery, "ASKED_FROM_ONE_ADDRESS", FEW)
    monkeypatch.setattr(recovery, "MAILS", FEW)
    monkeypatch.setattr(setup, "TRIES", FEW)
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(hashing, "_hasher", cheap)


def rows(app: Flask) -> dict[str, int]:
    """How many rows there are, by table."""
    with app.app_context(), unit_of_work(write=False) as session:
        there = set(inspect(db.engine).get_table_names())
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in db.metadata.sorted_tables
            if table.name in there
        }


def writing(seen: Sequence[str]) -> list[str]:
    """What takes a lock or writes, but for the note that a live session was used, and its unit."""
    found = [text for text in seen if re.match("BEGIN IMMEDIATE|INSERT|UPDATE|DELETE", text)]
    notes = sum("last_seen_at" in text for text in found)
    rest = [text for text in found if "last_seen_at" not in text]
    begun = [text for text in rest if text.startswith("BEGIN")]
    return [text for text in rest if not text.startswith("BEGIN")] + begun[notes:]


def public_posts(app: Flask) -> list[tuple[str, str]]:
    """Endpoint and address of whatever everybody may post to, of whichever module."""
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if guards.access_of(view) == guards.PUBLIC and "POST" in (rule.methods or ()):
            values: dict[str, Any] = {
                name: 1 if "int" in type(rule._converters[name]).__name__.lower() else "x" * 43
                for name in rule.arguments
            }
            with app.test_request_context():
                adapter = app.url_map.bind("")
                found.append((rule.endpoint, adapter.build(rule.endpoint, values)))
    return found


def token(client: FlaskClient) -> str:
    """A request token of this browser's."""
    page = client.get("/sign-in").get_data(as_text=True)
    page = page if "csrf_token" in page else client.get("/setup").get_data(as_text=True)
    page = page if "csrf_token" in page else client.get("/switch-location").get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page[:200]
    return found[1]


def forged(number: int) -> dict[str, str]:
    """A filled-in form of any kind, with a fresh id."""
    return {
        "operation_id": new_operation_id(),
        "username": f"stranger{number}",
        "identity": f"stranger{number}@example.org",
        "password": "mango luggage plinth",
        "new_password": "mango luggage plinth",
        "repeat": "mango luggage plinth",
        "repeated": "mango luggage plinth",
        "code": "AAAA-BBBB-CCCC",
        "organization": "O",
        "location": "L",
        "pin": "NCA000001",
        "first_name": "A",
        "last_name": "B",
        "email": f"stranger{number}@example.org",
        "time_zone": "America/New_York",
        "location_id": str(number),
        "language": "en",
        "next": f"/{number}",
        "note": f"note {number}",
    }


@pytest.fixture(params=["nobody", "signed out", "signed in"])
def stranger(request: pytest.FixtureRequest, app: Flask, browser: Browser) -> FlaskClient:
    """A browser without a cookie, with that of an ended session, and with a live one."""
    if request.param == "nobody":
        return browser.client
    browser.sign_in("manager_a")
    if request.param == "signed out":
        stolen = browser.client.get_cookie("portal")
        assert stolen
        browser.submit(browser.get("/"), button="Sign Out")
        browser.client.set_cookie("portal", stolen.value)
    return browser.client


def post(client: FlaskClient, url: str, cookie: Any, sent: dict[str, str]) -> int:
    """Send it with the very cookie, whatever was answered before."""
    if cookie:
        client.set_cookie("portal", cookie.value)
    return client.post(url, data=sent).status_code


def test_forged_forms_leave_few_rows_and_then_none_and_take_no_lock(
    app: Flask, stranger: FlaskClient
) -> None:
    csrf = token(stranger)
    cookie = stranger.get_cookie("portal")
    walked = public_posts(app)
    assert {"people.sign_in", "people.sign_out", "links.forgot_password", "setup.set_up"} <= {
        endpoint for endpoint, _url in walked
    }
    for endpoint, url in walked:
        numbers = iter(range(10_000))
        before = rows(app)
        for _time in range(POSTS):
            post(stranger, url, cookie, {**forged(next(numbers)), "csrf_token": csrf})
        first = rows(app)
        left = sum(first.values()) - sum(before.values())
        assert left <= 3 * 7, f"{endpoint}: {left} rows by {POSTS} posts"
        with watched(app) as seen:
            for _time in range(POSTS):
                status = post(stranger, url, cookie, {**forged(next(numbers)), "csrf_token": csrf})
                assert status < 500, endpoint
            assert rows(app) == first, f"{endpoint} writes a row for each post"
        assert writing(seen) == [], f"{endpoint} takes the lock for what changes nothing"


def test_a_form_that_needs_an_account_takes_no_lock_from_a_stranger(
    app: Flask, stranger: FlaskClient, request: pytest.FixtureRequest
) -> None:
    if request.node.callspec.params["stranger"] == "signed in":
        return
    csrf, cookie = token(stranger), stranger.get_cookie("portal")
    before = rows(app)
    with watched(app) as seen:
        for number in range(3):
            sent = {**forged(number), "csrf_token": csrf, "name": "x"}
            post(stranger, "/accounts/add", cookie, sent)
            post(stranger, "/switch-location", cookie, sent)
            stranger.get("/")
        assert rows(app) == before
    assert writing(seen) == []


def test_before_the_first_start_the_code_can_be_tried_few_times(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "is_due", lambda: True)
    csrf = token(browser.client)
    cookie = browser.client.get_cookie("portal")
    counted: list[int] = []
    for _round in range(2):
        for number in range(POSTS):
            sent = {**forged(number), "csrf_token": csrf}
            assert post(browser.client, "/setup", cookie, sent) in (422, 429)
        counted.append(sum(rows(app).values()))
    assert counted[0] == counted[1]


def test_signing_out_twice_is_signing_out(app: Flask, browser: Browser) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/")
    cookie = browser.client.get_cookie("portal")
    assert cookie
    for _time in range(2):
        browser.client.set_cookie("portal", cookie.value)
        assert browser.submit(page, button="Sign Out").leads_to == "/sign-in"
    assert rows(app)["operation"] == 0
