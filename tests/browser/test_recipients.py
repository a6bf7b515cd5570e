"""Register, find, look: the walk at the point of care, with script and without."""

import pytest
from flask import Flask
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_pages import too_wide, violations
from tests.browser.ways import PHONE, SCRIPT_FIRST
from tests.inventory import stock
from tests.personas import Personas
from tests.recipients.people import add

# What is shown here does not depend on the database.


@SCRIPT_FIRST
@pytest.mark.slow("walks through eight pages")
def test_a_nurse_registers_finds_and_opens_a_recipient(
    app: Flask, visit: Visit, personas: Personas, script: bool
) -> None:
    with app.app_context():
        add(stock.scope_for(personas, "provider_a"), "Mary", "Exampleton")
    page = visit("provider_a", script=script, viewport=PHONE)
    page.goto("/")
    page.get_by_role("link", name="Recipient", exact=True).click()
    page.get_by_role("link", name="Register", exact=True).click()
    page.get_by_label("First Name").fill("María")
    page.get_by_label("Last Name").fill("Exampleton")
    page.get_by_label("Date of Birth").fill("1/31/50")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("four digits").first).to_be_visible()
    page.get_by_label("Date of Birth").fill("1/31/1950")
    page.get_by_label("Asian").check()
    assert too_wide(page) == []
    if script:
        assert violations(page) == []
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is this the same person?")
    assert too_wide(page) == []
    if script:
        assert violations(page) == []
    page.get_by_role("button", name="Someone else").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("María Exampleton")
    expect(page.get_by_text("Asian")).to_be_visible()
    page.get_by_role("link", name="Recipient", exact=True).click()
    page.get_by_label("Name", exact=True).fill("exampelton maria")
    expect(page.get_by_role("button", name="Search this list", exact=True)).to_be_visible()
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("2 people found")).to_be_visible()
    assert too_wide(page) == []
    if script:
        assert violations(page) == []
    page.get_by_role("link", name="María Exampleton").click()
    expect(page.get_by_text("Recipient Dose Status")).to_be_visible()
    page.get_by_role("link", name="Related").click()
    page.get_by_role("link", name="Record Dose Given Elsewhere").click()
    expect(page.get_by_label("Dose Number")).to_be_visible()
    if script:
        assert violations(page) == []
