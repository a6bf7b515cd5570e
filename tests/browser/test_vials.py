"""Open vials on `Home`: an extra dose in one click, what is left wasted in two."""

from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import ViewportSize, expect

from portal.clock import now
from tests.browser.conftest import Visit
from tests.browser.test_pages import DESKTOP, PHONE, too_wide, violations
from tests.inventory import stock
from tests.personas import Personas
from tests.vials.vials import available, give


@pytest.fixture
def record(app: Flask, personas: Personas) -> int:
    """Twenty doses at Clinic A, one of which was given from a vial whose time is nearly over."""
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        found = stock.add(scope, name="Moderna – 011J20A", doses=20)
        give(scope, found, at=now() - timedelta(minutes=12 * 60 - 40))
        return found


@pytest.mark.parametrize(("size", "script"), [(DESKTOP, True), (PHONE, False)])
def test_an_extra_dose_and_what_is_left(
    app: Flask, visit: Visit, record: int, size: ViewportSize, script: bool
) -> None:
    page = visit("manager_a", script=script, viewport=size)
    page.goto("/")
    card = page.get_by_role("region", name="Open Vials")
    expect(card.get_by_text("9 doses would be lost.")).to_be_visible()
    assert too_wide(page) == []
    assert not script or violations(page) == []
    card.get_by_role("button", name="Extra dose").click()
    expect(card.get_by_text("10 doses left")).to_be_visible()
    card.get_by_role("link", name="Waste what is left").click()
    expect(page.get_by_label("Doses")).to_have_value("10")
    assert too_wide(page) == []
    assert not script or violations(page) == []
    page.get_by_role("button", name="Record Wastage").click()
    expect(page.get_by_text("Wastage W-")).to_be_visible()
    expect(card).to_have_count(0)
    with app.app_context():
        assert available(record) == 10
