"""Open vials on `Home`: what is left, until when, and what each profile can do about it."""

from datetime import timedelta

import pytest
from flask import Flask

from portal.clock import now
from tests.client import Browser
from tests.inventory import stock
from tests.personas import Personas
from tests.vials.vials import available, give, put_back, vial
from tests.wastage.test_counted_before import booked


@pytest.fixture
def record(app: Flask, personas: Personas) -> int:
    with app.app_context():
        return stock.add(stock.scope_for(personas, "manager_a"), doses=20)


def opened(app: Flask, personas: Personas, record: int, *, minutes: int, doses: int = 1) -> int:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        at = now() - timedelta(minutes=minutes)
        return [give(scope, record, at=at) for _dose in range(doses)][0]


def card(browser: Browser) -> str:
    found = browser.get("/").root.all("section", aria_labelledby="card-vials")
    return found[0].text if found else ""


def test_nothing_is_said_where_no_vial_is_open(browser: Browser, record: int) -> None:
    browser.sign_in("manager_a")
    assert card(browser) == ""


@pytest.mark.parametrize("who", ["manager_a", "provider_a", "readonly_a"])
def test_the_clinic_sees_what_is_left_and_until_when(
    app: Flask, browser: Browser, personas: Personas, record: int, who: str
) -> None:
    opened(app, personas, record, minutes=30)
    browser.sign_in(who)
    shown = card(browser)
    assert "9 doses left" in shown
    assert "Use by " in shown
    assert "would be lost" not in shown
    manager = who == "manager_a"
    assert ("Waste What Is Left" in shown) == manager
    assert ("Extra Dose" in shown) == manager
    assert ("A location manager can record" in shown) != manager


def test_what_is_soon_over_says_how_many_doses_would_be_lost(
    app: Flask, browser: Browser, personas: Personas, record: int
) -> None:
    opened(app, personas, record, minutes=12 * 60 - 80, doses=3)
    browser.sign_in("provider_a")
    assert "7 doses would be lost. Is anybody due who could come?" in card(browser)


def test_for_what_is_over_nobody_is_to_come_and_no_extra_dose_is_found(
    app: Flask, browser: Browser, personas: Personas, record: int
) -> None:
    opened(app, personas, record, minutes=12 * 60 + 1)
    browser.sign_in("manager_a")
    shown = card(browser)
    assert "Do not use since" in shown
    assert "Waste What Is Left" in shown
    assert "would be lost" not in shown
    assert "Extra Dose" not in shown


def test_another_location_sees_nothing(
    app: Flask, browser: Browser, personas: Personas, record: int
) -> None:
    number = opened(app, personas, record, minutes=30)
    browser.sign_in("manager_b")
    assert card(browser) == ""
    assert browser.get(f"/open-vials/{number}/waste").status == 404


def test_two_clicks_waste_what_is_left(
    app: Flask, browser: Browser, personas: Personas, record: int
) -> None:
    number = opened(app, personas, record, minutes=30)
    browser.sign_in("manager_a")
    page = browser.get(f"/open-vials/{number}/waste")
    answer = browser.submit(page, button="Record Wastage")
    assert answer.status == 303
    with app.app_context():
        assert (available(record), vial(number).state) == (10, "wasted")


def test_what_a_count_took_off_today_is_asked_about_and_may_still_be_wasted(
    app: Flask, browser: Browser, personas: Personas, record: int
) -> None:
    number = opened(app, personas, record, minutes=30)
    with app.app_context():
        booked(stock.scope_for(personas, "manager_a"), record, 1, back=0)
    browser.sign_in("manager_a")
    page = browser.get(f"/open-vials/{number}/waste")
    assert "a count already removed missing doses from this record" in page.root.text
    unsure = browser.submit(page, button="Record Wastage")
    assert (unsure.status, len(unsure.root.all("input", name="confirmed"))) == (422, 1)
    answer = browser.submit(unsure, {"confirmed": "y"}, button="Record Wastage")
    assert answer.status == 303
    with app.app_context():
        assert (available(record), vial(number).state) == (9, "wasted")


def test_more_than_is_left_comes_back_with_the_reason(
    app: Flask, browser: Browser, personas: Personas, record: int
) -> None:
    number = opened(app, personas, record, minutes=30)
    browser.sign_in("manager_a")
    page = browser.get(f"/open-vials/{number}/waste")
    answer = browser.submit(page, {"doses": "11", "note": "Spilled"}, button="Record Wastage")
    assert answer.status == 422
    assert "Only 9 doses are left in this vial." in answer.root.text
    assert answer.root.one("textarea").text == "Spilled"
    with app.app_context():
        assert available(record) == 19


def test_one_click_adds_the_extra_dose_and_another_window_does_not_repeat_it(
    app: Flask, browser: Browser, personas: Personas, record: int
) -> None:
    opened(app, personas, record, minutes=30, doses=10)
    browser.sign_in("manager_a")
    page, other_window = browser.get("/"), browser.get("/")
    assert "Used up: 10 doses" in page.root.text
    assert browser.submit(page, button="Extra Dose").status == 303
    assert "1 extra dose was added." in browser.get("/").root.text
    assert browser.submit(other_window, button="Extra Dose").status == 303
    assert "This vial has changed since you looked" in browser.get("/").root.text
    with app.app_context():
        assert available(record) == 11
    assert "Extra Dose" not in card(browser)  # The label admits 11 doses.


def test_a_vial_that_was_not_opened_leaves_the_list(
    app: Flask, browser: Browser, personas: Personas, record: int
) -> None:
    opened(app, personas, record, minutes=30)
    browser.sign_in("provider_a")
    assert "Not Opened" not in card(browser)
    with app.app_context():
        put_back(record, now())
    page = browser.get("/")
    assert browser.submit(page, button="Not Opened").status == 303
    assert card(browser) == ""
