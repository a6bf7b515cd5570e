"""The day at the clinic: its tally and its end on paper; who could come before doses are lost."""

from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import expect

from portal.clock import now
from tests.administration import chair
from tests.appointments.booking import person
from tests.browser.conftest import Visit
from tests.browser.test_pages import DESKTOP, PHONE, too_wide, violations
from tests.browser.ways import SCRIPT_FIRST
from tests.inventory import stock
from tests.personas import Personas


@pytest.fixture
def dose(app: Flask, personas: Personas) -> int:
    """A dose at Clinic A from a vial whose time is nearly over, and somebody who could come."""
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = chair.lot(scope, "011J20A", 20)
        person(scope, "Comer", mobile_phone="2525550143")
        arrival = chair.arrived(scope, person(scope, "Given"))
        at = now() - timedelta(hours=11, minutes=30)
        return chair.gave(scope, arrival, record, given_at=at)


@SCRIPT_FIRST
def test_the_day_ends_on_paper(visit: Visit, dose: int, script: bool) -> None:
    page = visit("provider_a", script=script, viewport=DESKTOP if script else PHONE)
    page.goto(f"/administration/vaccinations/{dose}")
    page.get_by_role("link", name="Note Adverse Event").click()
    assert too_wide(page) == []
    assert not script or violations(page) == []
    page.get_by_label("What happened?").fill("Hives on both arms")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Hives on both arms")).to_be_visible()
    page.goto("/checkin/")
    page.get_by_role("link", name="Earlier Day").click()
    page.get_by_role("link", name="Today", exact=True).click()
    expect(page.get_by_role("heading", name="Doses left for those still to come")).to_be_visible()
    assert too_wide(page) == []
    assert not script or violations(page) == []
    page.get_by_role("link", name="Day End").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Day End")).to_be_visible()
    expect(page.get_by_text("Counted by, date")).to_be_visible()
    assert too_wide(page) == []
    assert not script or violations(page) == []


@SCRIPT_FIRST
def test_somebody_is_called_and_comes(visit: Visit, dose: int, script: bool) -> None:
    page = visit("provider_a", script=script, viewport=DESKTOP if script else PHONE)
    page.goto("/")
    page.get_by_role("button", name="Who could come").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("rowheader", name="Comer Exampleton")).to_be_visible()
    page.get_by_role("button", name="Next Call").click()
    expect(page.get_by_role("link", name="(252) 555-0143")).to_be_visible()
    assert too_wide(page) == []
    assert not script or violations(page) == []
    page.get_by_role("button", name="Coming", exact=True).click()
    expect(page.get_by_text("Saved: Coming")).to_be_visible()
    assert too_wide(page) == []
    assert not script or violations(page) == []
    page.get_by_role("link", name="Check In: Comer Exampleton").click()
    expect(page.get_by_role("heading", name="Check in Comer Exampleton")).to_be_visible()
