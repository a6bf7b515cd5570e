"""A correction that one proposes and another one confirms, on desktop and phone (SPEC H8)."""

import os
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from blueprints.helpdesk import services
from portal.catalog.services import load_products
from portal.db import unit_of_work
from tests.administration import chair
from tests.appointments.booking import person
from tests.browser.conftest import Visit
from tests.inventory.stock import scope_for
from tests.personas import Personas

BUTTON = "Correct Lot Number or Expiration Date"
PICTURES = os.environ.get("PORTAL_TEST_PICTURES")


def picture(page: Page, name: str) -> None:
    """Nothing is wider than the window; a picture for whoever asked for one."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


@pytest.mark.slow("three people with browsers")
@pytest.mark.parametrize("width", [1280, 390])
def test_an_agent_proposes_a_requester_reads_and_a_colleague_confirms(
    app: Flask, personas: Personas, visit: Visit, width: int
) -> None:
    with app.app_context():
        with unit_of_work():
            load_products()
        manager = scope_for(personas, "manager_a")
        record = chair.lot(manager)
        chair.gave(manager, chair.arrived(manager, person(manager)), record)
        with unit_of_work():
            case = services.open_case(
                manager,
                topic="inventory",
                subject="Wrong lot",
                description="The label says L9.",
                about=("inventory", record),
            ).id
    window = {"viewport": {"width": width, "height": 800}}
    address = f"/help-desk/cases/{case}"
    page = visit("agent", **window)
    page.goto(address)
    page.get_by_role("link", name=BUTTON).click()
    page.get_by_label("Lot #").fill("L9")
    page.get_by_label("Reason").fill("Label read wrong")
    picture(page, f"{width}-form")
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_role("link", name="Withdraw Proposal")).to_be_visible()
    expect(page.get_by_role("link", name="Confirm Proposal")).to_have_count(0)
    picture(page, f"{width}-agent")
    reader = visit("manager_a", **window)
    reader.goto(address)
    expect(reader.get_by_text("Waiting for confirmation").first).to_be_visible()
    expect(reader.get_by_role("link", name="Withdraw Proposal")).to_have_count(0)
    picture(reader, f"{width}-requester")
    colleague = visit("admin", **window)
    colleague.goto(address)
    colleague.get_by_role("link", name="Confirm Proposal").click()
    picture(colleague, f"{width}-confirm")
    colleague.get_by_role("button", name="Confirm Proposal").click()
    expect(colleague.get_by_text("Confirmed").first).to_be_visible()
    picture(colleague, f"{width}-colleague")
