"""Doses are gone when `Save` is pressed: the step with the doses comes back, nothing is lost."""

import pytest
from flask import Flask

from blueprints.inventory.rules import Kind
from tests.client import Browser
from tests.effort import some
from tests.inventory import stock
from tests.personas import Personas
from tests.wastage.test_wastage import begin, choose, line_of

DETAILS = {
    "Wastage": {"reason": "broken", "vial": "closed", "note": "The tray fell"},
    "Return": {"reason": "too_warm", "note": "The fridge was open"},
}


@pytest.mark.parametrize(
    ("name", "region"),
    some([(name, region) for region in (None, "wizard") for name in DETAILS], short=2),
)
def test_the_doses_are_asked_for_again_beside_what_is_left(
    app: Flask, browser: Browser, personas: Personas, name: str, region: str | None
) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=5)
        other = stock.add(scope, doses=50, lot="OTHER1", name="Other")
    browser.sign_in("manager_a")
    page = choose(browser, begin(browser, name), {record: 2, other: 7})
    review = browser.submit(page, DETAILS[name], button="Next", follow=True)
    with app.app_context():
        stock.post(scope, record, Kind.ADMINISTERED, 4)
    again = browser.submit(review, button="Save", region=region)
    assert again.status == 422
    assert "Nothing was saved." in again.root.text
    field = again.root.one("input", name=line_of(again, record))
    assert field.attributes["value"] == "2"
    beside = again.root.one(id=field.attributes["aria-describedby"].split()[-1])
    assert "Only 1 dose is available. You entered 2." in beside.text
    assert again.root.one("input", name=line_of(again, other)).attributes["value"] == "7"
    row = next(row for row in again.root.all("tr") if field in row.all("input"))
    assert "1" in [cell.text for cell in row.all("td")], "what is left now"
    if region:
        assert again.headers["HX-Push-Url"].endswith("/doses?check=1")
        assert browser.get(again.headers["HX-Push-Url"]).root.text.count("Only 1 dose ")
    details = choose(browser, again, {record: 1})
    assert details.root.one("textarea").text == DETAILS[name]["note"]
    chosen = details.root.one("select", name="reason").one("option", selected="")
    assert chosen.attributes["value"] == DETAILS[name]["reason"]
    review = browser.submit(details, button="Next", follow=True)
    assert browser.submit(review, button="Save").status == 303
    with app.app_context():
        assert stock.counters(record)["doses_available"] == 0
        assert stock.counters(other)["doses_available"] == 43
        assert stock.wrong() == []


def test_a_review_whose_doses_are_gone_can_be_cancelled(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=5)
    browser.sign_in("manager_a")
    page = choose(browser, begin(browser, "Wastage"), {record: 2})
    review = browser.submit(page, DETAILS["Wastage"], button="Next", follow=True)
    with app.app_context():
        stock.post(scope, record, Kind.ADMINISTERED, 4)
    asked = browser.submit(review, button="Cancel")
    assert asked.root.one("h2").text == "Discard what you entered?"
    assert browser.submit(asked, button="Discard").leads_to == "/"


def test_one_who_presses_save_twice_after_a_refusal_is_refused_twice(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    """What was typed is kept with the refusal; that the form was sent is not."""
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=5)
    browser.sign_in("manager_a")
    page = choose(browser, begin(browser, "Wastage"), {record: 2})
    review = browser.submit(page, DETAILS["Wastage"], button="Next", follow=True)
    with app.app_context():
        stock.post(scope, record, Kind.ADMINISTERED, 4)
    assert [browser.submit(review, button="Save").status for _press in range(2)] == [422, 422]
