"""Recipients reach their own appointment by the link in a message, or by number and birth date."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.appointments.models import Appointment
from blueprints.appointments.services import cancel, move
from portal.access.scope import Scope
from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from portal.messages.models import Message
from portal.messages.rendering import render
from tests.appointments import booking
from tests.client import Browser, Page
from tests.personas import Personas
from tests.recipients.people import BORN

SPANISH = {"Accept-Language": "es-MX,es;q=0.9"}


@pytest.fixture
def booked(scope: Scope) -> int:
    """Maria's appointment in three days at nine, whose confirmation is on its way."""
    booking.offered(scope, public=True)
    maria = booking.person(scope, language="es")
    return booking.booked(scope, maria, booking.slot_at(scope.location_id, 3))


@pytest.fixture
def phone(app: Flask, personas: Personas) -> Browser:
    """A browser of nobody."""
    return Browser(app, personas)


def link(kind: str = "appointment_booked") -> str:
    """The path in the newest message of a kind, as its reader sees it."""
    with unit_of_work(write=False) as session:
        found = session.scalars(
            select(Message).where(Message.kind == kind).order_by(Message.id.desc()).limit(1)
        ).one()
        written = render(found, zone=booking.ZONE, secrets=True).text
        assert "/a/" not in render(found, zone=booking.ZONE, secrets=False).text
    (path,) = re.findall(r"http://127.0.0.1:8000(/a/\S+)", written)
    return str(path)


def trail() -> list[tuple[str, str, str, int | None]]:
    """Action, way, user and subject of the latest entries."""
    with unit_of_work(write=False) as session:
        found = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(6))
        return [(one.action, one.through, one.actor_username, one.subject_id) for one in found]


def test_the_message_leads_to_the_appointment(booked: int, phone: Browser) -> None:
    page = phone.get(link())
    assert page.status == 200
    assert page.root.one("html").attributes["lang"] == "es"  # hers, the browser wishes nothing
    number = booking.number_of(booked)
    assert "-".join((number[:3], number[3:6], number[6:])) in page.root.text
    assert "9:00 AM" in page.root.text
    assert "Clinic A" in page.root.text
    assert "Exampleton" not in page.root.text
    assert trail()[0] == ("appointment.viewed", "link", "", booked)


@pytest.mark.both_databases
def test_canceling_takes_a_button_and_tells_what_became_of_older_links(
    booked: int, phone: Browser, scope: Scope
) -> None:
    path = link()
    slot = booking.appointment(booked).slot_id
    assert booking.taken(slot) == 1
    question = phone.get(f"{path}/cancel?lang=en")
    assert booking.appointment(booked).state == "new"
    done = phone.submit(question, {"reason": "I moved"}, button="Cancel appointment")
    assert done.status == 303
    kept = booking.appointment(booked)
    assert (kept.state, kept.canceled_through, kept.cancel_reason) == (
        "canceled",
        "recipient",
        "I moved",
    )
    assert booking.taken(slot) == 0
    assert ("appointment.canceled", "link", "", booked) in trail()
    after = phone.get(done.leads_to)
    assert "This appointment is canceled." in after.root.text
    assert not after.root.all("a", class_="primary")
    old = phone.get(path)
    assert old.status == 410
    assert "This appointment is canceled." in old.root.text
    again = phone.submit(question, {"reason": "I moved"}, button="Cancel appointment")
    assert again.status == 303
    assert "It was not saved twice" in phone.get(again.leads_to).root.text


@pytest.mark.both_databases
def test_a_reason_is_welcome_and_not_demanded(booked: int, phone: Browser) -> None:
    page = phone.get(f"{link()}/cancel?lang=en")
    long = phone.submit(page, {"reason": "x" * 201}, button="Cancel appointment")
    assert long.status == 422
    page = phone.get(f"{link()}/cancel")
    assert phone.submit(page, button="Cancel appointment").status == 303
    assert booking.appointment(booked).state == "canceled"


def times(page: Page) -> dict[str, str]:
    """The times that can be chosen: what stands on their buttons, and their slots."""
    found = page.root.all("button", name="slot")
    return {one.text.partition(" M")[0][:8].strip(): one.attributes["value"] for one in found}


def test_another_time_ends_the_old_link_and_the_new_message_has_a_new_one(
    booked: int, phone: Browser, scope: Scope
) -> None:
    path = link()
    day = booking.day_in(4)
    page = phone.get(f"{path}/change?day={day}&lang=en")
    assert page.status == 200
    slot = booking.slot_at(scope.location_id, 4, 600)
    assert str(slot) in times(page).values()
    form = next(one for one in page.root.all("form") if one.all("button", name="slot"))
    token = {
        one.attributes["name"]: one.attributes["value"] for one in form.all("input", type="hidden")
    }
    moved = phone.post(f"{path}/change", {**token, "slot": str(slot)})
    assert moved.status == 303
    assert booking.appointment(booked).slot_id == slot
    assert "10:00 AM" in phone.get(moved.leads_to).root.text
    assert phone.get(path).status == 410
    assert "10:00 AM" in phone.get(link("appointment_changed")).root.text


def test_a_time_elsewhere_or_of_nothing_is_not_found(
    booked: int, phone: Browser, scope: Scope, scope_b: Scope
) -> None:
    booking.offered(scope_b, public=True)
    path = link()
    page = phone.get(f"{path}/cancel")
    token = page.root.all("input", name="csrf_token")[0].attributes["value"]
    for slot in (booking.slot_at(scope_b.location_id, 4), 2**31 - 7, "x", ""):
        sent = {"csrf_token": token, "slot": str(slot)}
        assert phone.post(f"{path}/change", sent).status == 404, slot
    assert booking.appointment(booked).location_id == scope.location_id


@pytest.mark.both_databases
def test_where_times_are_for_staff_only_nothing_can_be_moved(
    booked: int, phone: Browser, scope: Scope
) -> None:
    booking.offered(scope, public=False)
    page = phone.get(f"{link()}?lang=en")
    assert "Change day or time" not in page.root.text
    assert phone.get(f"{link()}/change").status == 409


def test_what_staff_cancel_or_move_ends_the_link_too(
    booked: int, phone: Browser, scope: Scope
) -> None:
    first = link()
    slot = booking.slot_at(scope.location_id, 5)
    with unit_of_work():
        move(appointment_id=booked, slot_id=slot, actor=scope.user)
    assert "newest message" in phone.get(f"{first}?lang=en").root.text
    second = link("appointment_changed")
    with unit_of_work():
        cancel(appointment_id=booked, reason="Closed", actor=scope.user)
    for path in (first, second):
        page = phone.get(path)
        assert page.status == 410
        assert "This appointment is canceled." in page.root.text


def test_what_is_over_can_be_looked_at_and_not_changed(booked: int, phone: Browser) -> None:
    path = f"{link()}"
    with unit_of_work() as session:
        found = session.get_one(Appointment, booked)
        found.starts_at = found.starts_at.replace(year=found.starts_at.year - 1)
    page = phone.get(f"{path}?lang=en")
    assert "This appointment is over." in page.root.text
    assert phone.get(f"{path}/cancel").status == 409
    assert phone.get(f"{path}/change").status == 409


def knock(phone: Browser, number: str, born: str) -> Page:
    """Ask for an appointment by its number and a birth date."""
    page = phone.get("/find/appointment?lang=en")
    return phone.submit(page, {"number": number, "birth_date": born}, button="Continue")


@pytest.mark.both_databases
def test_number_and_birth_date_lead_there_in_any_way_of_writing(
    booked: int, phone: Browser
) -> None:
    number, born = booking.number_of(booked), f"{BORN:%m/%d/%Y}"
    for typed in (number, number.lower(), f"{number[:3]}-{number[3:6]} {number[6:]}"):
        opened = knock(phone, typed, born)
        assert opened.status == 303
        assert "9:00 AM" in phone.get(opened.leads_to).root.text
    assert trail()[0] == ("appointment.viewed", "page", "", booked)
    for typed, day in ((number, "01/30/1950"), (number[::-1], born), ("K7M-4QX-9TR", born)):
        refused = knock(phone, typed, day)
        assert refused.status == 422
        assert "We did not find it" in refused.root.text


@pytest.mark.both_databases
def test_mails_to_recipients_are_in_spanish_throughout(booked: int) -> None:
    with unit_of_work(write=False) as session:
        for found in session.scalars(select(Message).where(Message.kind.like("appointment%"))):
            mail = render(found, zone=booking.ZONE, secrets=True)
            assert "cita" in mail.subject
            assert "Traiga una identificación" in mail.text
            assert "Ver, cambiar o cancelar" in mail.html
            for english in ("Your", "Bring", "appointment", "Confirmation", "When"):
                assert english not in re.sub(r"http\S+", "", mail.text), english
