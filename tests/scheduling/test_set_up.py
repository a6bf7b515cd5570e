"""A manager sets up what the location offers (SPEC G1)."""

from datetime import timedelta

from flask import Flask

from blueprints.scheduling.queries import days, next_free_day, times
from blueprints.scheduling.services import claim
from portal.clock import today
from portal.db import unit_of_work
from tests.client import Browser
from tests.personas import Personas

PAGE = "/scheduling/"


def test_turning_it_on_makes_times_that_can_be_claimed(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    browser.sign_in("manager_a")
    account = browser.get(f"/locations/{personas.locations['A']}")
    page = browser.get(account.root.with_text("a", "Appointment Scheduling").attributes["href"])
    hours = {f"day_{number}": "8am-12pm, 1 pm to 5 pm" for number in range(7)}
    page = browser.submit(page, {"active": "y", **hours}, button="Save", follow=True)
    assert "Saved." in page.root.text
    assert page.root.one("input", name="day_0").attributes["value"] == (
        "8:00 AM – 12:00 PM, 1:00 PM – 5:00 PM"
    )
    place = personas.locations["A"]
    with app.app_context(), unit_of_work():
        tomorrow = today("America/New_York") + timedelta(days=1)
        offered = times(place, tomorrow)
        assert [each.minute for each in offered][:2] == [480, 495]
        assert len(offered) == 32
        assert claim(offered[0].slot_id).taken == 1
        assert times(place, tomorrow)[0].free == 3
        assert [each.free for each in days(place, tomorrow, tomorrow)] == [127]
        assert next_free_day(place) is not None
