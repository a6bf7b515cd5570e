"""A manager sets up what the location offers (SPEC G1)."""

from datetime import date, timedelta

import pytest
from flask import Flask

from blueprints.scheduling.queries import days, next_free_day, times
from blueprints.scheduling.services import claim
from portal.access.scope import Scope
from portal.clock import today
from portal.db import unit_of_work
from tests.client import Browser, Page
from tests.personas import Personas
from tests.scheduling.offering import offer, rows, take

PAGE = "/scheduling/"
HOURS = {f"day_{number}": "8am-12pm, 1 pm to 5 pm" for number in range(7)}
SHOWN = "8:00 AM – 12:00 PM, 1:00 PM – 5:00 PM"


def tomorrow() -> date:
    return today("America/New_York") + timedelta(days=1)


def typed(page: Page, name: str) -> str:
    return page.root.one("input", name=name).attributes.get("value", "")


@pytest.fixture
def manager(browser: Browser) -> Browser:
    """A's manager, signed in."""
    return browser.sign_in("manager_a")


def test_turning_it_on_makes_times_that_can_be_claimed(
    app: Flask, manager: Browser, personas: Personas
) -> None:
    place = personas.locations["A"]
    account = manager.get(f"/locations/{place}")
    page = manager.get(account.root.with_text("a", "Appointment Scheduling").attributes["href"])
    page = manager.submit(page, {"active": "y", **HOURS}, button="Save", follow=True)
    assert "Saved." in page.root.text
    assert typed(page, "day_0") == SHOWN
    with app.app_context(), unit_of_work():
        offered = times(place, tomorrow())
        assert [each.minute for each in offered][:2] == [480, 495]
        assert len(offered) == 32
        assert claim(offered[0].slot_id).taken == 1
        assert times(place, tomorrow())[0].free == 3
        assert [each.free for each in days(place, tomorrow(), tomorrow())] == [127]
        assert next_free_day(place) is not None
    account = manager.get(f"/locations/{place}").root.text
    assert "Appointments On" in account
    assert "Who can make appointments Staff only" in account


def test_what_cannot_be_offered_comes_back_as_it_was_typed(manager: Browser) -> None:
    page = manager.get(PAGE)
    page = manager.submit(page, {"active": "y", "day_2": "8-5"}, button="Save")
    assert page.status == 422
    assert "Wednesday: Add AM or PM to each time" in page.root.text
    assert typed(page, "day_2") == "8-5"
    page = manager.submit(page, {"day_2": ""}, button="Save")
    assert page.status == 422
    assert "Enter hours for at least one day" in page.root.text


def test_a_preview_shows_the_coming_weeks_and_saves_nothing(manager: Browser, scope: Scope) -> None:
    offer(scope)
    take(scope.location_id, tomorrow(), 540, 2)
    before = [(row.id, row.open) for row in rows(scope.location_id)]
    page = manager.submit(manager.get(PAGE), {**HOURS, "day_6": "10am-noon"}, button="Preview")
    assert page.status == 200
    assert "The coming four weeks, not saved yet" in page.root.text
    assert typed(page, "day_6") == "10am-noon"
    page = manager.submit(page, {f"day_{each}": "10am-noon" for each in range(7)}, button="Preview")
    assert "2 bookings would not fit this schedule. They would be kept." in page.root.text
    assert [(row.id, row.open) for row in rows(scope.location_id)] == before


def test_what_is_booked_is_named_before_it_is_saved_and_listed_afterwards(
    manager: Browser, scope: Scope
) -> None:
    offer(scope)
    take(scope.location_id, tomorrow(), 540, 2)
    shorter = {f"day_{each}": "10am-noon" for each in range(7)}
    page = manager.submit(manager.get(PAGE), shorter, button="Save")
    assert page.status == 409
    assert "2 bookings do not fit this schedule." in page.root.text
    assert len(rows(scope.location_id)) > 100
    page = manager.submit(page, button="Save", follow=True)
    assert "Saved." in page.root.text
    assert "Bookings that do not fit the schedule" in page.root.text
    assert f"{tomorrow():%m/%d/%Y}, 9:00 AM: 2 bookings, 0 places" in page.root.text


def test_the_second_of_two_managers_is_told_and_keeps_what_was_typed(
    app: Flask, manager: Browser, personas: Personas, scope: Scope
) -> None:
    offer(scope)
    mine = manager.get(PAGE)
    colleague = Browser(app, personas).sign_in("manager_ab")
    colleague.submit(colleague.get(PAGE), {"places": "7"}, button="Save")
    page = manager.submit(mine, {"slot_minutes": "20"}, button="Save")
    assert page.status == 409
    assert "Someone else changed the schedule. Your changes aren't saved yet." in page.root.text
    assert typed(page, "slot_minutes") == "20"
    saved = page.root.one("details", id="saved").text
    assert "People at the same time 7" in saved
    page = manager.submit(page, button="Save", follow=True)
    assert "Saved." in page.root.text
    assert (typed(page, "slot_minutes"), typed(page, "places")) == ("20", "3")


def test_a_closed_day_is_added_and_removed(manager: Browser, scope: Scope) -> None:
    offer(scope)
    day = tomorrow()
    values = {"day": f"{day:%m/%d/%Y}", "reason": "Staff training"}
    page = manager.submit(manager.get(PAGE), values, button="Add Day", follow=True)
    assert f"{day:%m/%d/%Y} Closed Staff training" in " ".join(page.root.text.split())
    with unit_of_work(write=False):
        (found,) = days(scope.location_id, day, day)
        assert (found.free, found.reason) == (0, "Closed: Staff training")
    page = manager.submit(page, button="Remove", follow=True)
    assert "The day follows the weekly hours again." in page.root.text
    with unit_of_work(write=False):
        assert days(scope.location_id, day, day)[0].free == 42


def test_closing_a_booked_day_asks_first(manager: Browser, scope: Scope) -> None:
    offer(scope)
    take(scope.location_id, tomorrow(), 540)
    values = {"day": f"{tomorrow():%m/%d/%Y}"}
    page = manager.submit(manager.get(PAGE), values, button="Add Day")
    assert page.status == 409
    assert "1 booking does not fit this schedule." in page.root.text
    page = manager.submit(page, button="Add Day", follow=True)
    assert "Saved." in page.root.text
    assert "Bookings that do not fit the schedule" in page.root.text


def test_a_special_day_with_bookings_is_removed_on_purpose_only(
    manager: Browser, scope: Scope
) -> None:
    offer(scope)
    values = {"day": f"{tomorrow():%m/%d/%Y}", "hours": "6pm-8pm", "reason": "Evening"}
    page = manager.submit(manager.get(PAGE), values, button="Add Day", follow=True)
    take(scope.location_id, tomorrow(), 18 * 60)
    page = manager.submit(page, button="Remove")
    assert page.status == 409
    page = manager.submit(page, button="Remove", follow=True)
    assert "The day follows the weekly hours again." in page.root.text


def test_the_calendar_leads_to_the_hours_of_a_day(manager: Browser, scope: Scope) -> None:
    offer(scope)
    take(scope.location_id, tomorrow(), 540, 3)
    page = manager.get(f"{PAGE}?day={tomorrow()}")
    hours = [item.text for item in page.root.one("ul", class_="hours").all("li")]
    assert hours[:2] == ["9:00 AM Full", "9:30 AM 3 places"]
    part = manager.get(f"{PAGE}?day={tomorrow()}", region="schedule-calendar")
    assert "<html" not in part.html
    assert part.root.one("ul", class_="hours")
    for nonsense in ("?day=never", "?month=2027-13", "?month=9999-12", "?day=0001-01-01"):
        assert manager.get(PAGE + nonsense).status == 200


def test_who_may_look_and_who_may_change(app: Flask, browser: Browser, personas: Personas) -> None:
    for who, status in (("provider_a", 403), ("readonly_a", 403), ("manager_b", 200)):
        assert browser.sign_in(who).get(PAGE).status == status, who
