"""A link shows one record, to whoever holds it, until it is over; then it says so."""

import base64
import logging
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from portal.messages.models import Message
from portal.messages.services import queue
from portal.submissions import Operation
from portal.visits import links
from tests.client import Browser, Page
from tests.personas import Personas
from tests.statements import watched
from tests.visitors.conftest import SOON, Kites, Visiting


def entries(app: Flask) -> list[tuple[str, str, int | None, str, str]]:
    """Action, subject, way and user of what the trail says."""
    with app.app_context(), unit_of_work(write=False) as session:
        return [
            (one.action, one.subject, one.subject_id, one.through, one.actor_username)
            for one in session.scalars(select(AuditEntry).order_by(AuditEntry.number))
        ]


def test_opening_a_link_shows_its_record_and_writes_nothing_but_the_note(
    app: Flask, browser: Browser, flying: Kites
) -> None:
    before = entries(app)
    with watched(app) as seen:
        page = browser.get(flying.link("A"))
    assert page.status == 200
    assert "Color of A" in page.root.text
    assert "Color of B" not in page.root.text
    assert "America/New_York" in page.root.text
    assert entries(app)[len(before) :] == [("kite.viewed", "kite", flying.ids["A"], "link", "")]
    written = [text.split()[:3] for text in seen if text.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert written == [["INSERT", "INTO", "audit_entry"], ["UPDATE", "audit_head", "SET"]]


def test_a_button_acts_through_the_link_and_leads_on(
    app: Flask, browser: Browser, flying: Kites
) -> None:
    link = flying.link("A")
    done = browser.submit(browser.get(link), {"color": "Green"}, button="Paint")
    assert done.status == 303
    assert flying.color("A") == "Green"
    assert ("kite.painted", "kite", flying.ids["A"], "link", "") in entries(app)
    assert "Green" in browser.get(done.leads_to).root.text
    old = browser.get(link)
    assert old.status == 410
    assert "newest message" in old.root.text


def test_a_form_that_arrives_twice_acts_once(app: Flask, browser: Browser, flying: Kites) -> None:
    page = browser.get(flying.link("A"))
    first = browser.submit(page, {"color": "Green"}, button="Paint")
    again = browser.submit(page, {"color": "Green"}, button="Paint")
    assert (first.status, again.status) == (303, 303)
    page = browser.get(again.leads_to)
    assert "Green" in page.root.text
    assert "It was not saved twice" in page.root.text
    with app.app_context(), unit_of_work(write=False) as session:
        assert "/k/" not in str(session.scalars(select(Operation.location)).all())
    assert [entry[0] for entry in entries(app)].count("kite.painted") == 1


def changed(token: str, at: int) -> str:
    """The token with one bit of one byte turned."""
    data = bytearray(base64.urlsafe_b64decode(token))
    data[at] ^= 1
    return base64.urlsafe_b64encode(bytes(data)).decode()


def test_no_byte_of_a_link_can_be_changed(browser: Browser, flying: Kites) -> None:
    token = flying.link("A").removeprefix("/k/")
    for at in range(len(base64.urlsafe_b64decode(token))):
        assert browser.get(f"/k/{changed(token, at)}").status == 404, at
    for bad in ("x", token[:-1], token + "A", token.swapcase(), "=" * 44, "%00" * 44):
        assert browser.get(f"/k/{bad}").status == 404


def test_a_link_of_another_kind_opens_nothing(
    app: Flask, browser: Browser, flying: Kites, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        token = links.token_of("proof", flying.ids["A"], 1, until=SOON)
    assert browser.get(f"/k/{token}").status == 404


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        ({"version": 2}, "newest message"),
        ({"version": 2, "said": "It flew away. Call us."}, "It flew away. Call us."),
        ({"sold": True}, "no longer here"),
        ({"sold": True, "said": "It is sold."}, "It is sold."),
    ],
)
def test_what_is_over_says_so_and_what_to_do(
    browser: Browser, flying: Kites, happened: dict[str, object], said: str
) -> None:
    link = flying.link("A")
    flying.change("A", **happened)
    page = browser.get(link)
    assert page.status == 410
    assert page.root.one("h1").text == "This link no longer works"
    assert said in page.root.text
    assert page.root.with_text("a", "Find your kite").attributes["href"] == "/find/kite"
    assert "Color of A" not in page.root.text


def test_a_link_ends_on_its_day(browser: Browser, flying: Kites) -> None:
    moment = clock.now()
    assert browser.get(flying.link(until=moment + timedelta(minutes=2))).status == 200
    page = browser.get(flying.link(until=moment - timedelta(minutes=2)))
    assert page.status == 410
    assert "limited time" in page.root.text


def test_a_link_that_is_over_acts_no_more(browser: Browser, flying: Kites) -> None:
    page = browser.get(flying.link("A"))
    flying.change("A", version=2)
    refused = browser.submit(page, {"color": "Green"}, button="Paint")
    assert refused.status == 410
    assert flying.color("A") == "Color of A"


def test_staff_see_what_any_visitor_sees_and_act_through_the_link(
    app: Flask, browser: Browser, flying: Kites
) -> None:
    browser.sign_in("manager_b")
    page = browser.get(flying.link("A"))
    assert page.root.all("nav")[0].attributes["aria-label"] == "Language"
    assert "Sign Out" not in page.root.text
    browser.submit(page, {"color": "Green"}, button="Paint")
    assert entries(app)[-1] == ("kite.painted", "kite", flying.ids["A"], "link", "")


def test_a_visitor_is_nobody_elsewhere(browser: Browser, flying: Kites) -> None:
    browser.get(flying.link("A"))
    for path in ("/", "/vaccine-inventory/", "/operations/audit"):
        assert browser.get(path).leads_to.startswith("/sign-in")


def protected(page: Page) -> None:
    """The address of the page must not get about, nor its contents."""
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_no_address_with_a_token_gets_about(
    app: Flask, browser: Browser, flying: Kites, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    link = flying.link("A")
    token = link.removeprefix("/k/")
    page = browser.get(link)
    protected(page)
    protected(browser.submit(page, {"color": ""}, button="Paint"))
    protected(browser.submit(page, {"color": "Green"}, button="Paint"))
    protected(browser.get(link))
    protected(browser.get("/find/kite"))
    assert page.root.one("meta", name="robots").attributes["content"] == "noindex, nofollow"
    assert token not in caplog.text
    with app.app_context(), unit_of_work(write=False) as session:
        rows = session.scalars(select(AuditEntry)).all()
        assert all(token not in str(vars(row)) for row in rows)


def test_a_form_that_is_too_old_says_so_and_sends_nobody_to_the_sign_in(
    browser: Browser, flying: Kites
) -> None:
    link = flying.link("A")
    browser.get(link)
    page = browser.post(link, {"csrf_token": "old", "color": "Green"})
    assert page.status == 400
    assert "Nothing was saved" in page.root.text
    assert flying.color("A") == "Color of A"


def test_strangers_may_send_little(browser: Browser, flying: Kites) -> None:
    link = flying.link("A")
    browser.sign_in("manager_a")  # not even those who may send more elsewhere
    page = browser.get(link)
    refused = browser.submit(page, {"color": "x" * 17_000}, button="Paint")
    assert refused.status == 413


@pytest.mark.parametrize("path", ["link", "/find/kite"])
def test_closed_by_one_setting(
    visiting: Visiting, flying: Kites, personas: Personas, path: str
) -> None:
    closed = visiting(visitors=False)
    browser = Browser(closed, personas)
    path = flying.link("A") if path == "link" else path
    page = browser.get(path)
    assert page.status == 404
    assert "does not offer these pages" in page.root.text
    token = Browser(closed, personas).get("/sign-in").root.all("input", name="csrf_token")
    assert token
    sent = {"number": "KITEAA", "birth_date": "03/21/1970", "color": "Green"}
    assert browser.post(path, sent).status in {400, 404}
    assert flying.color("A") == "Color of A"


def test_a_message_carries_the_link_and_the_database_does_not(
    app: Flask, browser: Browser, flying: Kites
) -> None:
    from portal.messages.rendering import render

    with app.app_context():
        with unit_of_work():
            link = links.describe("kite", flying.ids["A"], 1, until=SOON)
            queue("kite_ready", "owner@example.org", context={}, secret={"link": link})
        with unit_of_work(write=False) as session:
            message = session.scalars(select(Message).where(Message.kind == "kite_ready")).one()
            written = render(message, zone="America/New_York", secrets=True).text
            hidden = render(message, zone="America/New_York", secrets=False).text
            stored = str({c.name: getattr(message, c.name) for c in Message.__table__.columns})
    address = next(word for word in written.split() if "/k/" in word)
    token = address.rpartition("/")[2]
    assert address.startswith("http://127.0.0.1:8000/k/")
    assert f"/k/{token}" == flying.link("A")
    assert token not in stored
    assert "/k/" not in hidden
    assert browser.get(f"/k/{token}").status == 200
