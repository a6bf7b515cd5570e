"""Back and Reload after a refused form, as a client sees it; a browser shows it in
`tests/browser/test_ways_out.py`."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, select

from portal import refused_pages
from portal.db import unit_of_work
from portal.errors import Busy
from portal.refused_pages import RefusedPage
from portal.visits import door
from portal.web import refused_pages as web_pages
from tests.client import Browser, Page, fields_of
from tests.personas import Personas
from tests.visitors.conftest import Kites
from tests.wizards.conftest import Shelve

NAVIGATION = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
pytestmark = pytest.mark.both_databases
MORNING = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def send(browser: Browser, typed: str = "", at: str = "/tins/swap", **headers: str) -> Page:
    """Send a form that is refused: no brand was chosen."""
    page = browser.get(at)
    inputs = page.root.one("form", action=at).all("input")
    hidden = {
        one.attributes["name"]: one.attributes["value"]
        for one in inputs
        if one.attributes.get("type") == "hidden"
    }
    field = "color" if at.startswith("/k/") else "why"
    return browser.post(at, hidden | {field: typed}, headers=NAVIGATION | headers)


def rows(app: Flask) -> list[RefusedPage]:
    with app.app_context(), unit_of_work(write=False) as session:
        found = list(session.scalars(select(RefusedPage).order_by(RefusedPage.id)))
        session.expunge_all()
        return found


@pytest.fixture
def refused(browser: Browser) -> str:
    """Where a browser is led whose form was refused."""
    answer = send(browser.sign_in("manager_ab"), "Quinces")
    assert answer.status == 303
    return answer.leads_to


def test_the_page_it_leads_to_is_the_refusal(browser: Browser, refused: str) -> None:
    """The same status and text, as often as it is asked for; nothing typed is in the address."""
    assert re.fullmatch(r"/tins/swap\?form=[A-Za-z0-9_-]{11}", refused)
    for _again in range(2):
        page = browser.get(refused)
        assert page.status == 422
        assert page.root.one("input", id="why").attributes["value"] == "Quinces"
        assert page.root.one("input", id="brand").attributes["aria-invalid"] == "true"
    with browser.client.session_transaction() as cookie:
        assert "Quinces" not in str(dict(cookie))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "", "Sec-Fetch-Mode": ""},
        {"Sec-Fetch-Mode": "cors"},
    ],
)
def test_who_does_not_navigate_gets_the_refusal_itself(
    app: Flask, browser: Browser, headers: dict[str, str]
) -> None:
    assert send(browser.sign_in("manager_ab"), "Quinces", **headers).status == 422
    assert rows(app) == []


def test_nobody_else_is_shown_it(app: Flask, browser: Browser, refused: str) -> None:
    personas = browser.personas
    other = Browser(app, personas).sign_in("manager_ab")
    for stranger in (other, Browser(app, personas).sign_in("provider_a")):
        assert "Quinces" not in stranger.get(refused).html
        send(stranger, "Pears")
        assert "Quinces" not in stranger.get(refused).html
    place = {"location_id": str(personas.locations["B"])}
    browser.submit(browser.get("/switch-location"), place, action="/switch-location")
    assert browser.get(refused).status == 200, "the page itself, at another location"
    with browser.client.session_transaction() as cookie:
        cookie.pop("_user_id")
    assert browser.get(refused).leads_to.startswith("/sign-in")


def test_it_is_forgotten_once_the_form_was_taken_and_after_an_hour(
    app: Flask, browser: Browser, shelve: Shelve
) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        browser.sign_in("manager_a")
        at = f"/tins/{shelve('Peas')}/dent"
        onward = send(browser, "", at).leads_to
        page = browser.get(onward)
        headers = NAVIGATION | {"Referer": f"http://localhost{onward}"}
        form = {
            one.attributes["name"]: one.attributes["value"]
            for one in page.root.one("form", action=at).all("input", type="hidden")
        }
        assert browser.post(at, form | {"why": "It fell"}, headers=headers).status == 303
        assert rows(app) == []
        assert browser.get(onward).status == 200
        onward = send(browser, "", at).leads_to
        clock.shift(refused_pages.KEPT.total_seconds() + 1)
        browser.sign_in("manager_a")
        assert browser.get(onward).status == 200
        with app.app_context():
            refused_pages.forget_old()
        assert rows(app) == []


def test_so_many_are_kept_and_no_more(
    app: Flask, browser: Browser, flying: Kites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused_pages, "MOST", 2)
    monkeypatch.setattr(refused_pages, "MOST_OF_STRANGERS", 3)
    browser.sign_in("manager_a")
    for number in range(4):
        send(browser, f"Quinces {number}")
    assert [one.id for one in rows(app)] == [3, 4]
    for _each in range(5):
        send(Browser(app, browser.personas), "", flying.link())
    assert sum(one.holder == "" for one in rows(app)) == 3
    assert [one.id for one in rows(app)][:2] == [3, 4], "strangers push out no user's"


def test_no_visitors_link_is_written_down(
    app: Flask, browser: Browser, personas: Personas, flying: Kites
) -> None:
    link = flying.link()
    answer = send(browser, "Quince\a", link)
    assert answer.status == 303
    page = browser.get(answer.leads_to)
    assert page.status == 422
    assert page.root.one("form", action=link)
    (row,) = rows(app)
    import zlib

    token = link.rpartition("/")[2].encode()
    assert token not in zlib.decompress(row.content)
    assert token.decode() not in f"{row.page} {row.holder} {row.browser}"


def test_an_old_address_never_shows_a_later_refusal(
    app: Flask, browser: Browser, refused: str
) -> None:
    with app.app_context(), unit_of_work() as session:
        session.execute(delete(RefusedPage))
    later = send(browser, "Pears").leads_to
    assert "Pears" in browser.get(later).html
    for address in (refused, "/tins/swap?form=%00", "/tins/swap?form=1"):
        page = browser.get(address)
        assert page.status == 200
        assert "Pears" not in page.html


def look_for(browser: Browser, number: str, **headers: str) -> Page:
    """Send the form that finds a kite by number and birth date, as a page without `Referer`."""
    page = browser.get("/find/kite")
    values = fields_of(page.form(action="/find/kite"))
    typed = {"number": number, "birth_date": "03/22/1970"}
    return browser.post("/find/kite", values | typed, headers=NAVIGATION | headers)


def test_after_a_public_form_was_taken_the_next_person_at_the_screen_sees_nothing(
    app: Flask, browser: Browser, flying: Kites, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it cannot be deleted at that moment, and whichever public form was taken."""
    for fails in (False, True):
        onward = look_for(browser, "KITEXX").leads_to
        assert "KITEXX" in browser.get(onward).html
        if fails:
            monkeypatch.setattr(refused_pages, "forget_stranger", raise_busy)
        link = flying.link(version=2 if fails else 1)
        assert send(browser, "Green", link).status == 303
        assert (rows(app) == []) is not fails
        page = browser.get(onward)
        assert page.status == 200
        assert "KITEXX" not in page.html


def raise_busy(*_args: object) -> None:
    raise Busy("busy")


def test_a_visitors_form_takes_nothing_from_who_is_signed_in_beside(
    browser: Browser, refused: str, flying: Kites
) -> None:
    onward = look_for(browser, "KITEXX").leads_to
    assert "Quinces" in browser.get(refused).html
    assert "KITEXX" in browser.get(onward).html
    assert send(browser, "Green", flying.link()).status == 303
    assert "Quinces" in browser.get(refused).html


def test_what_a_stranger_sent_is_shown_for_ten_minutes(
    app: Flask, browser: Browser, flying: Kites
) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        onward = look_for(browser, "KITEXX").leads_to
        clock.shift(timedelta(minutes=9))
        assert browser.get(onward).status == 422
        clock.shift(timedelta(minutes=2))
        assert browser.get(onward).status == 200
        with app.app_context():
            refused_pages.forget_old()
        assert rows(app) == []


def test_strangers_fill_the_portal_from_no_address(
    app: Flask, browser: Browser, flying: Kites, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond so many, however many browsers they pretend to be, they get the refusal itself."""
    monkeypatch.setattr(web_pages, "OF_STRANGERS", [(2, timedelta(hours=1))])
    answers = [look_for(Browser(app, browser.personas), "KITEXX").status for _each in range(4)]
    assert answers == [303, 303, 422, 422]
    assert len(rows(app)) == 2
    elsewhere = Browser(app, browser.personas)
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert look_for(elsewhere, "KITEXX").status == 303
    assert send(browser.sign_in("manager_ab"), "Quinces").status == 303, "no stranger"


def test_of_strangers_too_many_attempts_are_kept_nowhere(
    app: Flask, browser: Browser, flying: Kites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "LIMITS", replace(door.LIMITS, per_account_and_address=1))
    assert look_for(browser, "KITEXX").status == 303
    answer = look_for(browser, "KITEXX")
    assert answer.status == 429
    assert answer.headers["Retry-After"]
    assert [one.status for one in rows(app)] == [422]
