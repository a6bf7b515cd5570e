"""Checking people in at the door: with script and without, on a phone, by keyboard (SPEC G2)."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from blueprints.checkin import services
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.appointments.booking import number_of, person
from tests.browser.conftest import Visit
from tests.browser.test_pages import PHONE, too_wide, violations
from tests.browser.ways import SCRIPT_FIRST
from tests.checkin.arriving import arrival, booked_today, checked_in, vaccinated
from tests.inventory import stock
from tests.personas import Personas


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Scope:
    """The scope of A's manager."""
    with app.app_context():
        return stock.scope_for(personas, "manager_a")


def fits(page: Page, *, script: bool) -> None:
    """Nothing of the page is cut off, and axe finds nothing."""
    assert too_wide(page) == []
    if script:
        assert violations(page) == []


@SCRIPT_FIRST
@pytest.mark.slow("walks through the three ways of the guides")
def test_three_ways_lead_to_waiting(app: Flask, scope: Scope, visit: Visit, script: bool) -> None:
    with app.app_context():
        numbers = [
            booked_today(scope, person(scope, name, "Exampleton"))
            for name in ("Maria", "Bill", "Carl")
        ]
        confirmation = number_of(numbers[1])
    page = visit("provider_a", script=script, viewport=PHONE)

    page.goto("/")
    expect(page.get_by_role("heading", name="Today’s Appointments")).to_be_visible()
    fits(page, script=script)
    page.get_by_role("link", name="Exampleton, Maria").click()
    expect(page.get_by_text("Easily confused today")).to_be_visible()
    page.get_by_label("Full name: Maria Exampleton").check()
    page.get_by_role("button", name="Check In", exact=True).click()
    expect(page.get_by_text("Confirm two things").first).to_be_visible()
    fits(page, script=script)
    page.get_by_label("Date of birth: 01/31/1950").check()
    page.get_by_role("button", name="Check In", exact=True).click()
    expect(page.get_by_text("Maria Exampleton is checked in.")).to_be_visible()
    fits(page, script=script)

    page.get_by_role("link", name="Home").first.click()
    page.get_by_label("Appointment Confirmation Number").fill(confirmation.lower())
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check in Bill Exampleton")
    page.get_by_label("Photo ID").check()
    page.get_by_label("Date of birth").check()
    page.get_by_role("button", name="Check In", exact=True).click()
    expect(page.get_by_text("Bill Exampleton is checked in.")).to_be_visible()

    page.goto("/appointments/")
    row = page.get_by_role("row").filter(has_text="Exampleton, Carl")
    row.locator("summary").click()
    row.get_by_role("link", name="Check In").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check in Carl Exampleton")
    page.get_by_label("Full name").check()
    page.get_by_label("Date of birth").check()
    page.get_by_role("button", name="Check In", exact=True).click()
    expect(page.get_by_text("Carl Exampleton is checked in.")).to_be_visible()

    page.get_by_role("link", name="Left Without a Dose").click()
    page.get_by_label("Reason").fill("Has a fever")
    page.get_by_role("button", name="Left Without a Dose").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today at This Clinic")
    expect(page.get_by_text("Has a fever")).to_be_visible()
    fits(page, script=script)


def test_somebody_is_checked_in_by_keyboard_alone(app: Flask, scope: Scope, visit: Visit) -> None:
    with app.app_context():
        booked_today(scope, person(scope))
    page = visit("provider_a")
    page.goto("/")
    press_to(page, "Exampleton, Maria")
    page.keyboard.press("Enter")
    page.wait_for_url("**/checkin/appointments/1")
    for label in ("name", "birth_date"):
        press_to(page, label)
        page.keyboard.press("Space")
    press_to(page, "Check In")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Maria Exampleton is checked in.")).to_be_visible()
    press_to(page, "Call to the Chair")
    page.keyboard.press("Enter")
    expect(page.get_by_text("at the chair.")).to_be_visible()
    with app.app_context():
        assert arrival(1).state == "at_chair"


def press_to(page: Page, name: str) -> None:
    """Go with the Tab key to what has this text, or to the box with this value."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value || document.activeElement.text") == name:
            return
        if page.evaluate("document.activeElement.textContent").strip() == name:
            return
    raise AssertionError(f"Tab does not lead to {name}")


def test_the_list_follows_and_asks_for_nothing_while_nobody_looks(
    app: Flask, scope: Scope, visit: Visit
) -> None:
    with app.app_context():
        booked_today(scope, person(scope))
    page = visit("readonly_a")
    answers: list[int] = []
    page.on(
        "response",
        lambda answer: answers.append(answer.status) if "/checkin/now" in answer.url else None,
    )
    page.goto("/")
    link = page.get_by_role("link", name="Exampleton, Maria")
    link.focus()
    look_away(page, hidden=True)
    ask(page)
    look_away(page, hidden=False)
    expect(page.locator("#day-list")).to_be_visible()
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    with app.app_context():
        checked_in(scope, 1)
        vaccinated(scope, 1, 15)
    ask(page)
    expect(page.get_by_text("Observing", exact=True).last).to_be_visible()
    expect(page.get_by_text("until")).to_be_visible()
    expect(page.get_by_role("link", name="Exampleton, Maria")).to_be_focused()
    assert answers == [204, 200]
    with app.app_context(), unit_of_work():
        services.finish(scope, 1)
    ask(page)
    expect(page.get_by_text("Nobody else is expected today.")).to_be_visible()


def ask(page: Page) -> None:
    """Have the half minute be over."""
    page.evaluate("document.getElementById('day-list').dispatchEvent(new Event('every'))")


def look_away(page: Page, *, hidden: bool) -> None:
    """Put another tab in front of the page, or take it away."""
    page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )
