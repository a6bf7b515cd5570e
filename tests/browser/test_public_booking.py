"""Booking without an account on a phone, in Spanish, without script; and what staff see of it."""

import re

import pytest
from playwright.sync_api import Page, expect

from blueprints.appointments.services import cancel_many
from blueprints.scheduling.rules import DosesBound
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.appointments import booking
from tests.appointments.conftest import scope
from tests.browser.conftest import Visit
from tests.browser.test_own_appointment import PHONE, looks_right
from tests.browser.test_pages import too_wide, violations
from tests.effort import RUN

__all__ = ["scope"]
SILENT = {"email": "", "contact_by": "none", "agrees_to_reminders": False}


def test_a_recipient_books_on_a_phone_in_spanish(scope: Scope, visit: Visit) -> None:
    booking.offered(scope, public=True)
    page = visit(None, script=False, **PHONE)
    page.goto("/book")
    expect(page.get_by_role("heading", level=1)).to_have_text("Reserve su cita para la vacuna")
    looks_right(page)
    for label, text in (
        ("Apellido", "Exampleton"),
        ("Nombre", "Maria"),
        ("Fecha de nacimiento", "03/21/1970"),
        ("Correo electrónico", "maria@example.org"),
        ("Código postal", "27962"),
    ):
        page.get_by_label(re.compile(f"^{label}")).fill(text)
    page.get_by_role("button", name="Continuar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Elija un lugar")
    looks_right(page)
    page.get_by_role("link", name=re.compile("^Desde el")).click()
    page.goto(f"{page.url}&day={booking.day_in(3)}")
    looks_right(page)
    page.get_by_role("button", name="10:00 AM").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("¿Está bien así?")
    looks_right(page)
    page.get_by_role("button", name="Reservar esta cita").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Su cita")
    expect(page.get_by_text("Su cita está reservada.")).to_be_visible()
    looks_right(page)


@pytest.fixture
def busy(scope: Scope) -> int:
    """A day with a full time, too few doses, and a change that three people do not know of."""
    booking.offered(scope, places=3, doses_bound=DosesBound.WARN)
    slot = booking.slot_at(scope.location_id, 2)
    numbers = [
        booking.booked(scope, booking.person(scope, name, "Sample", **SILENT), slot)
        for name in ("Ann", "Ben", "Cid")
    ]
    with unit_of_work():
        changed = cancel_many(
            appointment_ids=numbers[:2],
            reason="No power",
            actor=scope.user,
            location_id=scope.location_id,
        )
    for name in ("Dot", "Eve"):
        booking.booked(scope, booking.person(scope, name, "Sample"), slot)
    return changed.round_id


def fine(page: Page) -> None:
    """The page fits, at both widths, and axe finds nothing: on a desktop, with --all at both."""
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.mouse.move(1, 799)
        assert too_wide(page) == []
        if RUN.everything or width == 1280:
            assert violations(page) == []


def test_what_staff_see(scope: Scope, visit: Visit, busy: int) -> None:
    page = visit("manager_a", reduced_motion="reduce")
    page.goto("/")
    expect(page.get_by_text("Appointments without a dose")).to_be_visible()
    expect(page.get_by_text("People to call")).to_be_visible()
    fine(page)
    page.goto("/scheduling/")
    expect(page.get_by_text("Days without enough doses").first).to_be_visible()
    fine(page)
    page.goto(f"/appointments/calendar?day={booking.day_in(2)}")
    expect(page.get_by_text("Sample, Cid")).to_be_visible()
    fine(page)
    page.locator("[data-calendar] a[aria-current]").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**day={booking.day_in(1)}*")
    page.get_by_role("link", name="Today", exact=True).click()
    page.wait_for_url(f"**day={booking.day_in(0)}*")
    page.get_by_role("link", name="Week", exact=True).click()
    page.wait_for_url("**view=week*")
    fine(page)
    page.goto(f"/appointments/told/{busy}")
    fine(page)
    page.get_by_role("button", name="Next Call").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Call "))
    fine(page)
    page.get_by_role("button", name="No answer").click()
    expect(page.get_by_text("Saved: No answer")).to_be_visible()
    someone = booking.person(scope, "Fay", "Sample")
    page.goto(f"/appointments/schedule/{someone}/at/{scope.location_id}?day={booking.day_in(2)}")
    fine(page)
    page.get_by_role("link", name="Overbook").click()
    fine(page)
    page.get_by_label("Reason").fill("Came with her mother")
    page.get_by_role("button", name="Overbook").click()
    page.get_by_role("link", name="Continue").click()
    page.get_by_role("button", name="Complete Appointment").click()
    page.goto("/appointments/overbooked")
    expect(page.get_by_text("Came with her mother")).to_be_visible()
    fine(page)
