"""`Home` of somebody for whom nothing waits: why, and what the page is for."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from blueprints.helpdesk.models import CaseMail, CaseProposal
from blueprints.helpdesk.services import open_case
from portal.db import unit_of_work
from portal.drafts import Draft
from portal.module import Fill, Registry
from portal.people import sessions
from portal.people.models import User
from tests.access.making import make_samples
from tests.client import Browser, Page
from tests.inventory import stock
from tests.personas import Personas
from tests.scheduling.offering import offer
from tests.shipments.files import csv, row, take_in
from tests.statements import watched


def empty(page: Page) -> str:
    """The text of the empty state, the only thing on the page."""
    assert not page.root.all("section", class_="card")
    return page.root.one("div", class_="empty").text


@pytest.mark.parametrize(
    ("who", "profile"),
    [
        ("provider_a", "Healthcare Provider"),
        ("readonly_a", "Healthcare Provider Read-Only"),
    ],
)
def test_who_has_no_tasks_is_told_why_and_led_on(
    browser: Browser, who: str, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Registry.fills

    def without_patients(registry: Registry, slot: str) -> list[Fill]:
        at_the_chair = ("checkin.", "administration.", "vials.", "appointments.")
        return [f for f in known(registry, slot) if not f.capability.startswith(at_the_chair)]

    monkeypatch.setattr(Registry, "fills", without_patients)
    take_in(browser.app, csv(row()))
    page = browser.sign_in(who).get("/")
    text = empty(page)
    assert text.startswith("There are no tasks for you yet")
    assert f"You are signed in as {profile}." in text
    assert "Nothing in this portal waits for your profile." in text
    link = page.root.one("div", class_="empty").with_text("a", "Help & Information")
    assert browser.get(link.attributes["href"]).status == 200


def pile_up_cases(personas: Personas, number: int) -> None:
    """Unresolved cases, each with something proposed by an agent about a record of location A, and
    e-mails without a case."""
    who = stock.scope_for(personas, "manager_a")
    agent = personas.users["agent"]
    for turn in range(number):
        with unit_of_work() as session:
            case = open_case(who, topic="inventory", subject="Wrong lot", description="It is L9.")
            session.add(
                CaseProposal(
                    case_id=case.id,
                    remedy="inventory.correct_lot",
                    location_id=who.location_id,
                    answers={},
                    based_on="L1",
                    said="Lot L1 becomes L9",
                    reason="Label read wrong",
                    proposed_by_id=agent,
                )
            )
            digest = f"{turn}:{case.id}"
            session.add(CaseMail(digest=digest, outcome="unmatched", sender="x@example.org"))


def test_programme_staff_see_what_waits_at_the_help_desk(
    browser: Browser, personas: Personas
) -> None:
    home = browser.sign_in("agent").get("/")
    assert "All cases are resolved." in home.root.one("section", aria_labelledby="card-cases").text
    assert not home.root.all("section", aria_labelledby="card-review")
    with browser.app.app_context():
        pile_up_cases(personas, 2)

    home = browser.get("/")
    cases = home.root.one("section", aria_labelledby="card-cases")
    assert "2 cases are not resolved. 2 of them are new." in cases.text
    review = home.root.one("section", aria_labelledby="card-review")
    assert "2 e-mails belong to no case." in review.text
    assert "Proposal" not in review.text, "nobody decides on what they proposed"
    for link in (*cases.all("a"), *review.all("a")):
        assert browser.get(link.attributes["href"]).status == 200

    others = browser.sign_in("admin").get("/").root.one("section", aria_labelledby="card-review")
    assert len(others.all("a")) == 3
    for link in others.all("a"):
        assert browser.get(link.attributes["href"]).status == 200


def test_proposals_are_shown_to_managers_of_their_location_alone(
    browser: Browser, personas: Personas
) -> None:
    with browser.app.app_context():
        pile_up_cases(personas, 1)
    for who, shown in (("manager_a", 1), ("manager_b", 0), ("provider_a", 0), ("readonly_a", 0)):
        home = browser.sign_in(who).get("/")
        review = home.root.all("section", aria_labelledby="card-review")
        assert len(review) == shown, who
        assert not any("e-mail" in card.text for card in review)
        assert not home.root.all("section", aria_labelledby="card-cases")
        for card in review:
            (link,) = card.all("a")
            assert browser.get(link.attributes["href"]).status == 200


def test_files_that_did_not_go_in_whole_are_shown_to_whoever_sends_them(browser: Browser) -> None:
    take_in(browser.app, csv(row(doses="many"), row(id="SHP-2")))
    home = browser.sign_in("admin").get("/")
    card = home.root.one("section", aria_labelledby="card-shipment-files")
    assert "1 row was not imported." in card.text
    (link,) = card.all("a")
    assert browser.get(link.attributes["href"]).status == 200
    home = browser.sign_in("readonly_a").get("/")
    assert not home.root.all("section", aria_labelledby="card-shipment-files")


def test_the_number_of_statements_of_staff_does_not_depend_on_what_waits(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "TOUCH_EVERY", timedelta(hours=1))

    def count() -> int:
        fresh = Browser(app, personas).sign_in("admin")
        with watched(app) as statements:
            assert fresh.get("/").root.all("section", aria_labelledby="card-review")
        return len(statements)

    def pile_up(number: int) -> None:
        with app.app_context():
            pile_up_cases(personas, number)
        for turn in range(number):
            take_in(app, csv(row(doses="many"), row(id=f"SHP-{number}{turn}")))

    pile_up(1)
    few = count()
    pile_up(5)
    assert count() == few


def test_a_manager_sees_cards(browser: Browser) -> None:
    take_in(browser.app, csv(row()))
    page = browser.sign_in("manager_a").get("/")
    assert page.root.one("section", aria_labelledby="card-shipments")
    assert not page.root.all("div", class_="empty")


@pytest.mark.parametrize("who", ["provider_a", "readonly_a"])
def test_who_gives_doses_sees_who_is_here_today(browser: Browser, who: str) -> None:
    page = browser.sign_in(who).get("/")
    card = page.root.one("section", aria_labelledby="card-today")
    assert "Nobody is expected today, and nobody is here." in card.text
    assert bool(card.all("form", action="/checkin/recipient")) == (who == "provider_a")


def test_the_number_of_statements_of_a_fresh_session_does_not_depend_on_what_waits(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which request notes that the session was used depends on the clock.
    monkeypatch.setattr(sessions, "TOUCH_EVERY", timedelta(hours=1))

    def count() -> int:
        fresh = Browser(app, personas).sign_in("manager_a")
        with watched(app) as statements:
            page = fresh.get("/")
        assert page.root.all("section", class_="card")
        return len(statements)

    def pile_up(times: int, first: int) -> None:
        """As many unfinished forms of each kind, shipments, and lots that expire soon."""
        who = stock.scope_for(personas, "manager_a")
        for turn in range(first, first + times):
            stock.add(who, lot=f"SOON{turn}", expiration_date=stock.day(-5), doses=10 + turn)
            with unit_of_work() as session:
                for sample in session.scalars(select(Draft).where(Draft.id.in_(drafts))).all():
                    columns = {name: getattr(sample, name) for name in names}
                    session.add(Draft(**columns, data=sample.data))
        take_in(app, csv(*(row(id=f"SHP-{7000 + first + turn}") for turn in range(times))))

    names = ("user_id", "location_id", "kind", "name", "title", "step", "reason")
    make_samples(app, personas)
    with app.app_context():
        with unit_of_work(write=False) as session:
            mine = Draft.user_id == personas.users["manager_a"]
            drafts = list(session.scalars(select(Draft.id).where(mine).order_by(Draft.id)))
        assert drafts
        pile_up(1, 0)
    few = count()
    with app.app_context():
        pile_up(12, 1)
    assert count() == few
    assert few <= 30


def steps(page: Page) -> list[str]:
    """What `Home` says to do next."""
    found = page.root.all("section", aria_labelledby="next-steps")
    return [link.text.strip() for part in found for link in part.all("a")]


def test_a_fresh_home_says_the_next_steps_and_each_goes_when_it_is_done(
    browser: Browser, personas: Personas
) -> None:
    app = browser.app
    with app.app_context(), unit_of_work() as session:
        keeper = personas.users["manager_b"]
        colleagues = update(User).where(User.id != keeper, User.profile != "administrator")
        session.execute(colleagues.values(active=False))
    todo = ["Add a user", "Receive the first shipment", "Turn on appointment scheduling"]
    home = browser.sign_in("manager_b").get("/")
    assert steps(home) == todo
    for link in home.root.one("section", aria_labelledby="next-steps").all("a"):
        assert browser.get(link.attributes["href"]).status == 200

    with app.app_context():
        who = stock.scope_for(personas, "manager_b")
        stock.add(who, lot="FIRST")
        assert steps(browser.get("/")) == [todo[0], todo[2]]
        offer(who)
        assert steps(browser.get("/")) == [todo[0]]
        with unit_of_work() as session:
            session.execute(update(User).values(active=True))
    assert steps(browser.get("/")) == []


def test_the_administrator_of_a_fresh_portal_is_led_on(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = browser.sign_in("admin").get("/")
    assert steps(home) == ["Enter the first shipment", "Set up the mail server"]
    take_in(browser.app, csv(row()))
    assert steps(browser.get("/")) == ["Set up the mail server"]
    for who in ("provider_a", "readonly_a", "agent"):
        assert steps(browser.sign_in(who).get("/")) == []
