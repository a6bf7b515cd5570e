"""The `Appointments` tab: filters, count, row menu, ticks (SPEC G5, G6)."""

import pytest
from flask import Flask

from portal.access.scope import Scope
from tests.appointments import booking
from tests.appointments.booking import booked, day_in, offered, person, slot_at
from tests.client import Browser, Page, navigate

NAMES = (("Maria", "Exampleton"), ("José", "Madeup-García"), ("Olga", "Inventado"))


@pytest.fixture
def numbers(scope: Scope, browser: Browser) -> list[int]:
    """Three appointments, one a day from tomorrow on; a nurse of A is signed in."""
    offered(scope)
    made = []
    for days, (first, last) in enumerate(NAMES, 1):
        recipient = person(scope, first, last)
        made.append(booked(scope, recipient, slot_at(scope.location_id, days)))
    browser.sign_in("provider_a")
    return made


def search(browser: Browser, **values: str) -> Page:
    page = browser.get("/appointments/")
    return browser.submit(page, values, button="Search", follow=True)


def people(page: Page) -> list[str]:
    return [cell.text.split(",")[0] for cell in page.root.all("th", scope="row")]


def test_days_names_and_status_narrow_the_list(browser: Browser, numbers: list[int]) -> None:
    assert people(browser.get("/appointments/")) == ["Exampleton", "Madeup-García", "Inventado"]
    page = search(browser, to=f"{day_in(2):%m/%d/%Y}")
    assert "2 records" in page.root.text
    assert people(page) == ["Exampleton", "Madeup-García"]
    assert people(search(browser, **{"from": f"{day_in(3):%m/%d/%Y}"})) == ["Inventado"]
    assert people(search(browser, search="garcia")) == ["Madeup-García"]
    assert people(search(browser, search="Dose 1 Scheduled olg")) == ["Inventado"]
    assert people(search(browser, search="Dose 2 Scheduled")) == []
    assert len(people(search(browser, search="clinic a"))) == 3
    assert people(search(browser, state="canceled")) == []
    assert len(people(search(browser, state="new"))) == 3


def test_names_and_numbers_stay_out_of_addresses(browser: Browser, numbers: list[int]) -> None:
    index = browser.get("/appointments/")
    number = booking.number_of(numbers[1])
    answer = browser.submit(index, {"search": "garcia", "number": number}, button="Search")
    assert "garcia" not in answer.leads_to
    assert number not in answer.leads_to
    page = browser.get(answer.leads_to)
    assert people(page) == ["Madeup-García"]
    assert page.root.one("input", name="search").attributes["value"] == "garcia"


def test_a_typing_error_in_a_number_is_told(browser: Browser, numbers: list[int]) -> None:
    number = booking.number_of(numbers[0])
    wrong = number[:-1] + ("2" if number[-1] != "2" else "3")
    page = search(browser, number=wrong)
    assert "There is a typing error in this confirmation number." in page.root.text
    assert people(page) == []
    assert (
        "No appointment has this confirmation number."
        in search(browser, number="K7M-4QX-9TQ").root.text
    )
    assert people(search(browser, number=number, to="01/01/2021")) == ["Exampleton"]


def test_rows_have_a_menu_and_a_box(browser: Browser, numbers: list[int]) -> None:
    page = browser.get("/appointments/")
    menu = page.root.all("details", class_="menu")[-1]
    assert "Cancel Appointment" in menu.text
    assert len(page.root.all("input", name="tick")) == 3


def test_the_21st_is_refused_with_its_number(
    app: Flask, scope: Scope, browser: Browser, numbers: list[int]
) -> None:
    ticks = "&".join(f"tick={number}" for number in range(1, 22))
    page = browser.get(f"/appointments/cancel?{ticks}", follow_redirects=True)
    assert "You can cancel up to 20 appointments at a time. 21 are ticked." in page.root.text


def test_several_are_canceled_together(browser: Browser, numbers: list[int]) -> None:
    page = browser.get("/appointments/cancel?" + "&".join(f"tick={each}" for each in numbers))
    page = browser.submit(page, {"reason": "No power"}, button="Cancel Appointment", follow=True)
    assert "3 appointments are canceled." in page.root.text
    states = {booking.appointment(number).state for number in numbers}
    assert states == {"canceled"}
    sheet = browser.get(f"/appointments/day-sheet?day={day_in(1).isoformat()}")
    assert "0 appointments" in sheet.root.text


@pytest.mark.parametrize(
    ("page", "button"), [("cancel", "Cancel Appointment"), ("move", "Move Appointments")]
)
def test_a_refused_form_comes_back_with_what_was_ticked(
    browser: Browser, numbers: list[int], page: str, button: str
) -> None:
    """Also to a browser, which is led on to an address of its own."""
    navigate(browser)
    asked = browser.get(f"/appointments/{page}?" + "&".join(f"tick={each}" for each in numbers))
    answer = browser.submit(asked, button=button)
    assert answer.status == 303
    refused = browser.get(answer.leads_to)
    assert refused.status == 422
    assert "Please fill in this field." in refused.root.text
    ticks = [int(one.attributes["value"]) for one in refused.root.all("input", name="tick")]
    assert sorted(ticks) == sorted(numbers)
