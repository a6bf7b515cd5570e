"""The three ways of the guides to check somebody in, and walk-ins (SPEC G2)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from blueprints.appointments.numbers import new_number
from blueprints.appointments.services import cancel, close
from blueprints.checkin.day import DayLine
from blueprints.checkin.models import Arrival
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from portal.module import Fill, Registry
from tests.appointments import booking
from tests.appointments.booking import person
from tests.checkin.arriving import (
    arrival,
    arrivals,
    booked_on,
    booked_today,
    checked_in,
    vaccinated,
)
from tests.client import Browser, Page, fields_of
from tests.people.steps import trail
from tests.statements import watched

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
    assert "01/31/1950" in page.root.one("main").text
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
    home.root.with_text("h3", "Recipient Check In")
    typed = booking.number_of(number).lower()
    page = browser.submit(
        home, {"number": typed}, action="/checkin/recipient", button="Go", follow=True
    )
    assert page.root.one("h1").text == "Check in Maria Exampleton"
    for wrong, said in (
        ("", "Please fill in"),
        ("K7M-4QX", "nine letters and digits"),
        ("K7M-4QX-9TR", "typing error"),
        (new_number(), "No appointment at this location"),
    ):
        refused = browser.submit(browser.get("/checkin/recipient"), {"number": wrong}, button="Go")
        assert refused.status == 422
        assert said in refused.root.one("main").text, wrong


def test_a_number_whose_appointment_is_over_is_told_apart(scope: Scope, browser: Browser) -> None:
    slot = 720
    closed, canceled = (
        booked_today(scope, person(scope, f"Sample{each}"), slot) for each in range(2)
    )
    with unit_of_work():
        close(appointment_id=closed, actor=scope.user)
        cancel(appointment_id=canceled, reason="Ill", actor=scope.user)
    browser.sign_in("provider_a")
    for number, said in ((closed, "over"), (canceled, "was canceled")):
        late = browser.get(f"/checkin/appointments/{number}")
        assert late.leads_to == f"/appointments/{number}"
        typed = {"number": booking.number_of(number)}
        refused = browser.submit(browser.get("/checkin/recipient"), typed, button="Go")
        assert refused.status == 422
        assert said in refused.root.one("main").text


def test_the_menu_of_appointments_offers_it_for_today(scope: Scope, browser: Browser) -> None:
    number = booked_today(scope, person(scope))
    tomorrow = scope.today() + timedelta(days=1)
    booked_on(scope, person(scope, "Bill"), now() + timedelta(days=1), tomorrow, 720)
    browser.sign_in("provider_a")
    page = browser.get("/appointments/")
    (link,) = [each for each in page.root.all("a") if each.text == "Check In"]
    assert link.attributes["href"] == f"/checkin/appointments/{number}"
    browser.submit(browser.get(link.attributes["href"]), TICKED, button="Check In")
    browser.get("/appointments/").root.with_text("a", "Open Check-in")
    assert browser.get("/appointments/1").root.with_text("a", "Open Check-in")
    browser.sign_in("readonly_a")
    page = browser.get("/appointments/")
    assert not [each for each in page.root.all("a") if "Check" in each.text]


def test_the_menus_of_a_page_are_asked_for_in_one_call(
    app: Flask, scope: Scope, browser: Browser
) -> None:
    browser.sign_in("provider_a")
    counts = []
    for _turn in range(2):
        for each in range(4):
            booked_today(scope, person(scope, f"Sample{each}"), 700 + each)
        browser.get("/appointments/")
        with watched(app) as seen:
            browser.get("/appointments/")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_walk_in_is_registered_and_checked_in_where_nothing_is_scheduled(
    scope: Scope, browser: Browser
) -> None:
    browser.sign_in("provider_a")
    page = browser.get("/checkin/recipient")
    typed = {"text": "Walker", "birth_date": "01/31/1950"}
    found = browser.submit(page, typed, action="/recipients/find", button="Search", follow=True)
    assert "Nobody found" in found.root.text
    typed = {"first_name": "Wanda", "last_name": "Walker", "birth_date": "01/31/1950"}
    form = browser.get(found.root.with_text("a", "Register").attributes["href"])
    record = browser.submit(form, typed, button="Register", follow=True)
    page = browser.get(record.root.with_text("a", "Check In").attributes["href"])
    assert "Walk-in" in page.root.one("main").text
    there = browser.submit(page, TICKED, button="Check In", follow=True)
    assert "Appointment Walk-in" in status_of(there)
    assert "Walker, Wanda" in browser.get("/").root.text
    assert arrival(1).appointment_id is None
    record = browser.get("/recipients/1")
    assert record.root.with_text("a", "Open Check-in").attributes["href"] == "/checkin/1"


def test_the_second_door_is_told_who_was_faster(scope: Scope, browser: Browser) -> None:
    number = booked_today(scope, person(scope))
    browser.sign_in("provider_a")
    page = browser.get(f"/checkin/appointments/{number}")
    checked_in(scope, 1, number)
    late = browser.submit(page, TICKED, button="Check In")
    assert late.status == 409
    assert "Already checked in by Manager A" in late.root.text
    assert late.root.with_text("a", "Open Check-in").attributes["href"] == "/checkin/1"
    again = browser.get(f"/checkin/appointments/{number}")
    assert again.status == 303
    assert again.leads_to == "/checkin/1"
    assert len(arrivals()) == 1


def test_a_form_sent_twice_checks_in_once(scope: Scope, browser: Browser) -> None:
    number = booked_today(scope, person(scope))
    browser.sign_in("provider_a")
    page = browser.get(f"/checkin/appointments/{number}")
    for _turn in range(2):
        assert browser.submit(page, TICKED, button="Check In").leads_to == "/checkin/1"
    assert len(arrivals()) == 1


def test_an_appointment_of_another_day_is_pointed_out(scope: Scope, browser: Browser) -> None:
    tomorrow = scope.today() + timedelta(days=1)
    number = booked_on(scope, person(scope), now() + timedelta(days=1), tomorrow, 720)
    browser.sign_in("provider_a")
    page = browser.get(f"/checkin/appointments/{number}")
    assert "This appointment is not for today" in page.root.text
    browser.submit(page, TICKED, button="Check In")
    assert (arrival(1).appointment_id, arrival(1).day) == (number, scope.today())


def test_steps_lead_from_waiting_to_the_chair_and_back_or_away(
    scope: Scope, browser: Browser
) -> None:
    checked_in(scope, person(scope))
    browser.sign_in("provider_a")

    def press(button: str) -> Page:
        return browser.submit(browser.get("/checkin/1"), {}, button=button, follow=True)

    assert "Status At the chair" in status_of(press("Call to the Chair"))
    assert "Status Waiting" in status_of(press("Back to Waiting"))
    page = browser.get("/checkin/1/leave")
    assert browser.submit(page, {"reason": " "}, button="Left Without a Dose").status == 422
    typed = {"reason": "Has a fever"}
    today = browser.submit(page, typed, button="Left Without a Dose", follow=True)
    assert today.root.one("h1").text == "Today at This Clinic"
    assert "Has a fever" in today.root.text
    assert "Status Waiting" in status_of(press("Back to Waiting"))
    assert "the check-in was undone" in press("Undo Check-in").root.text
    assert arrival(1).state == "undone"
    assert "Exampleton" not in browser.get("/checkin/").root.text


def test_what_somebody_else_did_since_is_said(scope: Scope, browser: Browser) -> None:
    checked_in(scope, person(scope))
    browser.sign_in("provider_a")
    page = browser.get("/checkin/1")
    vaccinated(scope, 1)
    late = browser.submit(page, {}, button="Undo Check-in")
    assert late.status == 409
    assert "Someone else was faster. The recipient is now: Observing." in late.root.text
    done = browser.submit(late, {}, button="Finish", follow=True)
    assert "the visit is finished" in done.root.text
    assert arrival(1).state == "done"


@pytest.mark.parametrize("step", ["chair", "waiting", "finish", "undo", "leave"])
def test_read_only_sees_and_changes_nothing(scope: Scope, browser: Browser, step: str) -> None:
    checked_in(scope, person(scope))
    browser.sign_in("readonly_a")
    page = browser.get("/checkin/1")
    assert page.status == 200
    assert page.root.one("main").all("form") == []
    home = browser.get("/")
    assert home.root.with_text("a", "Exampleton, Maria").attributes["href"] == "/checkin/1"
    token = fields_of(page.form(action="/sign-out"))
    assert browser.post(f"/checkin/1/{step}", token).status == 403
    assert arrival(1).version == 1


def offer_vaccinate(_scope: Scope, arrival: Arrival) -> dict[str, Any] | None:
    """What another module offers as the next step."""
    if arrival.state not in {"waiting", "at_chair"}:
        return None
    return {"label": "Vaccinate", "href": f"/somewhere/{arrival.id}", "primary": True}


def say_lots(_scope: Scope, lines: Sequence[DayLine]) -> dict[str, Any]:
    """What another module says of people on the list."""
    here = [line.arrival_id for line in lines if line.arrival_id]
    return {
        "notes": dict.fromkeys(here, "Lot EL9318A"),
        "ways": {number: ("Go On", f"/onward/{number}") for number in here},
    }


def test_other_modules_offer_the_next_step_and_say_more_on_the_list(
    scope: Scope, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    fills = {"arrival.next": "offer_vaccinate", "arrival.row": "say_lots"}
    known = Registry.fills

    def with_more(registry: Registry, slot: str) -> list[Fill]:
        name = fills.get(slot)
        more = f"{__name__}:{name}"
        made = Fill(slot=slot, function=more, template="", capability="checkin.handle")
        return [made] if name else known(registry, slot)

    monkeypatch.setattr(Registry, "fills", with_more)
    number = booked_today(scope, person(scope))
    browser.sign_in("provider_a")
    page = browser.get(f"/checkin/appointments/{number}")
    on = browser.submit(page, TICKED, button="Check In and Go On")
    assert on.leads_to == "/somewhere/1"
    link = browser.get("/checkin/1").root.with_text("a", "Vaccinate")
    assert "primary" in link.attributes["class"]
    listed = browser.get("/checkin/").root
    assert "Lot EL9318A" in listed.text
    assert listed.with_text("a", "Go On").attributes["href"] == "/onward/1"
    vaccinated(scope, 1)
    assert "Vaccinate" not in browser.get("/checkin/1").root.one("main").text
