"""From the arrival to `Saved`, as a nurse walks it: with a mouse, by keyboard, on a phone, with and
without script (SPEC G2, G9)."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from portal.access.scope import Scope
from portal.catalog.services import load_products
from portal.db import unit_of_work
from tests.administration import chair
from tests.appointments.booking import appointment, offered, person, status
from tests.browser.conftest import Visit
from tests.browser.test_pages import too_wide, violations
from tests.browser.ways import BOTH, SCRIPT_FIRST
from tests.checkin.arriving import booked_today
from tests.inventory.stock import scope_for
from tests.personas import PASSPHRASE, Personas

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def manager(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        with unit_of_work():
            load_products()
        yield scope_for(personas, "manager_a")


@pytest.fixture
def ready(manager: Scope) -> tuple[int, int, int, int]:
    """Somebody with an appointment of today, and two lots: recipient, appointment, lots."""
    offered(manager)
    recipient = person(manager)
    booked = booked_today(manager, recipient)
    return recipient, booked, chair.lot(manager, "EARLY"), chair.lot(manager, "MINE")


def answer_no(page: Page) -> None:
    """No to every question that is asked."""
    for question in page.get_by_role("radiogroup").filter(has_text="Not sure").all():
        question.get_by_label("No", exact=True).check()


def check_in(page: Page) -> None:
    """From `Home` to the chair."""
    page.goto("/")
    page.get_by_role("link", name="Exampleton, Maria").click()
    page.get_by_label("Full name").check()
    page.get_by_label("Date of birth").check()
    page.get_by_role("button", name="Check In", exact=True).click()
    page.get_by_role("link", name="Vaccinate").click()
    expect(page.get_by_role("heading", name="Identity and screening")).to_be_visible()


@BOTH
def test_from_the_arrival_to_saved(
    visit: Visit, ready: tuple[int, int, int, int], script: bool
) -> None:
    recipient, booked, early, mine = ready
    page = visit("provider_a", script=script, viewport=PHONE)
    check_in(page)
    expect(page.get_by_text("Born 01/31/1950")).to_be_visible()
    answer_no(page)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Consent and fact sheet")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Vaccination details")).to_be_visible()
    page.get_by_label(re.compile("Lot MINE")).check()
    page.get_by_label("Left arm").check()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    expect(page.get_by_text("Lot MINE")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Saved")
    assert (chair.left(mine), chair.left(early)) == ((9, 1), (10, 0))
    assert appointment(booked).state == "closed"
    assert status(recipient) == "dose_1_administered"
    page.get_by_role("link", name="Book Second Dose").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a date and time")
    page.goto(f"/recipients/{recipient}")
    expect(page.get_by_text("Dose 1 Administered")).to_be_visible()


def test_by_keyboard_alone(visit: Visit, manager: Scope) -> None:
    record = chair.lot(manager, "ONLY")
    arrival = chair.arrived(manager, person(manager))
    page = visit("provider_a")
    page.goto(f"/administration/{arrival}")
    keys = page.keyboard

    def go_to(name: str) -> None:
        """Tab until the control with this name has the focus."""
        for _step in range(80):
            keys.press("Tab")
            active = page.evaluate("document.activeElement.labels?.[0]?.innerText ?? ''")
            text = page.evaluate("document.activeElement.innerText ?? ''")
            if name in (active.strip(), text.strip()):
                return
        raise AssertionError(name)

    questions = page.get_by_role("radiogroup").filter(has_text="Not sure").count()
    for _question in range(questions):
        go_to("No")
        keys.press("Space")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Consent and fact sheet")).to_be_visible()
    go_to("Next")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Vaccination details")).to_be_visible()
    go_to("Left arm")
    keys.press("Space")
    go_to("Next")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    go_to("Save")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Saved")
    assert chair.left(record) == (9, 1)


def test_only_what_matters_is_shown(visit: Visit, manager: Scope) -> None:
    """Questions of the chosen vaccine; day and time if it was earlier."""
    chair.lot(manager, "COVID1")
    chair.lot(manager, "FLU1", key="FLUZONE-TIV-MDV-2526")
    page = visit("provider_a", viewport=PHONE)
    page.goto(f"/administration/{chair.arrived(manager, person(manager))}")
    flu = page.get_by_role("group", name=re.compile("flu vaccine")).or_(
        page.get_by_role("radiogroup", name=re.compile("flu vaccine"))
    )
    page.get_by_label(re.compile("Moderna")).check()
    expect(flu).to_be_hidden()
    page.get_by_label(re.compile("FLUZONE")).check()
    expect(flu).to_be_visible()
    for question in page.get_by_role("radiogroup").filter(has_text="Not sure").all():
        if question.is_visible():
            question.get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("Time", exact=True)).to_be_hidden()
    page.get_by_label("Earlier: enter date and time").check()
    expect(page.get_by_label("Time", exact=True)).to_be_visible()


@SCRIPT_FIRST
def test_a_manager_authorizes_at_the_nurse_s_screen(
    visit: Visit, manager: Scope, script: bool
) -> None:
    record = chair.lot(manager, "ONLY")
    arrival = chair.arrived(manager, person(manager))
    page = visit("provider_a", script=script, viewport=PHONE)
    page.goto(f"/administration/{arrival}")
    answer_no(page)
    page.get_by_role("radiogroup", name=re.compile("severe allergic")).first.get_by_label(
        "Yes"
    ).check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="Consent and fact sheet").wait_for()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Left arm").check()
    page.get_by_role("button", name="Next").click()
    keys = page.keyboard
    page.get_by_label("Reason for giving it anyway").focus()
    keys.type("The allergist agreed")
    for typed in ("manager.a", "wrong"):
        keys.press("Tab")
        keys.type(typed)
    keys.press("Enter")
    expect(page.get_by_text("The username or password is not right").first).to_be_visible()
    assert not script or violations(page) == []
    assert too_wide(page) == []
    expect(page.get_by_label("Reason for giving it anyway")).to_have_value("The allergist agreed")
    expect(page.get_by_label("Their password")).to_have_value("")
    page.get_by_label("Username of whoever authorizes it").fill("manager.a")
    page.get_by_label("Their password").fill(PASSPHRASE)
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Saved")
    assert chair.left(record) == (9, 1)
    page.goto("/account")
    expect(page.get_by_text("Provider A").first).to_be_visible()


def test_axe_finds_nothing(visit: Visit, ready: tuple[int, int, int, int]) -> None:
    page = visit("provider_a", viewport=PHONE)
    check_in(page)
    found = violations(page)
    answer_no(page)
    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="Consent and fact sheet").wait_for()
    found += violations(page)
    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="Vaccination details").wait_for()
    found += violations(page)
    page.get_by_role("button", name="Next").click()
    page.get_by_text("Choose the lot that is on the vial.").first.wait_for()
    found += violations(page)
    page.get_by_label(re.compile("Lot MINE")).check()
    page.get_by_label("Left arm").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="Review").wait_for()
    found += violations(page)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Saved").wait_for()
    found += violations(page)
    assert found == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]
