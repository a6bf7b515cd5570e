"""Pausing, coming back, discarding; drafts at other locations and of other people."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from portal import drafts
from portal.db import unit_of_work
from portal.drafts import MOVED, PAUSED, STARTED, Draft
from portal.people.models import UserLocation
from tests.client import Browser, Page
from tests.personas import PASSPHRASE, Personas
from tests.wizards.test_steps import TIN, to_details, to_review

PAUSED_AT = datetime(2026, 11, 20, 15, 42, tzinfo=UTC)


def card(browser: Browser) -> str:
    found = browser.get("/").root.all("section", **{"aria-labelledby": "drafts-title"})
    return found[0].text if found else ""


def pause(browser: Browser, page: Page, **values: str) -> Page:
    return browser.submit(page, values, button="Pause", follow=True)


def in_database(app: Flask, what: object) -> object:
    with app.app_context(), unit_of_work(write=False) as session:
        return session.scalar(what)  # type: ignore[call-overload]


@time_machine.travel(PAUSED_AT)
def test_pause_leads_home_which_offers_the_draft(browser: Browser, brands: dict[str, int]) -> None:
    home = pause(browser, to_details(browser), best_before="someday")
    assert home.root.one("h1").text == "Home"
    assert "Paused." in home.root.text
    assert "You paused New Tin on 11/20/2026 10:42 AM EST" in card(browser)
    page = browser.get(home.root.with_text("a", "Continue").attributes["href"])
    assert page.root.one("h1").text == "New Tin"
    shown = dict(
        zip(
            [term.text for term in page.root.all("dt")],
            [value.text for value in page.root.all("dd")],
            strict=True,
        )
    )
    assert shown == {
        "Brand": "Proud Peas",
        "Grams": "400",
        "Label": "Peas",
        "Best Before": "someday",
        "Shelf": "Lower",
        "Dented": "No",
    }
    page = browser.get(page.root.with_text("a", "Continue").attributes["href"])
    assert page.root.one("input", id="best_before").attributes["value"] == "someday"


def test_even_a_half_filled_first_step_can_be_paused(
    browser: Browser, brands: dict[str, int]
) -> None:
    browser.sign_in("manager_a")
    pause(browser, browser.get("/tins/add"), grams="nine", label="odd \x00 \U0001f600 text")
    page = browser.get("/tins/add/1/tin")
    assert page.root.one("input", id="grams").attributes["value"] == "nine"
    assert browser.get("/tins/add/1/details").leads_to == "/tins/add/1/tin?check=1"


def test_pause_works_with_htmx_too(browser: Browser, brands: dict[str, int]) -> None:
    page = browser.submit(to_details(browser), button="Pause", region="wizard")
    assert page.headers["HX-Redirect"] == "/"


@pytest.mark.both_databases
def test_a_draft_survives_signing_out_and_is_told_of_at_sign_in(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    pause(browser, to_review(browser))
    browser.submit(browser.get("/"), button="Sign Out")
    assert browser.get("/tins").leads_to == "/sign-in?next=/tins"
    page = browser.submit(
        browser.get("/sign-in?next=/tins"),
        {"username": "manager.a", "password": PASSPHRASE},
        button="Sign In",
        follow=True,
    )
    assert page.root.one("h1").text == "Tins"
    assert page.root.with_text("a", "New Tin").attributes["href"] == "/drafts/1"
    assert "You paused New Tin" in card(browser)


def test_a_draft_that_was_not_paused_is_offered_as_well(
    browser: Browser, brands: dict[str, int]
) -> None:
    to_details(browser)
    assert "You left New Tin unfinished on" in card(browser)
    first = browser.get("/tins/add")
    assert "You have an unfinished form of this kind" in first.root.text
    assert first.root.with_text("a", "Continue").attributes["href"] == "/drafts/1"


def test_discarding_forgets_what_was_entered_and_twice_changes_nothing(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    pause(browser, to_details(browser))
    home = browser.get("/")
    assert browser.submit(home, button="Discard").leads_to == "/"
    assert card(browser) == ""
    assert in_database(app, select(Draft.data)) == {}
    assert browser.submit(home, button="Discard").leads_to == "/"
    for address in ("/drafts/1", "/tins/add/1/details"):
        assert browser.get(address).status == 404


@pytest.mark.both_databases
def test_a_finished_draft_is_offered_no_more_and_holds_nothing(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    browser.submit(to_review(browser), button="Save")
    assert card(browser) == ""
    assert browser.get("/drafts").root.one("h2").text == "No unfinished forms"
    assert in_database(app, select(Draft.data)) == {"args": {}}
    assert browser.get("/drafts/1").leads_to == "/tins/1"
    sent = {"csrf_token": token_of(browser), "operation_id": "o" * 43}
    assert browser.post("/drafts/1/discard", sent).status == 404


def token_of(browser: Browser) -> str:
    page = browser.get("/tins/swap")
    return page.root.all("input", name="csrf_token")[0].attributes["value"]


def test_nobody_else_sees_a_draft(
    app: Flask, browser: Browser, personas: Personas, brands: dict[str, int]
) -> None:
    pause(browser, to_details(browser))
    other = Browser(app, personas).sign_in("provider_a")
    assert card(other) == ""
    assert other.get("/drafts/1").status == 404
    sent = {"csrf_token": token_of(other), "operation_id": "o" * 43}
    assert other.post("/drafts/1/discard", sent).status == 404
    assert "You paused New Tin" in card(browser)


def test_a_draft_of_another_location_offers_to_switch(
    browser: Browser, brands: dict[str, int]
) -> None:
    browser.sign_in("manager_ab")
    browser.submit(browser.get("/tins/add"), TIN, button="Pause")
    browser.submit(browser.get("/switch-location"), button="Clinic B")
    assert "(at Clinic A)" in card(browser)
    page = browser.get("/drafts/1")
    assert "Peas" not in page.root.text
    assert "Clinic A" in page.root.text
    link = page.root.one("main").with_text("a", "Switch Location").attributes["href"]
    assert browser.get("/tins/add/1/tin").status == 404
    page = browser.submit(browser.get(link), button="Clinic A", follow=True)
    assert page.root.with_text("a", "Continue").attributes["href"] == "/tins/add/1/tin"


@pytest.mark.both_databases
def test_who_lost_the_location_gets_nowhere(
    app: Flask, browser: Browser, personas: Personas, brands: dict[str, int]
) -> None:
    browser.sign_in("manager_ab")
    page = browser.submit(browser.get("/tins/add"), TIN, button="Next", follow=True)
    with app.app_context(), unit_of_work() as session:
        session.execute(
            update(UserLocation)
            .where(
                UserLocation.user_id == personas.users["manager_ab"],
                UserLocation.location_id == personas.locations["A"],
            )
            .values(location_id=personas.locations["C"])
        )
    assert browser.submit(page, button="Next").status == 409
    assert browser.get("/drafts/1").status == 404
    assert card(browser) == ""


@pytest.mark.both_databases
def test_drafts_end_after_thirty_days(
    app: Flask, browser: Browser, personas: Personas, brands: dict[str, int]
) -> None:
    with time_machine.travel(PAUSED_AT):
        pause(browser, to_details(browser))
    with time_machine.travel(PAUSED_AT + timedelta(days=29, hours=23)):
        browser.sign_in("manager_a")
        assert "You paused New Tin" in card(browser)
    with time_machine.travel(PAUSED_AT + timedelta(days=30, minutes=1)):
        browser.sign_in("manager_a")
        assert card(browser) == ""
        assert browser.get("/drafts/1").status == 404
        with app.app_context():
            drafts.forget_old()
    assert in_database(app, select(func.count(Draft.id))) == 0


@pytest.mark.both_databases
def test_a_draft_from_before_a_stricter_version_leads_to_what_is_missing(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    page = to_review(browser)
    with app.app_context(), unit_of_work() as session:
        draft = session.scalars(select(Draft)).one()
        entered = dict(draft.data["entered"])
        entered["tin"] = [pair for pair in entered["tin"] if pair[0] != "grams"]
        draft.data = {**draft.data, "entered": entered}
    page = browser.submit(page, button="Save")
    assert page.status == 422
    assert "This step needs another look" in page.root.text
    assert page.root.one("form", action="/tins/add/1/tin").one("input", id="grams")


def test_a_switched_off_module_leaves_its_drafts_to_be_discarded(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    pause(browser, to_details(browser))
    app.extensions["portal.wizards"].pop("tins.add")
    page = browser.get("/drafts/1")
    assert "cannot be continued" in page.root.text
    assert [each.text for each in page.root.one("main").all("button")] == ["Discard"]


@pytest.mark.both_databases
@pytest.mark.parametrize("count", [45])
def test_of_many_drafts_the_oldest_give_way(
    app: Flask, browser: Browser, personas: Personas, count: int
) -> None:
    with app.app_context(), unit_of_work():
        for number in range(count):
            drafts.start(
                user_id=personas.users["manager_a"],
                location_id=None,
                kind="form",
                name=f"/{number}",
                title=f"Form {number}",
                data={},
            )
    browser.sign_in("manager_a")
    page = browser.get("/drafts")
    assert len(page.root.one("main").all("li")) == drafts.MOST
    assert "Form 44 " in page.root.text
    assert "Form 4 " not in page.root.text
    assert "All unfinished forms" in card(browser)


def test_a_paused_form_outlasts_those_that_were_only_left_and_the_user_is_told(
    app: Flask, browser: Browser, personas: Personas, brands: dict[str, int]
) -> None:
    with app.app_context(), unit_of_work():
        for number, reason in enumerate([PAUSED, STARTED, MOVED, *[STARTED] * 37]):
            drafts.start(
                user_id=personas.users["manager_a"],
                location_id=None,
                kind="form",
                name=f"/{number}",
                title=f"Form {number}",
                reason=reason,
                data={},
            )
    page = to_details(browser)
    said = page.root.one("main").text
    assert "as many as the portal can keep. The oldest was discarded: Form 1." in said
    left = browser.get("/drafts").root.one("main").text
    assert "Form 0 " in left
    assert "Form 1 " not in left
    assert "Form 2 " in left, "it could not be sent, so it is not the first to go"


def test_of_forms_that_were_all_paused_the_oldest_gives_way_not_the_newest(
    app: Flask, browser: Browser, personas: Personas, brands: dict[str, int]
) -> None:
    with app.app_context(), unit_of_work():
        for number in range(drafts.MOST):
            drafts.start(
                user_id=personas.users["manager_a"],
                location_id=None,
                kind="form",
                name=f"/{number}",
                title=f"Form {number}",
                reason=PAUSED,
                data={},
            )
    page = to_details(browser)
    assert "The oldest was discarded: Form 0." in page.root.one("main").text
    assert page.root.one("li", aria_current="step").text == "Details"
