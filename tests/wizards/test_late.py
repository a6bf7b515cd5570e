"""Forms that arrive after the session has timed out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from time_machine import Traveller

from portal import drafts
from portal.db import unit_of_work
from portal.drafts import Draft
from portal.people import sessions
from portal.people.models import User
from tests.client import Browser, Page, fields_of
from tests.personas import PASSPHRASE, Personas
from tests.wizards.conftest import Shelve
from tests.wizards.test_drafts import card
from tests.wizards.test_steps import TIN, to_details

MORNING = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with time_machine.travel(MORNING, tick=False) as coordinates:
        yield coordinates


def idle(app: Flask, clock: Traveller) -> None:
    clock.shift(timedelta(minutes=app.extensions["portal"].settings.idle_minutes, seconds=1))


def sign_in_again(browser: Browser, late: Page, username: str = "manager.a") -> Page:
    """Fill in the sign-in page that the late form led to, and follow to where that leads."""
    page = browser.get(late.leads_to)
    words = {"username": username, "password": PASSPHRASE}
    return browser.submit(page, words, button="Sign In", follow=True)


def banners(page: Page) -> list[str]:
    """What the page tells in boxes."""
    return [note.text for note in page.root.one("main").all("div", class_="note")]


BACK = (
    "You were signed out before this was sent. What you entered is still here, but it isn't "
    "saved yet."
)


def kept(app: Flask) -> list[Draft]:
    with app.app_context(), unit_of_work(write=False) as session:
        found = list(session.scalars(select(Draft).order_by(Draft.id)))
        session.expunge_all()
        return found


def test_a_late_wizard_step_goes_into_its_draft(
    app: Flask, browser: Browser, brands: dict[str, int], clock: Traveller
) -> None:
    page = to_details(browser)
    idle(app, clock)
    sent = browser.submit(page, {"best_before": "12/24/2026"}, button="Next")
    assert sent.leads_to.startswith("/sign-in")
    assert "What you entered was kept" in browser.get(sent.leads_to).root.text
    assert [(draft.id, draft.reason) for draft in kept(app)] == [(1, "late")]
    browser.sign_in("manager_a")
    assert "What you entered before you were signed out: New Tin" in card(browser)
    assert "12/24/2026" in browser.get("/drafts/1").root.text
    page = browser.get("/tins/add/1/details")
    assert page.root.one("input", id="best_before").attributes["value"] == "12/24/2026"


@pytest.mark.parametrize("region", [None, "wizard"])
def test_a_late_first_step_begins_a_draft_once(
    app: Flask,
    browser: Browser,
    brands: dict[str, int],
    clock: Traveller,
    region: str | None,
) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/tins/add")
    idle(app, clock)
    for _time in range(2):
        sent = browser.submit(page, TIN, button="Next", region=region)
        assert sent.leads_to.startswith("/sign-in")
    assert len(kept(app)) == 1
    browser.sign_in("manager_a")
    page = browser.get("/tins/add/1/tin")
    assert page.root.one("input", id="label").attributes["value"] == "Peas"
    page = browser.submit(page, button="Next", follow=True)
    assert page.root.one("li", aria_current="step").text == "Details"


def test_another_form_is_filled_in_again_from_its_kept_input(
    app: Flask, browser: Browser, brands: dict[str, int], clock: Traveller
) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/tins/swap")
    idle(app, clock)
    browser.submit(page, {"brand_text": "Proud Peas", "why": "Rust"}, button="Save")
    browser.submit(page, {"brand_text": "Proud Peas", "why": "Rust, much"}, button="Save")
    assert len(kept(app)) == 1
    browser.sign_in("manager_a")
    assert "What you entered before you were signed out: Swap Tins" in card(browser)
    page = browser.get("/drafts/1")
    assert page.root.one("dl").text == "Brand_text Proud Peas Why Rust, much".replace(
        "Brand_text", "Brand text"
    )
    page = browser.get(page.root.with_text("a", "Continue").attributes["href"])
    assert page.root.one("input", id="why").attributes["value"] == "Rust, much"
    assert page.root.one("input", id="brand").attributes["value"] == "Proud Peas"
    assert browser.submit(page, button="Save").leads_to.startswith("/tins?brand=")
    assert card(browser) == ""


def test_a_late_pen_is_filled_in_again_and_still_notices_a_change(
    app: Flask, browser: Browser, shelve: Shelve, clock: Traveller
) -> None:
    tin = shelve("Peas")
    browser.sign_in("manager_a")
    page = browser.get(f"/tins/{tin}/edit/label")
    idle(app, clock)
    browser.submit(page, {"label": "Sweet Peas"}, button="Save")
    browser.sign_in("manager_a")
    browser.submit(browser.get(f"/tins/{tin}/edit/label"), {"label": "Split Peas"}, button="Save")
    assert kept(app)[0].finished_at is not None, "a success at the same address settles it"
    page = browser.get(f"/tins/{tin}/edit/label")
    idle(app, clock)
    browser.submit(page, {"label": "Sweet Peas"}, button="Save")
    browser.sign_in("provider_a")
    browser.submit(browser.get(f"/tins/{tin}/edit/label"), {"label": "Green Peas"}, button="Save")
    browser.sign_in("manager_a")
    link = browser.get("/drafts/2").root.with_text("a", "Continue").attributes["href"]
    page = browser.get(link)
    assert page.root.one("input", id="label").attributes["value"] == "Sweet Peas"
    page = browser.submit(page, button="Save")
    assert page.status == 409
    assert "Green Peas" in page.root.text


def test_nothing_is_kept_for_unmarked_views_ended_sessions_or_deactivated_users(
    app: Flask,
    browser: Browser,
    personas: Personas,
    brands: dict[str, int],
    clock: Traveller,
) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/tins/swap")
    form = fields_of(page.form(action="/tins/swap"), "Save") | {"why": "Rust"}
    with app.app_context(), unit_of_work():
        sessions.end_all(personas.users["manager_a"])
    assert browser.post("/tins/swap", form).leads_to.startswith("/sign-in")
    browser.sign_in("manager_a")
    form = fields_of(browser.get("/tins/swap").form(action="/tins/swap"), "Save")
    idle(app, clock)
    browser.post("/tins/forgetful", form | {"why": "Rust"})
    browser.post("/sign-out", form)
    browser.post("/tins/swap", form | {"why": "x" * 70_000})
    browser.post("/tins/swap", {**form, "why": "  "})
    browser.post("/tins/swap", {**form, "why": "Rust", "csrf_token": "wrong"})
    browser.post("/tins/add/77/tin", form | TIN)
    with app.app_context(), unit_of_work() as session:
        session.get_one(User, personas.users["manager_a"]).active = False
    browser.post("/tins/swap", form | {"why": "Rust"})
    assert kept(app) == []


def test_passwords_and_tokens_are_never_kept(
    app: Flask, browser: Browser, brands: dict[str, int], clock: Traveller
) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/tins/swap")
    idle(app, clock)
    secrets = {"password": "s1", "new_password": "s2", "api_token": "s3", "totp_code": "s4"}
    browser.submit(page, {"why": "Rust", **secrets}, button="Save")
    names = {name for name, _value in kept(app)[0].data["entered"]["form"]}
    assert names == {"brand_text", "brand", "second_text", "second", "why"}


def test_what_one_user_entered_is_not_offered_to_the_next(
    app: Flask, browser: Browser, brands: dict[str, int], clock: Traveller
) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/tins/swap")
    idle(app, clock)
    browser.submit(page, {"why": "Rust"}, button="Save")
    browser.sign_in("provider_a")
    assert card(browser) == ""
    assert browser.get("/drafts/1").status == 404
    page = browser.get("/tins/swap?late=1")
    assert page.root.one("input", id="why").attributes["value"] == ""


@pytest.mark.parametrize("region", [None, "wizard"])
def test_signing_in_again_leads_back_to_the_step_with_one_word_on_it(
    app: Flask,
    browser: Browser,
    brands: dict[str, int],
    clock: Traveller,
    region: str | None,
) -> None:
    page = to_details(browser)
    idle(app, clock)
    late = browser.submit(page, {"best_before": "soon"}, button="Next", region=region)
    assert late.leads_to == "/sign-in?next=/tins/add/1/details"
    back = sign_in_again(browser, late)
    assert back.root.one("li", aria_current="step").text == "Details"
    assert back.root.one("input", id="best_before").attributes["value"] == "soon"
    assert banners(back) == [BACK]
    refused = browser.submit(back, button="Next")
    assert len(banners(refused)) == 1
    assert BACK not in refused.root.text
    review = browser.submit(back, {"best_before": "12/31/2026"}, button="Next", follow=True)
    assert banners(review) == []
    assert banners(browser.get("/tins/add/1/details")) == []


def test_a_late_first_step_comes_back_with_what_was_typed(
    app: Flask, browser: Browser, brands: dict[str, int], clock: Traveller
) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/tins/add")
    idle(app, clock)
    back = sign_in_again(browser, browser.submit(page, TIN, button="Next"))
    assert back.root.one("input", id="label").attributes["value"] == "Peas"
    assert banners(back) == [BACK]


def test_a_late_form_that_nobody_filled_in_is_not_kept(
    app: Flask, browser: Browser, brands: dict[str, int], clock: Traveller
) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/tins/add")
    idle(app, clock)
    late = browser.submit(page, button="Next")
    assert "kept" not in browser.get(late.leads_to).root.text
    assert kept(app) == []


def test_another_late_form_comes_back_with_one_word_on_it(
    app: Flask, browser: Browser, brands: dict[str, int], clock: Traveller
) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/tins/swap")
    idle(app, clock)
    back = sign_in_again(browser, browser.submit(page, {"why": "Rust"}, button="Save"))
    assert back.root.one("input", id="why").attributes["value"] == "Rust"
    assert banners(back) == [BACK]


def test_a_late_pen_says_which_record_it_is_for(
    app: Flask, browser: Browser, shelve: Shelve, clock: Traveller
) -> None:
    tin = shelve("Peas")
    browser.sign_in("manager_a")
    page = browser.get(f"/tins/{tin}/edit/label")
    idle(app, clock)
    late = browser.submit(page, {"label": "Sweet Peas"}, button="Save", region="pen-label")
    back = sign_in_again(browser, late)
    assert back.root.one("input", id="label").attributes["value"] == "Sweet Peas"
    assert banners(back) == [BACK]
    assert "Edit Tin (Peas)" in card(browser)


@pytest.mark.parametrize("at", ["/tins/add", "/tins/swap"])
def test_the_next_person_at_the_machine_is_not_led_into_it(
    app: Flask, browser: Browser, brands: dict[str, int], clock: Traveller, at: str
) -> None:
    browser.sign_in("manager_a")
    page = browser.get(at)
    idle(app, clock)
    typed = {**TIN, "why": "Rust"}
    late = browser.submit(page, typed, button="Next" if at == "/tins/add" else "Save")
    other = sign_in_again(browser, late, "provider.a")
    assert other.status == 200
    assert other.root.one("h1").text == ("Home" if at == "/tins/add" else "Swap Tins")
    assert "Rust" not in other.html
    assert banners(other) == []


def test_a_page_of_ones_own_draft_is_still_come_back_to(
    app: Flask, browser: Browser, brands: dict[str, int], clock: Traveller
) -> None:
    browser.submit(to_details(browser), button="Pause")
    for address in ("/drafts/1", "/tins/add/1/tin"):
        idle(app, clock)
        back = sign_in_again(browser, browser.get(address))
        assert back.response.request.path == address
        assert banners(back) == []


@pytest.mark.parametrize("at", ["/tins/add", "/tins/swap"])
def test_a_cookie_that_comes_long_after_is_nobodys(
    app: Flask, browser: Browser, brands: dict[str, int], clock: Traveller, at: str
) -> None:
    browser.sign_in("manager_a")
    page = browser.get(at)
    typed, button = {**TIN, "why": "Rust"}, "Next" if at == "/tins/add" else "Save"
    idle(app, clock)
    clock.shift(sessions.LATE - timedelta(seconds=2))
    browser.get(browser.submit(page, typed, button=button).leads_to)
    before = [(draft.id, draft.data) for draft in kept(app)]
    assert len(before) == 1
    clock.shift(timedelta(seconds=2))
    late = browser.submit(page, {**typed, "label": "Corn", "why": "Dents"}, button=button)
    assert "kept" not in browser.get(late.leads_to).root.text
    assert [(draft.id, draft.data) for draft in kept(app)] == before


@pytest.mark.parametrize("at", ["/tins/add", "/tins/swap"])
def test_what_comes_late_pushes_nothing_out_and_says_so(
    app: Flask, browser: Browser, brands: dict[str, int], clock: Traveller, at: str
) -> None:
    browser.sign_in("manager_a")
    page = browser.get(at)
    with app.app_context(), unit_of_work():
        owner = browser.personas.users["manager_a"]
        for number in range(drafts.MOST):
            drafts.start(user_id=owner, location_id=None, kind="form", name=f"/{number}",
                         title="T", data={"entered": {"form": [["a", "b"]]}})  # fmt: skip
    before = [(draft.id, draft.data, draft.discarded_at) for draft in kept(app)]
    idle(app, clock)
    typed, button = {**TIN, "why": "Rust"}, "Next" if at == "/tins/add" else "Save"
    late = browser.submit(page, typed, button=button)
    assert "not kept" in browser.get(late.leads_to).root.text
    assert [(draft.id, draft.data, draft.discarded_at) for draft in kept(app)] == before
