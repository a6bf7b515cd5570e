"""A recipient's own appointment on a phone, in Spanish, without script."""

import re

import pytest
from playwright.sync_api import Page, expect

from portal.access.scope import Scope
from tests.appointments import booking
from tests.appointments.conftest import scope
from tests.appointments.test_own_appointment import link
from tests.browser.conftest import Visit
from tests.browser.test_pages import too_wide, violations
from tests.recipients.people import BORN

__all__ = ["scope"]
PHONE = {"viewport": {"width": 390, "height": 780}, "locale": "es-MX", "has_touch": True}
ENGLISH = re.compile(r"\b(your|the|and|appointment|cancel|change|day|call|with)\b", re.I)


@pytest.fixture
def booked(scope: Scope) -> int:
    """Maria's appointment in three days at nine."""
    booking.offered(scope, public=True)
    maria = booking.person(scope)
    return booking.booked(scope, maria, booking.slot_at(scope.location_id, 3))


def looks_right(page: Page) -> None:
    """The page fits the phone and says nothing in English but names."""
    assert too_wide(page) == []
    said = page.locator("main").inner_text()
    assert ENGLISH.findall(said) == [], said


def test_moved_and_canceled_by_link_and_found_by_number(booked: int, visit: Visit) -> None:
    page = visit(None, script=False, **PHONE)
    page.goto(link())
    expect(page.get_by_role("heading", level=1)).to_have_text("Su cita")
    looks_right(page)
    page.get_by_role("link", name="Cambiar el día o la hora").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cambiar su cita")
    looks_right(page)
    page.goto(f"{page.url.partition('?')[0]}?day={booking.day_in(4)}")
    page.get_by_role("button", name="10:00 AM").click()
    expect(page.get_by_text("Su cita ahora es:")).to_be_visible()
    looks_right(page)
    assert booking.appointment(booked).minute == 600

    page.goto("/find/appointment")
    looks_right(page)
    page.get_by_label("Número de confirmación").fill(booking.number_of(booked).lower())
    page.get_by_label("Fecha de nacimiento").fill(f"{BORN:%m/%d/%Y}")
    page.get_by_role("button", name="Continuar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Su cita")
    page.get_by_role("link", name="Cancelar la cita").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("¿Cancelar su cita?")
    looks_right(page)
    page.get_by_role("button", name="Cancelar la cita").click()
    expect(page.get_by_text("Esta cita está cancelada.")).to_be_visible()
    assert booking.appointment(booked).state == "canceled"
    page.get_by_role("link", name="English").click()
    expect(page.get_by_text("This appointment is canceled.")).to_be_visible()


def test_axe_finds_nothing(booked: int, visit: Visit) -> None:
    page = visit(None, **PHONE)
    path = link()
    for address in (
        *(path, f"{path}/cancel", f"{path}/change?day={booking.day_in(4)}"),
        *("/find/appointment", "/a/nonsense"),
    ):
        page.goto(address)
        assert violations(page) == [], address
