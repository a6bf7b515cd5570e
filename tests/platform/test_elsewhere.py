"""A form that was opened at one location is not sent at another (SPEC A3, A4)."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from blueprints.counts.models import StockCount
from blueprints.inventory.models import StockThreshold
from portal.db import unit_of_work
from portal.drafts import Draft
from portal.people.models import User, UserLocation
from tests.client import Browser, navigate
from tests.inventory import stock
from tests.personas import Personas
from tests.wastage.test_wastage import line_of


def switch(browser: Browser, letter: str) -> None:
    """As in another tab."""
    page = browser.get("/switch-location")
    token = page.root.all("input", name="csrf_token")[0].attributes["value"]
    place = str(browser.personas.locations[letter])
    browser.post("/switch-location", {"csrf_token": token, "location_id": place})


def left(app: Flask, model: type) -> int:
    with app.app_context(), unit_of_work(write=False) as session:
        return len(session.scalars(select(model)).all())


@pytest.fixture
def both(app: Flask, browser: Browser, personas: Personas) -> Browser:
    """Who works at A and B, now at A; there are doses at both."""
    with app.app_context():
        for who in ("manager_a", "manager_b"):
            stock.add(stock.scope_for(personas, who))
    return browser.sign_in("manager_ab")


@pytest.mark.parametrize(
    ("path", "values", "button", "model"),
    [
        ("/alerts/", {"expiry_days": "33", "low_doses": "7"}, "Save", StockThreshold),
        ("/counts/", {}, "Start Count", StockCount),
    ],
)
def test_nothing_is_done_at_the_location_the_page_did_not_speak_of(
    app: Flask, both: Browser, path: str, values: dict[str, str], button: str, model: type
) -> None:
    page = both.get(path)
    switch(both, "B")
    refused = both.submit(page, values, button=button)
    assert refused.status == 409
    said = refused.root.one("main").text
    assert "you are working at Clinic B now. Nothing was saved." in said
    assert "It belongs to Clinic A, where you also work." in said
    assert left(app, model) == 0
    both.submit(refused, button="Switch Location")
    assert both.submit(page, values, button=button).status == 303
    assert left(app, model) == 1


def test_what_was_saved_before_is_not_said_to_be_unsaved(app: Flask, both: Browser) -> None:
    """The answer was lost, and the form is sent once more from where the user works now."""
    page = both.get("/counts/")
    assert both.submit(page, button="Start Count").status == 303
    switch(both, "B")
    again = both.submit(page, button="Start Count")
    assert again.status == 303
    assert "This was already saved" in both.get("/").root.text
    assert left(app, StockCount) == 1


def test_a_form_in_steps_keeps_what_was_typed_and_says_why(app: Flask, both: Browser) -> None:
    page = both.get("/vaccine-inventory/wastage")
    typed = {line_of(page, 1): "3"}
    switch(both, "B")
    refused = both.submit(page, typed, button="Next", region="wizard", follow=True)
    assert refused.root.one("h1").text == "Switch Location"
    said = refused.root.one("main").text
    assert "Nothing was saved. What you entered was kept. Switch back to Clinic A" in said
    assert left(app, Draft) == 1
    there = both.submit(
        refused, {"location_id": str(both.personas.locations["A"])}, action="/switch-location",
        follow=True,
    )  # fmt: skip
    assert there.root.one("input", name=line_of(there, 1)).attributes["value"] == "3"
    assert "You switched to another location before this was sent." in there.root.text
    assert "Date and reason" in both.submit(there, button="Next", follow=True).root.text


def test_a_count_that_was_entered_is_kept_for_its_location(app: Flask, both: Browser) -> None:
    started = both.submit(both.get("/counts/"), button="Start Count", follow=True)
    switch(both, "B")
    refused = both.submit(started, {"counted_1": "98"}, button="Save")
    assert refused.status == 409
    assert "Nothing was saved. What you entered was kept." in refused.root.one("main").text
    there = both.submit(refused, button="Switch Location", follow=True)
    assert there.root.one("input", name="counted_1").attributes["value"] == "98"
    both.submit(there, button="Save")
    page = both.get(started.response.request.path)
    assert page.root.one("input", name="counted_1").attributes["value"] == "98"


def test_a_browser_that_goes_from_page_to_page_is_told_so_too(app: Flask, both: Browser) -> None:
    """The page of that count cannot be shown where its user works now."""
    started = both.submit(both.get("/counts/"), button="Start Count", follow=True)
    switch(both, "B")
    refused = navigate(both).submit(started, {"counted_1": "98"}, button="Save", follow=True)
    assert refused.status == 409
    assert "Nothing was saved. What you entered was kept." in refused.root.one("main").text
    there = both.submit(refused, button="Switch Location", follow=True)
    assert there.root.one("input", name="counted_1").attributes["value"] == "98"


def test_steps_without_script_go_on_at_their_location(app: Flask, both: Browser) -> None:
    page = both.get("/vaccine-inventory/wastage")
    typed = {line_of(page, 1): "3"}
    switch(both, "B")
    refused = both.submit(page, typed, button="Next")
    assert "What you entered was kept." in refused.root.one("main").text
    there = both.submit(refused, button="Switch Location", follow=True)
    assert "Doses" in there.root.one("h2").text
    again = both.submit(there, button="Next", follow=True)
    assert "Date and reason" in again.root.text


def test_who_lost_the_location_meanwhile_is_not_sent_there(
    app: Flask, both: Browser, personas: Personas
) -> None:
    page = both.get("/alerts/")
    with app.app_context(), unit_of_work() as session:
        who = personas.users["manager_ab"]
        session.execute(
            update(UserLocation)
            .where(UserLocation.user_id == who, UserLocation.location_id == personas.locations["A"])
            .values(location_id=personas.locations["C"])
        )
        session.execute(
            update(User).where(User.id == who).values(current_location_id=personas.locations["B"])
        )
    refused = both.submit(page, button="Save")
    assert refused.status == 409
    assert "It belongs to" not in refused.root.text
    assert left(app, StockThreshold) == 0


@pytest.mark.parametrize("bad", ["", "x", "0", "99999999999"])
def test_no_location_at_all_is_refused(both: Browser, bad: str) -> None:
    assert both.submit(both.get("/alerts/"), {"working_at": bad}, button="Save").status == 409
