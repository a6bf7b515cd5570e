"""Doses given elsewhere, and the dose status that follows from them (SPEC F2)."""

import pytest
from flask import Flask

from blueprints.recipients.queries import doses_of
from blueprints.recipients.rules import DoseStatus, status_after
from portal.db import unit_of_work
from tests.client import Browser, Page
from tests.inventory import stock
from tests.people.steps import trail
from tests.personas import Personas
from tests.recipients.people import add

STATUS = DoseStatus


def made(app: Flask, personas: Personas) -> int:
    with app.app_context():
        return add(stock.scope_for(personas, "provider_a"))


def record(browser: Browser, number: int, **typed: str) -> Page:
    given = {
        "product_text": "Moderna COVID-19 Vaccine",
        "product": str(typed.pop("product", "")),
        "dose_number": "1",
        "given_on": "3/1/2026",
        "where": "Sample Pharmacy",
        **typed,
    }
    page = browser.get(f"/recipients/{number}/doses/new")
    return browser.submit(page, given, button="Record Dose")


def product(app: Flask) -> str:
    with app.app_context():
        return str(stock.product_id())


def test_a_dose_given_elsewhere_is_recorded_and_withdrawn(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    number, moderna = made(app, personas), product(app)
    browser.sign_in("provider_a")
    saved = record(browser, number, product=moderna, lot_number="012M20A")
    assert saved.leads_to == f"/recipients/{number}?tab=related"
    page = browser.get(saved.leads_to)
    assert "Dose 1 Administered" in page.root.one("dl", class_="hl").text
    assert "Sample Pharmacy" in page.root.text
    with app.app_context(), unit_of_work(write=False):
        (dose,) = doses_of([number])[number]
        assert (dose.source, dose.location_id, dose.lot_number) == ("elsewhere", None, "012M20A")
    ask = browser.get(page.root.with_text("a", "Entered in error").attributes["href"])
    assert browser.submit(ask, {}, button="Mark as Entered in Error").status == 422
    done = browser.submit(
        ask, {"reason": "another patient"}, button="Mark as Entered in Error", follow=True
    )
    assert "Entered in error: another patient" in done.root.text
    assert "Recipient Dose Status Registered" in done.root.one("dl", class_="hl").text
    again = browser.submit(ask, {"reason": "twice"}, button="Mark as Entered in Error")
    assert again.status in {303, 409}
    with app.app_context(), unit_of_work(write=False):
        assert doses_of([number]) == {}
    assert len(trail(app, "vaccination.recorded")) == 1
    assert len(trail(app, "vaccination.withdrawn")) == 1


def test_what_cannot_be_is_refused(app: Flask, browser: Browser, personas: Personas) -> None:
    number, moderna = made(app, personas), product(app)
    browser.sign_in("provider_a")
    for typed, said in (
        ({"given_on": "1/1/1940"}, "from the date of birth to today"),
        ({"given_on": "1/1/2099"}, "from the date of birth to today"),
        ({"dose_number": "0"}, "1 or more"),
        ({"where": ""}, "fill in"),
    ):
        page = record(browser, number, product=moderna, **typed)
        assert page.status == 422, typed
        assert said in page.root.text
    assert record(browser, number, product=moderna).status == 303
    assert "recorded already" in record(browser, number, product=moderna).root.text
    browser.sign_in("readonly_a")
    assert browser.get(f"/recipients/{number}/doses/new").status == 403
    browser.sign_in("manager_b")
    assert browser.get(f"/recipients/{number}/doses/new").status == 404
    assert browser.get(f"/recipients/{number}/doses/1/withdraw").status == 404


@pytest.mark.parametrize(
    ("status", "given", "then"),
    [
        (STATUS.REGISTERED, [], STATUS.REGISTERED),
        (STATUS.REGISTERED, [1], STATUS.DOSE_1_ADMINISTERED),
        (STATUS.DOSE_1_SCHEDULED, [], STATUS.DOSE_1_SCHEDULED),
        (STATUS.DOSE_1_SCHEDULED, [1], STATUS.DOSE_1_ADMINISTERED),
        (STATUS.DOSE_2_SCHEDULED, [1], STATUS.DOSE_2_SCHEDULED),
        (STATUS.DOSE_2_SCHEDULED, [1, 2], STATUS.DOSE_2_ADMINISTERED),
        (STATUS.DOSE_2_ADMINISTERED, [1], STATUS.DOSE_1_ADMINISTERED),
        (STATUS.DOSE_1_ADMINISTERED, [], STATUS.REGISTERED),
        (STATUS.REGISTERED, [3], STATUS.DOSE_2_ADMINISTERED),
    ],
)
def test_the_dose_status_follows_from_what_was_given(
    status: DoseStatus, given: list[int], then: DoseStatus
) -> None:
    assert status_after(status, given) == then
