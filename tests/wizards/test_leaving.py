"""Leaving a wizard: `Cancel` asks first, and nothing is kept of a form nobody filled in."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import unit_of_work
from portal.drafts import Draft
from tests.client import Browser, Page
from tests.wizards.conftest import Shelve
from tests.wizards.test_drafts import card
from tests.wizards.test_steps import TIN, open_drafts, step_of, tins, to_details, to_review

BOTH = pytest.mark.parametrize("region", [None, "wizard"])
QUESTION = "Discard what you entered?"


def drafts(app: Flask) -> list[Draft]:
    with app.app_context(), unit_of_work(write=False) as session:
        found = list(session.scalars(select(Draft)))
        session.expunge_all()
        return found


def opened(browser: Browser) -> Page:
    return browser.sign_in("manager_a").get("/tins/add")


@BOTH
def test_an_untouched_form_is_left_at_once(
    app: Flask, browser: Browser, brands: dict[str, int], region: str | None
) -> None:
    page = browser.submit(opened(browser), button="Cancel", region=region)
    assert page.leads_to == "/"
    assert "Discarded" not in browser.get("/").root.text
    assert drafts(app) == []


def test_pausing_an_untouched_form_keeps_nothing_and_says_so(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    home = browser.submit(opened(browser), button="Pause", follow=True)
    assert "Nothing was entered, so there is nothing to keep." in home.root.text
    assert drafts(app) == []
    assert card(browser) == ""


def test_a_form_opened_from_a_record_is_kept_as_it_is(
    app: Flask, browser: Browser, brands: dict[str, int], shelve: Shelve
) -> None:
    browser.sign_in("manager_a")
    browser.submit(browser.get(f"/tins/add?like={shelve('Old')}"), button="Pause")
    assert open_drafts(app) == 1


@BOTH
def test_cancel_asks_before_it_discards_what_was_typed(
    app: Flask, browser: Browser, brands: dict[str, int], region: str | None
) -> None:
    typed = {**TIN, "grams": "many"}
    page = browser.submit(opened(browser), typed, button="Cancel", region=region)
    assert page.status == 422
    assert page.root.one("h2").text == QUESTION
    assert not page.root.all("p", class_="err")
    assert drafts(app) == [], "asking keeps nothing"
    assert browser.submit(page, button="Discard", region=region).leads_to == "/"
    assert drafts(app) == []
    assert "Discarded. Nothing was saved." in browser.get("/").root.text


@BOTH
def test_whoever_thinks_better_of_it_finds_the_form_as_it_was(
    app: Flask, browser: Browser, brands: dict[str, int], region: str | None
) -> None:
    typed = {**TIN, "grams": "many"}
    asked = browser.submit(opened(browser), typed, button="Cancel", region=region)
    page = browser.submit(asked, button="Back to the form", region=region)
    assert step_of(page) == "Tin"
    assert page.root.one("input", id="grams").attributes["value"] == "many"
    assert page.root.one("input", id="brand").attributes["value"] == "proud"
    assert page.root.one("input", id="label").attributes["value"] == "Peas"
    assert not page.root.all("p", class_="err"), "nothing was asked for yet"
    page = browser.submit(page, {"grams": "4"}, button="Next", follow=True)
    assert step_of(page) == "Details"


@BOTH
@pytest.mark.parametrize("walk", [to_details, to_review])
def test_a_later_step_is_cancelled_with_all_that_was_entered(
    app: Flask, browser: Browser, brands: dict[str, int], walk: object, region: str | None
) -> None:
    page = walk(browser)  # type: ignore[operator]
    step = step_of(page)
    asked = browser.submit(page, button="Cancel", region=region)
    assert asked.root.one("h2").text == QUESTION
    assert open_drafts(app) == 1
    assert step_of(browser.submit(asked, button="Back to the form", region=region)) == step
    page = browser.submit(asked, button="Discard", region=region)
    assert page.leads_to == "/"
    (draft,) = drafts(app)
    assert draft.discarded_at is not None
    assert draft.data == {}
    assert card(browser) == ""
    assert tins(app) == []
    assert browser.submit(asked, button="Discard", region=region).leads_to == "/", "once more"


def test_what_was_cancelled_in_one_window_is_gone_in_the_other(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    review = to_review(browser)
    browser.submit(browser.submit(review, button="Cancel"), button="Discard")
    assert browser.submit(review, button="Save").status == 404
    assert tins(app) == []


def test_a_step_that_is_not_reached_any_more_can_be_cancelled(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    page = to_details(browser)
    browser.submit(browser.get("/tins/add/1/tin"), {"grams": "none"}, button="Pause")
    asked = browser.submit(page, {"best_before": "soon"}, button="Cancel")
    assert asked.root.one("h2").text == QUESTION
    back = browser.submit(asked, button="Back to the form")
    assert back.status == 422
    assert back.form(action="/tins/add/1/tin")
    asked = browser.submit(back, button="Cancel")
    assert browser.submit(asked, button="Discard").leads_to == "/"


def test_what_is_done_cannot_be_cancelled(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    review = to_review(browser)
    other_window = browser.get("/tins/add/1/review")
    browser.submit(review, button="Save")
    page = browser.submit(other_window, button="Cancel")
    assert page.status == 409
    assert "Already done" in page.root.text
    assert tins(app) == [("Peas", 400)]
