"""One's own open sessions: seen on `Change Password`, ended one by one or all others at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import throttle
from portal.people import browsers
from portal.people.models import UserSession
from tests.client import Browser, Element, Page
from tests.people.steps import change, reading, sign_in, trail
from tests.personas import Personas

START = datetime(2021, 3, 1, 17, tzinfo=UTC)
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/88.0.4324.150 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 14_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/14.0.3 Mobile/15E148 Safari/604.1"
)
Another = Callable[[], Browser]


def signed_in(browser: Browser, username: str, agent: str, address: str) -> Browser:
    browser.client.environ_base["HTTP_USER_AGENT"] = agent
    assert sign_in(browser, username, address=address).status == 303
    return browser


def sessions_on(page: Page) -> list[Element]:
    return page.root.one(id="sessions").one("tbody").all("tr")


def alive(browser: Browser) -> bool:
    return browser.get("/session").status == 200


@pytest.fixture
def two(browser: Browser, another: Another) -> tuple[Browser, Browser]:
    """Manager A at a desk and, an hour earlier, on a telephone; another user besides."""
    signed_in(another(), "manager.b", WINDOWS, "192.0.2.1")
    phone = signed_in(another(), "manager.a", IPHONE, "2001:db8:17:4::99")
    return signed_in(browser, "manager.a", WINDOWS, "203.0.113.77"), phone


def ids(app: Flask, user_id: int) -> list[int]:
    with reading(app) as session:
        mine = select(UserSession.id).where(UserSession.user_id == user_id)
        return list(session.scalars(mine.order_by(UserSession.id)))


def test_the_page_tells_each_session_of_ones_own(browser: Browser, another: Another) -> None:
    with time_machine.travel(START, tick=False) as clock:
        signed_in(another(), "manager.b", WINDOWS, "192.0.2.1")
        signed_in(another(), "manager.a", IPHONE, "2001:db8:17:4::99")
        clock.shift(timedelta(minutes=10))
        signed_in(browser, "manager.a", WINDOWS, "203.0.113.77")
        clock.shift(timedelta(minutes=2))
        account = browser.get("/account")
        here, phone = sessions_on(
            browser.get(account.root.with_text("a", "Open sessions").attributes["href"])
        )
        for words in ("Chrome on Windows", "This browser", "203.0.113.x", "03/01/2021 12:10 PM"):
            assert words in here.text
        assert "12:12 PM" in here.text
        for words in ("Safari on iPhone", "2001:db8:17::", "03/01/2021 12:00 PM EST"):
            assert words in phone.text
        assert "This browser" not in phone.text
        clock.shift(timedelta(minutes=4))
        (left,) = sessions_on(browser.get("/password"))
        assert "This browser" in left.text, "the other one timed out"


def test_no_whole_address_and_no_name_of_a_browser_is_stored(
    app: Flask, two: tuple[Browser, Browser], personas: Personas
) -> None:
    with reading(app) as session:
        rows = session.scalars(select(UserSession).order_by(UserSession.id)).all()
        assert [(row.address, row.browser, row.system) for row in rows] == [
            ("192.0.2.x", "Chrome", "Windows"),
            ("2001:db8:17::", "Safari", "iPhone"),
            ("203.0.113.x", "Chrome", "Windows"),
        ]


def test_one_of_them_is_ended_at_once(app: Flask, two: tuple[Browser, Browser]) -> None:
    here, phone = two
    page = here.get("/password")
    button = sessions_on(page)[1].one("form")
    answer = here.submit(page, action=button.attributes["action"], follow=True)
    assert "The session was ended." in answer.root.text
    assert len(sessions_on(answer)) == 1
    assert not answer.root.one(id="sessions").all("button", class_="danger")
    assert (alive(here), alive(phone)) == (True, False)
    again = here.submit(page, action=button.attributes["action"], follow=True)
    assert again.status == 200
    (entry,) = trail(app, "user.session_ended")
    assert (entry.actor_id, entry.subject_id, entry.summary) == (
        entry.subject_id,
        entry.actor_id,
        "",
    )


def test_all_others_are_ended_at_once(
    app: Flask, two: tuple[Browser, Browser], another: Another
) -> None:
    here, phone = two
    third = another().sign_in("manager_a")
    stranger = another().sign_in("manager_b")
    answer = here.submit(here.get("/password"), button="End All Other Sessions", follow=True)
    assert "All other sessions were ended." in answer.root.text
    assert [alive(one) for one in (here, phone, third, stranger)] == [True, False, False, True]
    assert len(trail(app, "user.other_sessions_ended")) == 1


def test_ending_the_present_one_is_signing_out(two: tuple[Browser, Browser]) -> None:
    here, phone = two
    page = here.get("/password")
    own = sessions_on(page)[0].one("form").attributes["action"]
    answer = here.submit(page, action=own, follow=True)
    assert "You are signed out." in answer.root.text
    assert (alive(here), alive(phone)) == (False, True)


def test_another_users_session_is_not_found_and_goes_on(
    two: tuple[Browser, Browser], another: Another, personas: Personas
) -> None:
    here, _phone = two
    victim = another().sign_in("manager_b")
    number = ids(here.app, personas.users["manager_b"])[-1]
    form = here.get("/password")
    data = {"csrf_token": form.root.all("input", name="csrf_token")[0].attributes["value"]}
    for wrong in (number, 4_711):
        assert here.post(f"/sessions/{wrong}/end", data).status == 404
    assert alive(victim)
    assert trail(here.app, "user.session_ended") == []


def test_who_must_choose_a_password_first_sees_no_sessions(
    browser: Browser, personas: Personas
) -> None:
    browser.sign_in("manager_a")
    change(browser.app, personas.users["manager_a"], must_change_password=True)
    page = browser.get("/password")
    assert page.status == 200
    assert not page.root.all(id="sessions")


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (WINDOWS, ("Chrome", "Windows")),
        (WINDOWS + " Edg/88.0.705.68", ("Edge", "Windows")),
        (IPHONE, ("Safari", "iPhone")),
        (IPHONE.replace("Version/14.0.3", "CriOS/88.0"), ("Chrome", "iPhone")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:85.0) Firefox/85.0", ("Firefox", "Mac")),
        ("Mozilla/5.0 (Linux; Android 11) Chrome/88.0 Mobile Safari/537.36", ("Chrome", "Android")),
        ("Mozilla/5.0 (X11; CrOS x86_64) Chrome/88.0 Safari/537.36", ("Chrome", "ChromeOS")),
        ("curl/7.74.0 <script>", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_browser_in_words(agent: str, words: tuple[str, str]) -> None:
    assert browsers.in_words(agent) == words


@pytest.mark.parametrize(
    ("address", "short"),
    [
        ("203.0.113.77", "203.0.113.x"),
        ("::ffff:203.0.113.77", "203.0.113.x"),
        ("2001:db8:17:4:5:6:7:8", "2001:db8:17::"),
        ("::1", "::"),
        ("fe80::1%eth0", "fe80::"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_an_address_is_shortened(address: str, short: str) -> None:
    assert throttle.shortened(address) == short
