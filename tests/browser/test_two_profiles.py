"""Whoever holds two profiles sees which one is on, and takes the other, on desktop and phone."""

import pytest
from flask import Flask
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_pages import too_wide, violations
from tests.browser.ways import DESKTOP, PHONE
from tests.people.test_two_profiles import make_manager
from tests.personas import Personas

# What is shown here does not depend on the database.


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_other_profile_is_taken_and_its_pages_fit(
    app: Flask, personas: Personas, visit: Visit, size: object
) -> None:
    make_manager(app, personas, "admin")
    page = visit("admin", viewport=size, reduced_motion="reduce")

    def look() -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert violations(page) == []
            assert too_wide(page) == []

    page.goto("/switch-location")
    look()
    page.locator("#as-own").get_by_role("button", name="Clinic A").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    expect(page.get_by_role("banner")).to_contain_text("Healthcare Location Manager")
    look()
    page.goto("/account")
    expect(page.get_by_text("Programme Administrator", exact=True)).to_be_visible()
    look()
