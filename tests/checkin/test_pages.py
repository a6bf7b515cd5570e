"""The three ways of the guides to check somebody in, and walk-ins (SPEC G2)."""

from datetime import timedelta

import pytest
from flask import Flask

from portal.access.scope import Scope
from tests.appointments import booking
from tests.appointments.booking import person
from tests.checkin.arriving import arrival, arrivals, booked_on, booked_today, checked_in
from tests.client import Browser, Page
from tests.people.steps import trail

TICKED = {"identified_by": ["name", "birth_date"]}


def status_of(page: Page) -> str:
    return page.root.one("dl", class_="hl").text


def test_a_name_on_home_leads_to_the_check_in_and_to_waiting(
    app: Flask, scope: Scope, browser: Browser
) -> None:
    maria = person(scope)
    number = booked_today(scope, maria)
    browser.sign_in("provider_a")
    home = browser.get("/")
    home.root.with_text("h2", "Today’s Appointments")
    link = home.root.with_text("a", "Exampleton, Maria")
    page = browser.get(link.attributes["href"])
    assert page.root.one("h1").text == "Check in Maria Exampleton"
    assert "01/31/1950" in page.root.one("form", class_="form card").text
    refused = browser.submit(page, {"identified_by": ["name"]}, button="Check In")
    assert refused.status == 422
    assert "Confirm two things that tell who this is" in refused.root.text
    there = browser.submit(refused, TICKED, button="Check In", follow=True)
    assert "Maria Exampleton is checked in." in there.root.text
    assert "Status Waiting" in status_of(there)
    found = arrival(1)
    assert (found.state, found.appointment_id) == ("waiting", number)
    assert found.identified_by == "name birth_date"
    assert "Waiting 1" in status_of(browser.get("/"))
    assert len(trail(app, "arrival.checked_in")) == 1
    assert len(trail(app, "recipient.viewed")) == 2


def test_a_confirmation_number_leads_there_too(scope: Scope, browser: Browser) -> None:
    number = booked_today(scope, person(scope))
    browser.sign_in("provider_a")
    home = browser.get("/")
    home.root.with_text("h2", "Recipient Check In")
    typed = booking.number_of(number).lower()
    page = browser.submit(
        home, {"number": typed}, action="/checkin/recipient", button="Go", follow=True
    )
    assert page.root.one("h1").text == "Check in Maria Exampleton"
    for wrong, said in (
        ("", "required"),
        ("K7M-4QX", "nine letters and digits"),
        ("K7M-4QX-9TR", "typing error"),
        ("K7M-4QX-9TX", "No appointment at this location"),
    ):
        refused = browser.submit(browser.get("/checkin/recipient"), {"number": wrong}, button="Go")
        assert refused.status == 422
        assert said in refused.root.text.replace("Fill in", "required"), wrong
