"""`Add` when somebody else was faster, and when what was entered first was wrong (SPEC D2, D4)."""

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.inventory.models import DoseEntry
from blueprints.inventory.rules import Kind
from portal.db import unit_of_work
from tests.client import Browser, Page
from tests.inventory import stock
from tests.inventory.test_add import add, manually, open_form, records
from tests.shipments.files import csv, row, take_in


def review_more(browser: Browser, form: Page, doses: str, record: int) -> Page:
    """The last page before `Save`, for more doses of a lot that is there."""
    question = browser.submit(form, {"doses": doses}, button="Next", follow=True)
    return browser.submit(question, {"duplicate": str(record)}, button="Next", follow=True)


def test_what_was_confirmed_before_somebody_else_saved_is_asked_again(
    app: Flask, browser: Browser
) -> None:
    take_in(app, csv(row()))
    add(app, browser, doses="100")
    (record,) = records(app)
    review = review_more(browser, open_form(app, browser), "210", record.id)
    other = Browser(app, browser.personas)
    theirs = review_more(other, open_form(app, other.sign_in("manager_ab")), "210", record.id)
    for page in (review, theirs):
        assert "Doses of this shipment still expected: 200 of 300" in page.root.text
    assert other.submit(theirs, {"confirmed": "y"}, button="Save").leads_to
    refused = browser.submit(review, {"confirmed": "y"}, button="Save")
    assert refused.status == 422
    assert "Received now: 310 of 300" in refused.root.text
    assert "checked" not in refused.root.one("input", name="confirmed").attributes
    assert [one.doses_total for one in records(app)] == [310]
    again = browser.submit(refused, button="Save")
    assert again.status == 422, "the tick was for something else"
    saved = browser.submit(again, {"confirmed": "y"}, button="Save", follow=True)
    assert "Total Doses 520" in saved.root.one("dl", class_="hl").text


def test_a_page_that_is_loaded_again_speaks_of_what_is_received_now(
    app: Flask, browser: Browser
) -> None:
    take_in(app, csv(row()))
    add(app, browser, doses="100")
    (record,) = records(app)
    review = review_more(browser, open_form(app, browser), "10", record.id)
    with app.app_context():
        scope = stock.scope_for(browser.personas, "manager_ab")
        stock.add(scope, doses=20, shipment_id=stock.shipment_id(app), duplicate=str(record.id))
    loaded = browser.get(review.response.request.path)
    saved = browser.submit(loaded, button="Save", follow=True)
    assert "Total Doses 130" in saved.root.one("dl", class_="hl").text


def test_a_wrong_expiration_date_is_taken_back_and_entered_rightly(
    app: Flask, browser: Browser
) -> None:
    review = manually(app, browser, expiration_date="06/30/2026")
    browser.submit(review, button="Save", follow=True)
    (wrong,) = records(app)
    right = manually(app, browser)
    assert right.status == 422
    assert "is already in your inventory with the expiration date 06/30/2026" in right.root.text
    with app.app_context():
        ((entry, _kind, _doses),) = stock.entries(wrong.id)
        stock.reverse(stock.scope_at(browser.personas, "agent", "A"), entry)
    saved = browser.submit(manually(app, browser), button="Save", follow=True)
    assert "Total Doses 10" in saved.root.one("dl", class_="hl").text
    assert [(str(one.expiration_date), one.doses_total) for one in records(app)] == [
        ("2026-06-30", 0),
        ("2027-06-30", 10),
    ]
    with app.app_context():
        assert stock.wrong() == []


def test_what_was_taken_back_with_the_right_date_is_the_record_of_the_lot(
    app: Flask, browser: Browser
) -> None:
    browser.submit(manually(app, browser), button="Save", follow=True)
    (record,) = records(app)
    with app.app_context():
        ((entry, _kind, _doses),) = stock.entries(record.id)
        stock.reverse(stock.scope_at(browser.personas, "agent", "A"), entry)
    question = manually(app, browser)
    review = browser.submit(question, {"duplicate": str(record.id)}, button="Next", follow=True)
    browser.submit(review, button="Save", follow=True)
    assert [one.doses_total for one in records(app)] == [10]


def test_a_proposed_name_follows_the_lot(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    review = browser.submit(open_form(app, browser), {"lot": "REAL1"}, button="Next", follow=True)
    assert "will be named “Moderna (max 10/11-dose vial, 5 mL) – REAL1”" in review.root.text
    back = browser.submit(review, button="Previous", follow=True)
    browser.submit(
        browser.submit(back, {"lot": "REAL2"}, button="Next", follow=True), button="Save"
    )
    own = browser.submit(
        open_form(app, browser),
        {"lot": "OTHER", "name": "Fridge 2 – 011J20A", "doses": "5"},
        button="Next",
        follow=True,
    )
    assert "will be named “Fridge 2 – 011J20A”" in own.root.text, "what was typed stays"
    assert "mentions a different lot" not in own.root.text
    assert [one.name for one in records(app)] == ["Moderna (max 10/11-dose vial, 5 mL) – REAL2"]


@pytest.mark.parametrize("name", ["\u200b\u200b", "\u202e\ufeff", "\u200d \u200c"])
def test_a_name_that_nobody_sees_is_none(app: Flask, browser: Browser, name: str) -> None:
    with app.app_context():
        record = stock.add(stock.scope_for(browser.personas, "manager_a"), name="Alpha")
    browser.sign_in("manager_a")
    pen = browser.get(f"/vaccine-inventory/{record}/edit/name")
    refused = browser.submit(pen, {"name": name}, button="Save")
    assert refused.status == 422
    kept = browser.submit(pen, {"name": "Be\u200bta\u202e \u0645\u06cc\u200c\u062e"}, button="Save")
    assert kept.status == 303
    assert [one.name for one in records(app)] == ["Beta \u0645\u06cc\u200c\u062e"]


def test_a_shipment_that_was_corrected_meanwhile_is_still_the_one(
    app: Flask, browser: Browser
) -> None:
    take_in(app, csv(row()))
    review = browser.submit(open_form(app, browser), button="Next", follow=True)
    answered = csv(row(lot="NEWLOT") + ",Replaces the other lot")
    take_in(app, answered.replace(b"Tracking Number", b"Tracking Number,Your Answer"))
    told = browser.submit(review, button="Save", follow=True)
    assert "Nothing found" not in told.root.text
    assert "“SHP-1 – 011J20A” has changed and is now “SHP-1 – NEWLOT”" in told.root.text
    assert records(app) == []
    corrected = browser.submit(told, {"lot": "NEWLOT"}, button="Next", follow=True)
    assert "The name mentions a different lot." in corrected.root.text
    browser.submit(corrected, button="Save", follow=True)
    with app.app_context():
        assert stock.shipment_state(stock.shipment_id(app)).status == "received"


def test_what_came_on_friday_is_entered_on_monday(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row(shipped=f"{stock.day(5):%m/%d/%Y}")))
    came = {"date_received": f"{stock.day(3):%m/%d/%Y}"}
    review = browser.submit(open_form(app, browser), came, button="Next", follow=True)
    assert f"Date Received {stock.day(3):%m/%d/%Y}" in review.root.text
    assert "after the date received" not in review.root.text
    browser.submit(review, button="Save", follow=True)
    (record,) = records(app)
    with app.app_context(), unit_of_work(write=False) as session:
        assert session.scalars(select(DoseEntry.happened_on)).all() == [stock.day(3)]
    with app.app_context():
        scope = stock.scope_for(browser.personas, "manager_a")
        stock.post(scope, record.id, Kind.WASTED, 2, back=3)
        assert stock.wrong() == []


@pytest.mark.parametrize(("back", "said"), [(-1, "is in the future"), (9, "after the date")])
def test_a_day_that_cannot_be_is_said(app: Flask, browser: Browser, back: int, said: str) -> None:
    take_in(app, csv(row(shipped=f"{stock.day(5):%m/%d/%Y}")))
    came = {"date_received": f"{stock.day(back):%m/%d/%Y}"}
    page = browser.submit(open_form(app, browser), came, button="Next", follow=True)
    assert said in page.root.text
    assert page.status == (422 if back < 0 else 200), "a supplier's date may be wrong"
    if back < 0:
        assert said in page.root.one("p", id="date_received-error").text
    assert records(app) == []
