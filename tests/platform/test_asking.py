"""The page that asks why: what it does with answers that are late, missing or overtaken."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from time_machine import Traveller

from blueprints.transfers import services
from portal.db import unit_of_work
from tests.client import Browser, Page
from tests.inventory import stock
from tests.personas import PASSPHRASE, Personas
from tests.shipments.files import csv, row, take_in
from tests.transfers.boxes import send

MORNING = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with time_machine.travel(MORNING, tick=False) as coordinates:
        yield coordinates


def cancelling(app: Flask, personas: Personas) -> str:
    with app.app_context():
        scope, other = (stock.scope_for(personas, who) for who in ("manager_a", "manager_b"))
        return f"/transfers/{send(scope, other, stock.add(scope)).transfer.id}/cancel"


def closing(app: Flask, _personas: Personas) -> str:
    take_in(app, csv(row()))
    return f"/shipments/{stock.shipment_id(app)}/close"


def holding(app: Flask, personas: Personas) -> str:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        return f"/vaccine-inventory/{stock.add(scope)}/quarantine"


# Where the page is, its heading, its button, the link beside it, and what a right answer needs.
PAGES = [
    (cancelling, "Cancel Transfer", "Cancel Transfer", "Back", {}),
    (closing, "Close shipment SHP-1?", "Close Shipment", "Cancel", {"reason": "never_arrived"}),
    (holding, "Quarantine", "Quarantine", "Cancel", {"reason": "too_warm"}),
]
EVERY = pytest.mark.parametrize(("make", "heading", "button", "leave", "values"), PAGES)
Make = Callable[[Flask, Personas], str]


def answer(browser: Browser, page: Page, button: str, values: dict[str, str]) -> Page:
    return browser.submit(page, {"note": "As agreed", **values}, button=button)


@EVERY
def test_every_such_page_is_built_alike(
    app: Flask,
    browser: Browser,
    personas: Personas,
    make: Make,
    heading: str,
    button: str,
    leave: str,
    values: dict[str, str],
) -> None:
    path = make(app, personas)
    page = browser.sign_in("manager_a").get(path)
    assert page.root.one("h1").text == heading
    form = page.root.one("main").one("form")
    assert [one.text for one in form.all("button")] == [button]
    back = form.with_text("a", leave).attributes["href"]
    assert browser.get(back).status == 200
    refused = browser.submit(page, {"note": "As agreed", "reason": ""}, button=button)
    if values:
        assert refused.status == 422
        assert refused.root.one("textarea").text == "As agreed"
        assert refused.root.one("div", role="alert").text.startswith("Please correct")
        page = refused
        assert answer(browser, page, button, values).leads_to == back
    else:
        assert refused.leads_to == back


@EVERY
def test_an_answer_that_came_too_late_is_there_again(
    app: Flask,
    browser: Browser,
    personas: Personas,
    clock: Traveller,
    make: Make,
    heading: str,
    button: str,
    leave: str,
    values: dict[str, str],
) -> None:
    path = make(app, personas)
    page = browser.sign_in("manager_a").get(path)
    clock.shift(timedelta(minutes=app.extensions["portal"].settings.idle_minutes, seconds=1))
    late = answer(browser, page, button, values)
    assert late.leads_to.startswith("/sign-in")
    words = {"username": "manager.a", "password": PASSPHRASE}
    again = browser.submit(browser.get(late.leads_to), words, button="Sign In", follow=True)
    assert again.root.one("h1").text == heading
    assert "You were signed out before this was sent." in again.root.text
    assert again.root.one("textarea").text == "As agreed"
    done = browser.submit(again, button=button)
    assert done.status == 303
    assert "As agreed" not in browser.get("/").root.text, "nothing is left unfinished"


def test_who_was_overtaken_is_told_beside_what_was_typed(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    path = cancelling(app, personas)
    page = browser.sign_in("manager_a").get(path)
    with app.app_context():
        other = stock.scope_for(personas, "manager_b")
        with unit_of_work():
            services.refuse(other, int(path.split("/")[2]), note="Too warm")
    told = answer(browser, page, "Cancel Transfer", {})
    assert told.status == 409
    alert = told.root.one("div", role="alert").text
    assert alert.startswith("Nothing was saved Manager B refused this transfer")
    assert told.root.one("textarea").text == "As agreed"
    back = told.root.one("main").with_text("a", "Back").attributes["href"]
    assert back == path.removesuffix("/cancel")
