"""Pages of appointments that no walk passes: each fits, in every size and light, and axe finds
nothing; without script they look the same and are reached by the keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from blueprints.appointments.models import Appointment
from blueprints.appointments.services import cancel_many, close
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.appointments import booking
from tests.appointments.conftest import scope
from tests.appointments.test_own_appointment import link
from tests.browser.conftest import Visit
from tests.browser.test_pages import too_wide, violations
from tests.browser.ways import BOTH, SCRIPT_FIRST
from tests.effort import RUN

__all__ = ["scope"]
SILENT = {"email": "", "contact_by": "none", "agrees_to_reminders": False}
MARIA = (
    ("Last name", "Exampleton"),
    ("First name", "Maria"),
    ("Date of birth", "03/21/1970"),
    ("E-mail", "maria@example.org"),
    ("ZIP code", "27962"),
)


def fine(page: Page, *, script: bool = True) -> None:
    """The page fits, at both widths, and axe finds nothing: on a desktop in the light, with --all
    at both widths in either light."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.mouse.move(1, 799)
        for light in ("light", "dark"):
            page.emulate_media(color_scheme=light, reduced_motion="reduce")  # type: ignore[arg-type]
            assert too_wide(page) == []
            if script and (RUN.everything or (width, light) == (1280, "light")):
                assert violations(page) == [], page.url


def tabbed_to(page: Page, name: str) -> None:
    """The keyboard comes to the button or link of this name."""
    for _press in range(120):
        page.keyboard.press("Tab")
        at: str = page.evaluate(
            "() => (document.activeElement.getAttribute('aria-label') || "
            "document.activeElement.innerText || '').trim()"
        )
        if at == name:
            return
    pytest.fail(f"the keyboard does not come to {name}")


def who(page: Page, **changes: str) -> None:
    """Fill in the first page, and go on."""
    page.goto("/book")
    for label, text in MARIA:
        page.get_by_label(re.compile(f"^{label}")).fill(changes.get(label, text))
    page.get_by_role("button", name="Continue").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a place")


@BOTH
def test_all_steps_of_the_public_booking(scope: Scope, visit: Visit, script: bool) -> None:
    booking.offered(scope, public=True, places=1)
    page = visit(None, script=script)
    page.goto("/book")
    fine(page, script=script)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Last name").first).to_be_visible()
    fine(page, script=script)  # with what is missing
    who(page)
    places = page.url
    fine(page, script=script)
    page.goto(f"{places}/times?place={scope.location_id}&day={booking.day_in(3)}")
    fine(page, script=script)
    slot = booking.slot_at(scope.location_id, 3)
    other = booking.held(scope, booking.person(scope, "Ann", "First"), slot)
    page.get_by_role("button", name=re.compile("^9:00 AM")).click()
    expect(page.get_by_text("The nearest free times")).to_be_visible()
    fine(page, script=script)
    booking.let_pass(other)
    page.get_by_role("button", name=re.compile("^9:30 AM")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is this right?")
    fine(page, script=script)
    page.get_by_role("button", name="Book this appointment").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointment")
    fine(page, script=script)
    own = page.url
    for more in ("/cancel", f"/change?day={booking.day_in(4)}"):
        page.goto(f"{own}{more}")
        fine(page, script=script)
    page.goto(places)
    expect(page.get_by_role("heading", level=1)).to_have_text("Please look at your messages")
    fine(page, script=script)
    page.goto("/a/nonsense")
    fine(page, script=script)
    page.goto("/find/appointment")
    fine(page, script=script)


@SCRIPT_FIRST
def test_the_next_dose_by_the_link_of_the_first(scope: Scope, visit: Visit, script: bool) -> None:
    booking.offered(scope, public=True)
    maria = booking.person(scope)
    number = booking.booked(scope, maria, booking.slot_at(scope.location_id, 1))
    own = link()
    booking.given(scope, maria, booking.PFIZER, days_ago=0)
    with unit_of_work():
        close(appointment_id=number, actor=scope.user)
    page = visit(None, script=script)
    page.goto(own)
    fine(page, script=script)
    page.get_by_role("link", name="Book the second dose").click()
    fine(page, script=script)
    page.goto(f"{own}/next?day={booking.day_in(21)}")
    fine(page, script=script)
    page.get_by_role("button", name=re.compile("^9:00 AM")).press("Enter")
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    fine(page, script=script)


@pytest.fixture
def changed(scope: Scope) -> list[int]:
    """Two appointments to come; two others were canceled together, whose people are to be
    called."""
    booking.offered(scope, places=4, public=True)
    slot = booking.slot_at(scope.location_id, 2)
    numbers = [
        booking.booked(scope, booking.person(scope, name, "Sample", **SILENT), slot)
        for name in ("Ann", "Ben", "Cid", "Dot")
    ]
    with unit_of_work():
        cancel_many(
            appointment_ids=numbers[:2],
            reason="No power",
            actor=scope.user,
            location_id=scope.location_id,
        )
    return numbers[2:]


@SCRIPT_FIRST
def test_moving_many_and_calling(
    scope: Scope, visit: Visit, changed: list[int], script: bool
) -> None:
    page = visit("manager_a", script=script)
    page.goto("/appointments/told")
    fine(page, script=script)
    page.get_by_role("table").get_by_role("link").first.press("Enter")
    fine(page, script=script)
    page.get_by_role("button", name="Next Call").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Call "))
    fine(page, script=script)
    page.get_by_role("button", name="No answer").press("Enter")
    ticks = "&".join(f"tick={number}" for number in changed)
    page.goto(f"/appointments/move?{ticks}")
    fine(page, script=script)
    page.get_by_label("New date").fill(f"{booking.day_in(300):%m/%d/%Y}")
    page.get_by_role("button", name="Move Appointments").click()
    expect(page.get_by_text("None of them has a free time on this day").first).to_be_visible()
    fine(page, script=script)
    page.get_by_label("New date").fill(f"{booking.day_in(4):%m/%d/%Y}")
    page.get_by_role("button", name="Move Appointments").click()
    expect(page.get_by_text("2 appointments are moved.")).to_be_visible()
    fine(page, script=script)


@SCRIPT_FIRST
def test_staff_decide_who_booked_twice(scope: Scope, visit: Visit, script: bool) -> None:
    booking.offered(scope, public=True)
    for days, first in ((3, "Maria"), (4, "Mary")):
        phone = visit(None)
        who(phone, **{"First name": first})
        phone.goto(f"{phone.url}/times?place={scope.location_id}&day={booking.day_in(days)}")
        phone.get_by_role("button", name=re.compile("^9:00 AM")).click()
        phone.get_by_role("button", name="Book this appointment").click()
        expect(phone.get_by_role("heading", level=1)).to_have_text("Your appointment")
    page = visit("manager_a", script=script)
    page.goto("/")
    fine(page, script=script)
    page.get_by_role("link", name="Compare").press("Enter")
    fine(page, script=script)
    tabbed_to(page, "Same person")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.innerText") == "Someone else"
    page.get_by_role("link", name="Same person").press("Enter")
    fine(page, script=script)
    page.get_by_role("button", name="Cancel this appointment").click()
    fine(page, script=script)
    page.get_by_label("Cancellation Reason").fill("Booked twice")
    page.get_by_role("button", name="Cancel this appointment").click()
    page.wait_for_url("**/get-help/**")
    fine(page, script=script)
    with unit_of_work(write=False) as session:
        states = list(session.scalars(select(Appointment.state).order_by(Appointment.id)))
    assert states == ["new", "canceled"]
    page.goto("/appointments/booked-twice")
    fine(page, script=script)
