"""The second dose: on which days, and when not at all (SPEC G4)."""

from datetime import timedelta

import pytest
from flask import Flask

from blueprints.appointments.next_dose import NotDue
from blueprints.appointments.services import cancel, hold, let_go
from blueprints.scheduling.services import SlotTaken
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.errors import Conflict
from tests.appointments import booking
from tests.appointments.booking import (
    FLU,
    JANSSEN,
    MODERNA,
    PFIZER,
    booked,
    offered,
    person,
    slot_at,
)
from tests.client import Browser


@pytest.mark.parametrize(
    ("product", "after", "offered_then"),
    [
        (PFIZER, 16, False),
        (PFIZER, 17, True),
        (PFIZER, 20, True),
        (PFIZER, 21, True),
        (MODERNA, 21, False),
        (MODERNA, 23, False),
        (MODERNA, 24, True),
        (MODERNA, 28, True),
    ],
)
def test_a_second_dose_is_held_from_the_first_possible_day_on(
    scope: Scope, product: str, after: int, offered_then: bool
) -> None:
    offered(scope)
    recipient = person(scope)
    booking.given(scope, recipient, product, days_ago=10)
    slot = slot_at(scope.location_id, after - 10)
    if offered_then:
        assert booking.appointment(booking.held(scope, recipient, slot)).dose_number == 2
    else:
        with pytest.raises(SlotTaken, match="Too early until"), unit_of_work():
            hold(recipient_id=recipient, slot_id=slot, actor=scope.user)
        assert booking.taken(slot) == 0


def test_a_one_dose_vaccine_has_no_second(scope: Scope) -> None:
    offered(scope)
    recipient = person(scope)
    booking.given(scope, recipient, JANSSEN, days_ago=40)
    slot = slot_at(scope.location_id, 2)
    with pytest.raises(NotDue, match="only one dose"), unit_of_work():
        hold(recipient_id=recipient, slot_id=slot, actor=scope.user)


def test_a_flu_dose_is_no_dose_of_the_program(scope: Scope) -> None:
    offered(scope)
    recipient = person(scope)
    booking.given(scope, recipient, FLU, days_ago=3)
    assert booking.status(recipient) == "registered"
    first = booking.held(scope, recipient, slot_at(scope.location_id, 2))
    assert booking.appointment(first).dose_number == 1
    with unit_of_work():
        let_go(appointment_id=first)
    booking.given(scope, recipient, PFIZER, days_ago=30)
    booking.given(scope, recipient, FLU, days_ago=1, dose=2)
    assert booking.status(recipient) == "dose_1_administered"
    second = booking.held(scope, recipient, slot_at(scope.location_id, 2))
    assert booking.appointment(second).dose_number == 2


def test_a_complete_series_has_no_more(scope: Scope) -> None:
    offered(scope)
    recipient = person(scope)
    booking.given(scope, recipient, PFIZER, days_ago=60)
    booking.given(scope, recipient, PFIZER, days_ago=30, dose=2)
    slot = slot_at(scope.location_id, 2)
    with pytest.raises(NotDue, match="All doses"), unit_of_work():
        hold(recipient_id=recipient, slot_id=slot, actor=scope.user)


def test_both_doses_share_one_number_and_the_status_follows(scope: Scope) -> None:
    offered(scope)
    recipient = person(scope)
    first = booked(scope, recipient, slot_at(scope.location_id, 1))
    booking.given(scope, recipient, MODERNA, days_ago=25)
    assert booking.status(recipient) == "dose_1_administered"
    second = booked(scope, recipient, slot_at(scope.location_id, 4))
    assert booking.number_of(first) == booking.number_of(second)
    assert booking.status(recipient) == "dose_2_scheduled"
    with pytest.raises(Conflict, match="help desk"), unit_of_work():
        cancel(appointment_id=second, reason="Ill", actor=scope.user)
    with unit_of_work():
        cancel(appointment_id=second, reason="Ill", actor=scope.user, later_doses=True)
    assert booking.status(recipient) == "dose_1_administered"


def test_the_page_marks_the_recommended_day_and_says_what_is_too_early(
    app: Flask, scope: Scope, browser: Browser
) -> None:
    offered(scope)
    recipient = person(scope)
    booking.given(scope, recipient, PFIZER, days_ago=10)
    browser.sign_in("provider_a")
    start = browser.get(f"/appointments/schedule/{recipient}")
    best = booking.day_in(11)
    assert f"Recommended day: {best:%m/%d/%Y}" in start.root.text
    href = start.root.with_text("a", "Schedule Second Dose").attributes["href"]
    page = browser.get(href)
    assert page.root.with_text("a", f"{best:%m/%d/%Y}")
    early = best - timedelta(days=5)
    page = browser.get(f"{href}?day={early.isoformat()}")
    assert "Too early" in page.root.text
    assert not page.root.all("button", name="slot")


def test_staff_are_given_the_request_for_the_help_desk(
    app: Flask, scope: Scope, browser: Browser
) -> None:
    offered(scope)
    recipient = person(scope)
    booking.given(scope, recipient, PFIZER, days_ago=30)
    number = booked(scope, recipient, slot_at(scope.location_id, 2))
    browser.sign_in("provider_a")
    page = browser.get(f"/appointments/cancel?tick={number}")
    text = page.root.one("textarea").text
    assert "Maria Exampleton" in text
    assert booking.number_of(number)[:3] in text
    assert booking.appointment(number).state == "new"
    browser.sign_in("agent")
    address = f"/appointments/{number}/cancel-second-dose"
    page = browser.submit(
        browser.get(address), {"reason": "As asked"}, button="Cancel Appointment", follow=True
    )
    assert booking.appointment(number).state == "canceled"
    assert "As asked" in page.root.text
