"""Signed-in browsers: how long they last, and what ends them at once (SPEC A1, A3)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, select, update

from portal.people import sessions
from portal.people.models import User, UserLocation, UserSession
from tests.client import Browser
from tests.people.steps import carry, change, cookie_token, reading, sign_in, writing
from tests.personas import Personas

START = datetime(2021, 3, 1, 12, tzinfo=UTC)
LAST_SECOND = timedelta(minutes=14, seconds=59)


def alive(browser: Browser) -> bool:
    """Whether the browser is signed in; asking does not keep it so."""
    return browser.get("/session").status == 200


def test_it_idles_out_after_fifteen_minutes(browser: Browser) -> None:
    with time_machine.travel(START, tick=False) as clock:
        browser.sign_in("manager_a")
        clock.shift(LAST_SECOND)
        assert browser.get("/switch-location").status == 200
        clock.shift(timedelta(minutes=15, seconds=1))
        answer = browser.get("/switch-location")
        assert (answer.status, answer.leads_to) == (303, "/sign-in?next=/switch-location")


def test_each_request_begins_the_fifteen_minutes_anew(browser: Browser) -> None:
    with time_machine.travel(START, tick=False) as clock:
        browser.sign_in("manager_a")
        for _time in range(4):
            clock.shift(LAST_SECOND)
            assert browser.get("/switch-location").status == 200


def test_asking_how_long_it_lasts_does_not_extend_it(browser: Browser) -> None:
    with time_machine.travel(START, tick=False) as clock:
        browser.sign_in("manager_a")
        for minute in range(1, 15):
            clock.shift(timedelta(minutes=1))
            answer = browser.get("/session")
            assert answer.response.json == {"seconds": 900 - 60 * minute}
        clock.shift(timedelta(minutes=1, seconds=1))
        assert not alive(browser)


def test_staying_signed_in_counts_as_activity(browser: Browser) -> None:
    with time_machine.travel(START, tick=False) as clock:
        browser.sign_in("manager_a")
        clock.shift(LAST_SECOND)
        assert browser.get("/session/stay").status == 200
        clock.shift(LAST_SECOND)
        assert browser.get("/session").response.json == {"seconds": 1}


def test_it_ends_after_twelve_hours_however_busy(browser: Browser) -> None:
    with time_machine.travel(START, tick=False) as clock:
        browser.sign_in("manager_a")
        for _time in range(71):
            clock.shift(timedelta(minutes=10))
            assert browser.get("/session/stay").status == 200
        clock.shift(timedelta(minutes=9, seconds=59))
        assert alive(browser)
        clock.shift(timedelta(seconds=1))
        assert not alive(browser)


def test_the_page_says_after_how_long_to_warn(browser: Browser) -> None:
    body = browser.sign_in("manager_a").get("/switch-location").root.one("body")
    assert body.attributes["data-idle"] == "900"
    assert body.attributes["data-idle-stay"] == "Stay signed in"
    browser.submit(browser.get("/switch-location"), button="Sign Out")
    assert "data-idle" not in browser.get("/sign-in").root.one("body").attributes


def test_a_form_of_an_idle_session_changes_nothing(browser: Browser, personas: Personas) -> None:
    with time_machine.travel(START, tick=False) as clock:
        page = browser.sign_in("manager_ab").get("/switch-location")
        clock.shift(timedelta(minutes=15, seconds=1))
        answer = browser.submit(page, button="Clinic B")
        assert answer.leads_to.startswith("/sign-in")
    with reading(browser.app) as session:
        user = session.get_one(User, personas.users["manager_ab"])
        assert user.current_location_id == personas.locations["A"]


def deactivated(app: Flask, user_id: int) -> None:
    change(app, user_id, active=False)


def without_location(app: Flask, user_id: int) -> None:
    with writing(app) as session:
        session.execute(delete(UserLocation).where(UserLocation.user_id == user_id))


def signed_out_by_the_portal(app: Flask, user_id: int) -> None:
    with writing(app):
        sessions.end_all(user_id)


@pytest.mark.parametrize("blow", [deactivated, without_location, signed_out_by_the_portal])
def test_it_ends_at_the_very_next_request(
    browser: Browser, personas: Personas, blow: Callable[[Flask, int], None]
) -> None:
    browser.sign_in("provider_a")
    assert alive(browser)
    blow(browser.app, personas.users["provider_a"])
    for url in ("/session", "/switch-location", "/password", "/"):
        assert browser.get(url).leads_to.startswith("/sign-in"), url
        assert browser.get(url, region="flash").leads_to.startswith("/sign-in"), url


def test_a_lower_profile_counts_at_the_very_next_request(
    browser: Browser, personas: Personas
) -> None:
    browser.sign_in("manager_a")
    assert browser.get("/accounts").status == 200
    change(browser.app, personas.users["manager_a"], profile="provider")
    assert browser.get("/accounts").status == 403


def test_a_removed_location_is_no_longer_the_present_one(
    browser: Browser, personas: Personas
) -> None:
    browser.sign_in("manager_ab")
    with writing(browser.app) as session:
        session.execute(
            delete(UserLocation).where(
                UserLocation.user_id == personas.users["manager_ab"],
                UserLocation.location_id == personas.locations["A"],
            )
        )
    page = browser.get("/switch-location")
    assert "Clinic B" in page.root.one("main").text
    assert "Clinic A" not in page.root.one("main").text


@pytest.mark.parametrize("token", ["", "1", "x" * 43, "' OR 1=1 --", "é" * 20, "\u0000"])
def test_a_made_up_token_opens_nothing(browser: Browser, token: str) -> None:
    carry(browser, token)
    assert browser.get("/session").leads_to.startswith("/sign-in")


def test_a_cookie_that_was_tampered_with_opens_nothing(
    browser: Browser, another: Callable[[], Browser]
) -> None:
    sign_in(browser, "manager.a")
    value = browser.client.get_cookie("portal")
    assert value is not None
    thief = another()
    for at in range(0, len(value.value), 7):
        bent = value.value[:at] + ("A" if value.value[at] != "A" else "B") + value.value[at + 1 :]
        thief.client.set_cookie("portal", bent)
        assert thief.get("/session").leads_to.startswith("/sign-in"), at


def test_the_cookie_says_nothing_and_is_kept_from_scripts(browser: Browser) -> None:
    answer = sign_in(browser, "manager.a")
    (header,) = answer.headers.get_all("Set-Cookie")
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert len(header) <= 4_096
    assert "manager" not in header


def test_tokens_are_long_and_never_alike(app: Flask, personas: Personas) -> None:
    with writing(app):
        tokens = [sessions.start(personas.users["manager_a"]) for _each in range(300)]
    assert len(set(tokens)) == 300
    assert {len(token) for token in tokens} == {43}
    assert len({token[:3] for token in tokens}) > 250


def test_old_sessions_are_forgotten(browser: Browser, personas: Personas) -> None:
    from portal.signing_in.forgetting import forget_old

    browser.sign_in("manager_a")
    token = cookie_token(browser)
    with writing(browser.app) as session:
        session.execute(update(UserSession).values(last_seen_at=START))
    browser.sign_in("manager_b")
    with browser.app.app_context():
        forget_old()
    with reading(browser.app) as session:
        left = session.scalars(select(UserSession.token_hash)).all()
    assert len(left) == 1
    assert sessions.hashed(token) not in left
