"""The guides' walks through the pages (SPEC G3 to G6)."""

from flask import Flask

from portal.access.scope import Scope
from tests.appointments import booking
from tests.client import Browser


def test_a_first_dose_is_scheduled_found_and_canceled(
    app: Flask, scope: Scope, browser: Browser
) -> None:
    booking.offered(scope)
    recipient = booking.person(scope)
    browser.sign_in("provider_a")
    record = browser.get(f"/recipients/{recipient}")
    record.root.with_text("a", "Schedule First Dose Appointment")
    start = browser.get(f"/appointments/schedule/{recipient}")
    href = start.root.with_text("a", "Schedule First Dose").attributes["href"]
    page = browser.submit(browser.get(href), {"near": "27834"}, button="Search", follow=True)
    href = page.root.with_text("a", "See Availability").attributes["href"]
    day = booking.day_in(2)
    page = browser.get(f"{href}?day={day.isoformat()}")
    assert "Clinic A" in page.root.text
    slot = booking.slot_at(scope.location_id, 2)
    page = browser.submit(
        page, {"slot": str(slot)}, action=f"/appointments/schedule/{recipient}/hold", follow=True
    )
    assert "This place is held for you for 10 minutes." in page.root.text
    assert booking.taken(slot) == 1
    page = browser.get("/appointments/held/1/complete")
    page = browser.submit(page, {}, button="Complete Appointment", follow=True)
    assert page.root.one("h1").text == "Appointment Confirmation"
    number = booking.number_of(1)
    assert f"{number[:3]}-{number[3:6]}-{number[6:]}" in page.root.text
    assert booking.status(recipient) == "dose_1_scheduled"
    sent = [one.kind for one in booking.messages()]
    assert sent == ["appointment_booked", "appointment_reminder"]

    index = browser.get("/appointments/")
    page = browser.submit(index, {"number": number.lower()}, button="Search", follow=True)
    assert "1 record" in page.root.text
    assert "Exampleton, Maria" in page.root.text
    page = browser.get("/appointments/cancel?tick=1")
    refused = browser.submit(page, {"reason": ""}, button="Cancel Appointment")
    assert refused.status == 422
    page = browser.submit(
        refused, {"reason": "No vaccine came"}, button="Cancel Appointment", follow=True
    )
    assert "1 appointment is canceled." in page.root.text
    assert booking.taken(slot) == 0
    assert booking.status(recipient) == "registered"
    assert booking.messages()[-1].kind == "appointment_canceled"
    related = browser.get(f"/recipients/{recipient}?tab=related")
    assert "No vaccine came" in related.root.text
