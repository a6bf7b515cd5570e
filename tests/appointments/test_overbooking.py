"""Staff book beyond the places of a time on purpose, with a reason, and it is listed (SPEC G7)."""

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.appointments.models import Appointment
from blueprints.appointments.pages import when
from blueprints.appointments.services import cancel, move
from blueprints.scheduling.rules import Hours
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.appointments import booking
from tests.appointments.booking import (
    PFIZER,
    booked,
    day_in,
    given,
    offered,
    person,
    slot_at,
    taken,
)
from tests.client import Browser, Page
from tests.personas import Personas


@pytest.fixture
def full(scope: Scope) -> int:
    """A slot in three days at nine, whose one place is taken."""
    offered(scope, places=1)
    slot = slot_at(scope.location_id, 3)
    booked(scope, person(scope, "Ann", "First"), slot)
    return slot


def times_of(browser: Browser, scope: Scope, recipient: int) -> Page:
    return browser.get(
        f"/appointments/schedule/{recipient}/at/{scope.location_id}?day={day_in(3).isoformat()}"
    )


def test_a_full_time_is_overbooked_with_a_reason_and_listed(
    scope: Scope, browser: Browser, full: int
) -> None:
    maria = person(scope)
    manager = browser.sign_in("manager_a")
    link = times_of(manager, scope, maria).root.with_text("a", "9:00 AM Full: Overbook")
    page = manager.get(link.attributes["href"])
    assert "1 of 1 place" in page.root.text
    page = manager.submit(page, {"reason": "  "}, button="Overbook")
    assert page.status == 422
    assert taken(full) == 1
    page = manager.submit(page, {"reason": "Came with her mother"}, button="Overbook", follow=True)
    assert page.root.one("h1").text == "Appointment Details"
    assert taken(full) == 2
    page = manager.get(page.root.with_text("a", "Continue").attributes["href"])
    manager.submit(page, {}, button="Complete Appointment")
    page = manager.get("/appointments/overbooked")
    (row,) = page.root.one("tbody").all("tr")
    for said in ("Maria Exampleton", "2 of 1 place", "Came with her mother", "Manager A"):
        assert said in row.text
    record = manager.get(row.all("a")[0].attributes["href"])
    assert "Overbooked because Came with her mother" in record.root.text
    number = int(row.all("a")[0].attributes["href"].rpartition("/")[2])
    with unit_of_work():
        cancel(appointment_id=number, reason="Ill", actor=scope.user)
    assert taken(full) == 1
    assert "Nothing is overbooked" in manager.get("/appointments/overbooked").root.text


def test_an_appointment_moves_to_a_full_time_and_on(
    scope: Scope, browser: Browser, full: int
) -> None:
    other = slot_at(scope.location_id, 3, 570)
    number = booked(scope, person(scope), other)
    manager = browser.sign_in("manager_a")
    page = manager.get(f"/appointments/{number}/change?day={day_in(3).isoformat()}")
    page = manager.get(page.root.with_text("a", "9:00 AM Full: Overbook").attributes["href"])
    assert f"Instead of {when(day_in(3), 570)}" in page.root.text
    back = page.root.with_text("a", "Cancel").attributes["href"]
    assert back.startswith(f"/appointments/{number}/change?")
    page = manager.submit(page, {"reason": "Same car"}, button="Overbook")
    assert page.leads_to == f"/appointments/{number}"
    moved = booking.appointment(number)
    assert (moved.slot_id, moved.overbook_reason) == (full, "Same car")
    assert [taken(full), taken(other)] == [2, 0]
    # At a time with free places it is an appointment like any other.
    with unit_of_work():
        move(appointment_id=number, slot_id=other, actor=scope.user)
    assert booking.appointment(number).overbook_reason == ""
    assert [taken(full), taken(other)] == [1, 1]


def test_of_two_appointments_the_one_that_is_changed_moves(
    scope: Scope, browser: Browser, full: int
) -> None:
    maria = person(scope)
    first = booked(scope, maria, slot_at(scope.location_id, 4, 570))
    given(scope, maria, PFIZER, days_ago=30)
    second = booked(scope, maria, slot_at(scope.location_id, 5, 570))
    manager = browser.sign_in("manager_a")
    for number, day in ((first, 4), (second, 5)):
        page = manager.get(f"/appointments/{number}/change?day={day_in(3).isoformat()}")
        address = page.root.with_text("a", "9:00 AM Full: Overbook").attributes["href"]
        page = manager.get(address)
        assert f"Instead of {when(day_in(day), 570)}" in page.root.text
        page = manager.submit(page, {"reason": "Same car"}, button="Overbook")
        assert page.leads_to == f"/appointments/{number}"
        assert booking.appointment(number).slot_id == full
        # An appointment that is over cannot be moved.
        with unit_of_work():
            cancel(appointment_id=number, reason="Ill", actor=scope.user, later_doses=True)
        assert manager.get(address).status == 409


def test_a_full_day_can_be_opened_by_who_may_overbook(
    app: Flask, scope: Scope, personas: Personas, full: int
) -> None:
    offered(scope, places=1, weekly=((Hours(540, 570),),) * 7)
    maria = person(scope)
    address = f"/appointments/schedule/{maria}/at/{scope.location_id}"
    day, month = f"{address}?day={day_in(3).isoformat()}", f"{address}?month={day_in(3):%Y-%m}"
    manager, provider = (
        {link.attributes["href"] for link in one.get(month).root.all("a")}
        for one in (
            Browser(app, personas).sign_in("manager_a"),
            Browser(app, personas).sign_in("provider_a"),
        )
    )
    assert day in manager
    assert day not in provider


def test_only_the_manager_may_and_no_rule_of_the_dose_is_broken(
    app: Flask, scope: Scope, browser: Browser, personas: Personas, full: int
) -> None:
    maria = person(scope)
    provider = browser.sign_in("provider_a")
    assert "Overbook" not in times_of(provider, scope, maria).root.text
    address = f"/appointments/schedule/{maria}/overbook/{full}"
    assert provider.get(address).status == 403
    given(scope, maria, PFIZER, days_ago=2)  # the second dose is not due in three days
    manager = Browser(app, personas).sign_in("manager_a")
    page = manager.submit(manager.get(address), {"reason": "In a hurry"}, button="Overbook")
    assert page.status == 409
    assert "Too early until" in page.root.text
    assert taken(full) == 1


def test_another_clinic_is_not_overbooked(
    scope: Scope, scope_b: Scope, browser: Browser, full: int
) -> None:
    offered(scope_b, places=1)
    theirs = slot_at(scope_b.location_id, 3)
    booked(scope_b, person(scope_b, "Bea", "First"), theirs)
    maria = person(scope)
    manager = browser.sign_in("manager_a")
    day = f"day={day_in(3).isoformat()}"
    page = manager.get(f"/appointments/schedule/{maria}/at/{scope_b.location_id}?{day}")
    assert "9:00 AM Full" in page.root.text
    assert "Overbook" not in page.root.text
    assert manager.get(f"/appointments/schedule/{maria}/overbook/{theirs}").status == 404
    mine = booked(scope, maria, slot_at(scope.location_id, 4))
    page = manager.get(f"/appointments/{mine}/change?location={scope_b.location_id}&{day}")
    assert "9:00 AM Full" in page.root.text
    assert "Overbook" not in page.root.text
    assert manager.get(f"/appointments/schedule/{maria}/overbook/{theirs}").status == 404
    assert taken(theirs) == 1


def test_a_place_that_is_free_again_is_simply_taken(
    scope: Scope, browser: Browser, full: int
) -> None:
    maria = person(scope)
    manager = browser.sign_in("manager_a")
    page = manager.get(f"/appointments/schedule/{maria}/overbook/{full}")
    with unit_of_work() as session:
        number = session.scalars(select(Appointment.id).where(Appointment.slot_id == full)).one()
        cancel(appointment_id=number, reason="Ill", actor=scope.user)
    page = manager.submit(page, {"reason": "Her mother"}, button="Overbook", follow=True)
    assert taken(full) == 1
    assert "Nothing is overbooked" in manager.get("/appointments/overbooked").root.text
