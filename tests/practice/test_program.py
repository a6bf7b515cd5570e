"""Whose program the portal speaks for: nobody's by default, the guides' in practice mode."""

from pathlib import Path

from portal import practice
from portal.settings import load_settings
from tests.client import Browser

NAME = "COVID-19 Vaccine Management System (CVMS)"
NUMBER = "(877) 873-6247"


def test_a_new_portal_names_no_help_line_of_another_program(browser: Browser) -> None:
    for page in (browser.get("/sign-in"), browser.sign_in("manager_a").get("/help-information")):
        assert page.status == 200
        assert not [a for a in page.root.all("a") if a.attributes["href"].startswith("tel:")]
        assert "7:00" not in page.root.text
    assert not page.root.all("details", id="contact"), "it would be empty"


def test_practice_mode_is_the_program_of_the_guides(tmp_path: Path) -> None:
    (tmp_path / "portal.toml").write_text(practice.SETTINGS, "utf-8")
    settings = load_settings(tmp_path)
    assert settings.practice
    # SPEC H5: the welcome e-mail's subject is "Welcome to the" and this name, also by default.
    assert settings.product_name == NAME == load_settings(tmp_path / "another").product_name
    assert (settings.help_phone, len(settings.help_hours)) == (NUMBER, 2)
