"""A clock that ran ahead and was put right leaves nobody signed in for ever, and nobody out."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import update

from portal import throttle
from portal.people.models import UserSession
from tests.accounts.steps import JANE
from tests.client import Browser
from tests.people.steps import sign_in, writing
from tests.personas import Personas

RIGHT = datetime(2021, 3, 1, 12, tzinfo=UTC)
AHEAD = RIGHT + timedelta(days=200)
WRONG = "not the right password"


def alive(browser: Browser) -> bool:
    return browser.get("/session").status == 200


def note(app: Flask, **moments: datetime) -> None:
    with writing(app) as session:
        session.execute(update(UserSession).values(**moments))


def test_a_session_that_was_used_in_the_future_has_timed_out(browser: Browser) -> None:
    with time_machine.travel(RIGHT, tick=False) as clock:
        page = browser.sign_in("manager_a").get("/accounts/add")
        clock.shift(timedelta(minutes=14))
        assert browser.get("/session/stay").status == 200
        clock.move_to(RIGHT)
        answer = browser.submit(page, JANE, button="Save")
        assert answer.leads_to.startswith("/sign-in")
        assert "What you entered was kept" in browser.get(answer.leads_to).root.text
        assert not alive(browser)


@pytest.mark.parametrize("name", ["last_seen_at", "started_at"])
def test_machines_may_differ_by_a_minute_but_not_by_more(browser: Browser, name: str) -> None:
    with time_machine.travel(RIGHT, tick=False):
        browser.sign_in("manager_a")
        note(browser.app, **{name: RIGHT + timedelta(seconds=60)})
        assert alive(browser)
        note(browser.app, **{name: RIGHT + timedelta(seconds=61)})
        assert not alive(browser)


def test_failures_of_the_future_keep_nobody_out(browser: Browser) -> None:
    with time_machine.travel(AHEAD, tick=False) as clock:
        for _attempt in range(10):
            assert sign_in(browser, "manager.a", WRONG).status == 422
        assert sign_in(browser, "manager.a").status == 429
        clock.move_to(RIGHT)
        for _attempt in range(10):
            assert sign_in(browser, "manager.a", WRONG).status == 422
        answer = sign_in(browser, "manager.a")
        assert answer.status == 429, "those of now count"
        assert int(answer.headers["Retry-After"]) <= 301


def test_strangers_of_the_future_are_forgotten(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "STRANGERS_FREELY", 3)
    with time_machine.travel(AHEAD, tick=False) as clock:
        for number in range(3):
            with writing(app):
                throttle.admit("manager.a", f"10.0.{number}.1")
        with writing(app):
            assert throttle.admit("manager.a", "10.0.0.1").retry_after > 0
        clock.move_to(RIGHT)
        with writing(app):
            assert throttle.admit("manager.a", "10.0.0.1").retry_after == 0


def test_attempts_counted_by_a_machine_a_little_ahead_count(app: Flask, personas: Personas) -> None:
    with time_machine.travel(RIGHT + timedelta(seconds=60), tick=False) as clock:
        with writing(app):
            assert throttle.take("mail", "x@example.org", ((1, timedelta(minutes=5)),)) == 0
        clock.move_to(RIGHT)
        with writing(app):
            assert throttle.take("mail", "x@example.org", ((1, timedelta(minutes=5)),)) > 0


def test_what_is_taken_back_is_the_last_that_was_counted(app: Flask, personas: Personas) -> None:
    once = ((1, timedelta(minutes=5)),)
    with time_machine.travel(AHEAD, tick=False) as clock:
        with writing(app):
            throttle.take("adding", "1", once)
        clock.move_to(RIGHT)
        for _time in range(2):
            with writing(app):
                assert throttle.take("adding", "1", once) == 0
                throttle.take_back("adding", "1")
