"""`Register`: who gets an account, what is mailed, and what a stranger learns."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from blueprints.helpdesk.models import Requester
from blueprints.helpdesk.registration import KNOWN, REGISTERED
from portal.access.profiles import Profile
from portal.accounts import services as accounts
from portal.accounts.new_users import NewUser
from portal.clock import now
from portal.db import unit_of_work
from portal.messages.models import Message
from portal.people.models import User
from portal.people.rules import Giver
from portal.signing_in import recovery
from tests.client import Browser, Page
from tests.personas import Personas
from tests.statements import watched

FORM = {"first_name": "Rita", "last_name": "Quist", "code": "NCA650002"}


def send(browser: Browser, email: str, **more: str) -> Page:
    """Register with that address."""
    page = browser.get("/help-desk/register")
    return browser.submit(page, {**FORM, "email": email, **more}, button="Register")


def letters(app: Flask) -> list[Message]:
    with app.app_context(), unit_of_work(write=False) as session:
        found = session.scalars(select(Message).order_by(Message.id)).all()
        session.expunge_all()
        return list(found)


def count(app: Flask) -> int:
    with app.app_context(), unit_of_work(write=False) as session:
        return session.scalar(select(func.count()).select_from(User)) or 0


@pytest.mark.parametrize(
    ("code", "letter"),
    [("NCA650001", "A"), ("nca 650002", "B"), ("650003", "C"), ("VAC2021", ""), ("vac2021", "")],
)
def test_a_code_gives_an_account_that_only_asks(
    app: Flask, personas: Personas, browser: Browser, code: str, letter: str
) -> None:
    page = send(browser, "Rita+1@Example.org", code=code)
    assert page.leads_to == "/help-desk/registered"
    (mail,) = letters(app)
    assert (mail.kind, mail.address) == (REGISTERED, "rita+1@example.org")
    with app.app_context(), unit_of_work(write=False) as session:
        user = session.scalars(select(User).where(User.email == "rita+1@example.org")).one()
        place = session.get_one(Requester, user.id).location_id
        assert (user.profile, user.must_change_password) == (Profile.REQUESTER, True)
        assert place == personas.locations.get(letter)


@pytest.mark.parametrize("code", ["NCA000001", "VAC2022", "650009", "nonsense", "NCB650001"])
def test_a_wrong_code_gives_none(app: Flask, browser: Browser, code: str) -> None:
    before = count(app)
    page = send(browser, "rita@example.org", code=code)
    assert page.status == 422
    assert "This registration code is not known." in page.root.text
    assert (count(app), letters(app)) == (before, [])


def test_the_temporary_password_is_good_once_and_for_a_day(app: Flask, browser: Browser) -> None:
    for number, (later, good) in enumerate(((23, True), (25, False))):
        email = f"rita{number}@example.org"
        send(browser, email)
        secret = letters(app)[-1].secret
        assert secret
        entered = {"username": email, "password": secret["password"]}
        with time_machine.travel(now() + timedelta(hours=later), tick=False):
            for _time, works in ((1, good), (2, False)):
                fresh = Browser(app, browser.personas)
                page = fresh.submit(fresh.get("/sign-in"), entered, button="Sign In")
                assert (page.status == 303) is works
                if works:
                    assert fresh.get("/my-cases").leads_to == "/password"


def test_a_known_address_gets_the_same_answer_and_no_account(app: Flask, browser: Browser) -> None:
    before = count(app)
    pages, asked = [], []
    for email in ("manager.a@example.org", "new@example.org"):
        with watched(app) as seen:
            page = send(browser, email)
        pages.append((page.status, page.leads_to))
        asked.append(len([text for text in seen if text.startswith(("INSERT", "UPDATE"))]))
    assert pages[0] == pages[1]
    assert abs(asked[0] - asked[1]) <= 1, asked
    assert [mail.kind for mail in letters(app)] == [KNOWN, REGISTERED]
    assert count(app) == before + 1


def test_who_never_signed_in_gets_another_password_and_few_mails(
    app: Flask, browser: Browser
) -> None:
    for _time in range(5):
        assert send(browser, "rita@example.org").leads_to == "/help-desk/registered"
    kinds = [(mail.kind, mail.state) for mail in letters(app)]
    assert kinds == [(REGISTERED, "cancelled")] * 2 + [(REGISTERED, "waiting")]


def test_who_registers_all_the_time_waits(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "ASKED_FROM_ONE_ADDRESS", ((2, timedelta(minutes=5)),))
    before = count(app)
    statuses = [send(browser, f"rita{number}@example.org").status for number in range(4)]
    assert statuses == [303, 303, 429, 429]
    assert count(app) == before + 2


def test_a_requester_who_is_onboarded_becomes_a_colleague(
    app: Flask, personas: Personas, browser: Browser
) -> None:
    send(browser, "rita@example.org")
    giver = Giver(profile=Profile.MANAGER, location_ids=frozenset({personas.locations["A"]}))
    new = NewUser(
        username="rquist",
        first_name="Rita",
        last_name="Quist",
        email="rita@example.org",
        profile=Profile.PROVIDER,
        location_ids=giver.location_ids,
    )
    with app.app_context():
        with unit_of_work():
            added = accounts.add_user(None, giver, new)
            assert not added.is_new
        with unit_of_work(write=False) as session:
            user = session.scalars(select(User).where(User.email == "rita@example.org")).one()
            assert (user.username, user.profile) == ("rquist", Profile.PROVIDER)
            assert user.current_location_id == personas.locations["A"]
