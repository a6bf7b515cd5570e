"""A kept form is of one location and one profile, and overwrites none of another."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import unit_of_work
from portal.drafts import Draft
from tests.client import Browser
from tests.people.test_two_profiles import both, switch  # noqa: F401
from tests.personas import Personas

pytestmark = pytest.mark.both_databases


def keep(browser: Browser, name: str) -> str:
    """Send the form `Add a user` with the token of an earlier session; where it goes on."""
    page = browser.get("/accounts/add")
    browser.sign_in("admin")
    return browser.submit(page, {"first_name": name}, action="/accounts/add").leads_to


def kept(app: Flask) -> list[tuple[int | None, str | None, bool]]:
    """Location and profile of each kept form, and whether it is the first."""
    with app.app_context(), unit_of_work(write=False) as session:
        found = session.scalars(select(Draft).order_by(Draft.id))
        return [(one.location_id, one.profile, "Quinces" in str(one.data)) for one in found]


def test_a_form_without_a_location_does_not_overwrite_one_at_a_location(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    browser.sign_in("admin")
    place = personas.locations["A"]
    page = browser.get("/switch-location")
    browser.submit(page, {"location_id": str(place)}, action="/switch-location")
    first = keep(browser, "Quinces")
    page = browser.get("/switch-location")
    browser.submit(page, {"location_id": ""}, action="/switch-location")
    second = keep(browser, "Pears")
    assert first != second
    assert kept(app) == [(place, "administrator", True), (None, "administrator", False)]
    assert "Quinces" not in browser.get(first).html
    assert "Pears" in browser.get(second).html


def test_a_form_of_one_profile_is_neither_shown_nor_overwritten_in_the_other(
    app: Flask,
    both: Browser,  # noqa: F811
    personas: Personas,
) -> None:
    """At the same location: the person may act there in each."""
    place = personas.locations["A"]
    switch(both, "manager")
    first = keep(both, "Quinces")
    assert "Quinces" in both.get(first).html
    switch(both, "administrator")
    assert "Quinces" not in both.get(first).html
    assert "Healthcare Location Manager at Clinic A" in both.get("/drafts").root.text
    keep(both, "Pears")
    assert kept(app) == [(place, "manager", True), (place, "administrator", False)]
    switch(both, "manager")
    assert "Quinces" in both.get(first).html
