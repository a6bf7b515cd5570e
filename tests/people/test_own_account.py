"""`My Account`: the name in the header leads there, and from there to a new password."""

import pytest

from tests.client import Browser
from tests.personas import PEOPLE


@pytest.mark.parametrize("who", PEOPLE)
def test_the_name_in_the_header_leads_to_ones_own_account(browser: Browser, who: str) -> None:
    page = browser.sign_in(who).get("/")
    name = f"{who.partition('_')[0].title()} {PEOPLE[who][1] or 'Staff'}"
    account = browser.get(page.root.one("header").with_text("a", name).attributes["href"])
    assert account.root.with_text("h1", "My Account")
    text = account.root.one("main").text
    for known in (name, who.replace("_", "."), PEOPLE[who][0].label):
        assert known in text
    assert ("All locations" in text) is PEOPLE[who][0].is_staff
    password = browser.get(account.root.with_text("a", "Change Password").attributes["href"])
    assert password.root.with_text("h1", "Change Password")


def test_nobody_has_none(browser: Browser) -> None:
    assert browser.get("/account").leads_to == "/sign-in?next=/account"
