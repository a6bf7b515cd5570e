"""The dialog before the time-out: what it says, its keys, and what the page says without script."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from playwright.sync_api import Page, expect

from portal.clock import now
from tests.browser.conftest import Visit


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The server's clock, which goes on."""
    with time_machine.travel(now(), tick=True) as traveller:
        yield traveller


def come_back(page: Page) -> None:
    """As somebody does who was on another tab of the browser."""
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")


def test_the_dialog_counts_down_and_the_keyboard_keeps_the_session(
    visit: Visit, clock: time_machine.Traveller
) -> None:
    page = visit("manager_a")
    page.goto("/")
    dialog = page.get_by_role("alertdialog", name="Are you still there?")
    come_back(page)
    expect(dialog).to_be_hidden()

    clock.shift(timedelta(minutes=14))
    come_back(page)
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("You will be signed out soon")
    expect(dialog.get_by_role("button", name="Stay signed in")).to_be_focused()
    left = dialog.locator("#idle-left")
    first = left.inner_text()
    assert first.startswith("Time left: 0:5") or first == "Time left: 1:00"
    expect(left).not_to_have_text(first)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    clock.shift(timedelta(minutes=14))
    page.goto("/account")
    assert page.get_by_role("heading", level=1).inner_text() != "Sign In", "Escape kept it"
    clock.shift(timedelta(minutes=14))
    come_back(page)
    expect(dialog.get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()


def test_when_the_time_is_over_the_dialog_says_so_and_closes(
    visit: Visit, clock: time_machine.Traveller
) -> None:
    page = visit("manager_a")
    page.goto("/")
    clock.shift(timedelta(minutes=16))
    come_back(page)
    over = page.get_by_role("alertdialog", name="You were signed out")
    expect(over).to_contain_text("What you entered is still on this page.")
    expect(over.locator("#idle-left")).to_be_hidden()
    expect(over.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(over).to_be_hidden()


def test_without_script_the_page_after_the_time_out_says_so(
    visit: Visit, clock: time_machine.Traveller
) -> None:
    page = visit("manager_a", script=False)
    page.goto("/")
    clock.shift(timedelta(minutes=16))
    page.goto("/shipments/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign In")
    expect(page.get_by_text("You were signed out. Sign in to continue.")).to_be_visible()
