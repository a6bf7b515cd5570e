"""What leaves a trace, what the trace says, and what it costs the database."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import throttle
from portal.db import unit_of_work
from portal.errors import Busy
from portal.networks import bucket
from portal.refusals import services
from portal.refusals.models import Refusal
from portal.refusals.rules import RefusalKind
from portal.refusals.tally import Refused, Times
from portal.web import refusals
from portal.web.refusals import VISITOR, write_now
from tests.client import Browser
from tests.people.steps import NEW, reading, sign_in, writing
from tests.personas import Personas
from tests.statements import watched

HOUR = datetime(2021, 3, 1, 12, tzinfo=UTC)
TYPED = "Qzx7Vbw9Kjp"


def rows(app: Flask) -> list[Refusal]:
    """What was written, as it is stored."""
    write_now(app)
    with reading(app) as session:
        found = list(session.scalars(select(Refusal).order_by(Refusal.id)))
        session.expunge_all()
        return found


def refused_sign_in(browser: Browser) -> None:
    sign_in(browser, f"manager.{TYPED}", TYPED)


def forged_form(browser: Browser) -> None:
    data = {"csrf_token": TYPED, "username": TYPED, "password": TYPED}
    assert browser.post("/sign-in", data).status == 400


def dead_reset_link(browser: Browser) -> None:
    assert browser.get(f"/password/reset/{TYPED}").status == 404


def dead_welcome_link(browser: Browser) -> None:
    assert browser.get(f"/register/{TYPED}").status == 404


def too_many_mails(browser: Browser) -> None:
    limits = ((50, timedelta(minutes=5)),)
    with writing(browser.app):
        for _time in range(50):
            throttle.take("asking", bucket("127.0.0.1"), limits)
    page = browser.get("/password/forgot")
    answer = browser.submit(page, {"identity": TYPED}, action="/password/forgot")
    assert answer.status == 429


@pytest.mark.parametrize(
    ("act", "kind", "endpoint"),
    [
        (refused_sign_in, RefusalKind.WRONG_PASSWORD, "people.sign_in"),
        (forged_form, RefusalKind.FORM_TOKEN, "people.sign_in"),
        (dead_reset_link, RefusalKind.DEAD_LINK, "links.reset_password"),
        (dead_welcome_link, RefusalKind.DEAD_LINK, "links.complete_registration"),
        (too_many_mails, RefusalKind.TOO_MANY, "links.forgot_password"),
    ],
)
def test_what_a_visitor_is_refused_is_noted_without_what_was_typed(
    browser: Browser, act: Callable[[Browser], None], kind: RefusalKind, endpoint: str
) -> None:
    with time_machine.travel(HOUR + timedelta(minutes=20), tick=False):
        act(browser)
    (row,) = rows(browser.app)
    assert (row.kind, row.endpoint, row.times) == (kind, endpoint, 1)
    assert (row.user_id, row.who, row.place, row.location_id) == (0, VISITOR, "", 0)
    assert (row.hour, row.last_at) == (HOUR, HOUR + timedelta(minutes=20))
    stored = repr(vars(row)).casefold()
    assert TYPED.casefold() not in stored
    assert "127.0.0" not in stored
    assert len(row.address) == 8


def test_a_wrong_current_password_is_noted_for_its_user(
    browser: Browser, personas: Personas
) -> None:
    browser.sign_in("manager_a")
    values = {"current_password": TYPED, "new_password": NEW}
    page = browser.get("/password")
    assert browser.submit(page, values, button="Save").status == 422
    (row,) = rows(browser.app)
    assert (row.kind, row.endpoint) == (RefusalKind.WRONG_PASSWORD, "people.change_password")
    assert (row.user_id, row.who) == (personas.users["manager_a"], "manager.a")
    assert (row.location_id, row.place) == (personas.locations["A"], "Clinic A")


@pytest.mark.both_databases
def test_what_was_let_through_mistyped_or_asked_again_leaves_no_trace(browser: Browser) -> None:
    sign_in(browser, "manager.a")
    for url in ("/", "/password", "/accounts", "/no/such/page"):
        browser.get(url)
    browser.submit(browser.get("/password"), {}, button="Save")
    browser.submit(browser.get("/"), button="Sign Out")
    assert browser.get("/accounts").status == 303
    assert rows(browser.app) == []


def test_codes_of_addresses_differ_and_stay(app: Flask, browser: Browser) -> None:
    for address in ("203.0.113.7", "203.0.113.8", "203.0.113.7", "2001:db8::1", "2001:db8::2"):
        browser.client.environ_base["REMOTE_ADDR"] = address
        dead_reset_link(browser)
    assert sorted(row.times for row in rows(app)) == [1, 2, 2]


def test_a_flood_costs_one_transaction_and_adds_to_the_hours_row(
    app: Flask, browser: Browser
) -> None:
    with time_machine.travel(HOUR, tick=False) as clock:
        with watched(app) as asked:
            for _time in range(60):
                dead_reset_link(browser)
            assert [one for one in asked if one.startswith(("INSERT", "UPDATE", "DELETE"))] == []
            del asked[:]
            write_now(app)
            assert len([one for one in asked if one.startswith("INSERT INTO refusal")]) == 1
        clock.shift(timedelta(minutes=1))
        dead_reset_link(browser)
        assert [(row.times, row.last_at) for row in rows(app)] == [
            (61, HOUR + timedelta(minutes=1))
        ]
        clock.shift(timedelta(hours=1))
        dead_reset_link(browser)
        assert [row.times for row in rows(app)] == [61, 1]


def test_many_refusals_start_one_timer_which_writes_them(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Callable[[], None]] = []

    class Later(threading.Thread):
        def __init__(self, seconds: float, function: Callable[[], None]) -> None:
            assert seconds == refusals.EVERY_SECONDS
            super().__init__()
            started.append(function)

        def start(self) -> None:
            pass

    monkeypatch.setattr(threading, "Timer", Later)
    app.testing = False
    for turn in (1, 2):
        for _time in range(5):
            dead_reset_link(browser)
        assert len(started) == turn
        started[-1]()
    with reading(app) as session:
        assert session.scalars(select(Refusal.times)).all() == [10]


def test_what_the_database_cannot_take_is_written_later(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead_reset_link(browser)

    def busy(_counted: object) -> None:
        raise Busy("busy")

    with monkeypatch.context() as broken:
        broken.setattr(services, "keep", busy)
        write_now(app)
    dead_reset_link(browser)
    assert [row.times for row in rows(app)] == [2]


@pytest.mark.both_databases
def test_old_ones_are_forgotten_and_of_too_many_those_of_visitors_first(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one(day: int, user_id: int, hour: int = 0) -> Refused:
        moment = HOUR - timedelta(days=day, hours=hour)
        who = f"user {user_id}" if user_id else VISITOR
        return Refused(
            hour=moment,
            user_id=user_id,
            who=who,
            address="0a1b2c3d",
            kind=RefusalKind.NOT_FOUND,
            endpoint="x.y",
            location_id=0,
            place="",
        )

    wanted = [one(91, 5), one(80, 5), one(79, 0), one(2, 0), one(1, 0, 2), one(0, 6)]
    with time_machine.travel(HOUR, tick=False), app.app_context():
        with unit_of_work():
            services.keep({each: Times(number=1, last_at=each.hour) for each in wanted})
        services.forget_old()
        monkeypatch.setattr(services, "MOST_ROWS", 3)
        kept = [(row.hour, row.user_id) for row in rows(app)]
        assert kept == [(each.hour, each.user_id) for each in wanted[1:]]
        services.forget_old()
        kept = [(row.hour, row.user_id) for row in rows(app)]
    assert kept == [(wanted[at].hour, wanted[at].user_id) for at in (1, 4, 5)]
