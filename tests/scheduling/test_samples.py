"""What the tests of the whole house find at this module's page."""

from flask import Flask

from tests.client import Browser
from tests.inventory.stock import scope_for
from tests.personas import Personas
from tests.samples import Making, Place
from tests.scheduling.samples import make


def test_a_location_shows_its_own_days_only_and_nobody_elses_can_be_removed(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    with app.app_context():
        places = (
            Place("A", scope_for(personas, "manager_a"), ""),
            Place("B", scope_for(personas, "manager_b"), "SIGNOFB"),
        )
        making = Making(app, personas, places)
        make(making)
    there = browser.sign_in("manager_b").get("/scheduling/")
    assert "Closed SIGNOFB" in there.root.text
    assert "1 booking, 0 places" in there.root.text
    page = browser.sign_in("manager_a").get("/scheduling/")
    assert "SIGNOFB" not in page.root.text
    (form,) = [one for one in page.root.all("form") if "/remove" in one.attributes["action"]]
    own, theirs = (f"/{making.ids['schedule_day'][letter]}/" for letter in "AB")
    form.attributes["action"] = form.attributes["action"].replace(own, theirs)
    assert browser.submit(page, button="Remove").status == 404
    assert "SIGNOFB" in browser.sign_in("manager_b").get("/scheduling/").root.text
