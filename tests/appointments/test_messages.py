"""What recipients are told, and what is no longer true when it would be sent (SPEC G8)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from blueprints.appointments.models import Appointment
from blueprints.appointments.services import cancel, close, move
from blueprints.appointments.telling import still_canceled, still_to_come
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from portal.messages.models import MessageAttachment
from tests.appointments import booking
from tests.appointments.booking import booked, offered, person, slot_at


def states() -> list[tuple[str, str]]:
    return [(one.kind.removeprefix("appointment_"), one.state) for one in booking.messages()]


def file_of(message_id: int) -> str:
    with unit_of_work(write=False) as session:
        file = session.query(MessageAttachment).filter_by(message_id=message_id).one()
        return file.content.decode().replace("\r\n ", "")


def test_a_booking_plans_the_reminders_that_are_still_ahead(scope: Scope) -> None:
    offered(scope)
    number = booked(scope, person(scope), slot_at(scope.location_id, 5))
    assert states() == [("booked", "waiting"), ("reminder", "planned"), ("reminder", "planned")]
    starts = booking.appointment(number).starts_at
    planned = [one.not_before for one in booking.messages()[1:]]
    assert planned == [starts - timedelta(hours=72), starts - timedelta(hours=24)]


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        ({"contact_by": "none", "agrees_to_reminders": False}, []),
        ({"contact_by": "sms", "mobile_phone": "252-555-0100"}, []),
        ({"agrees_to_reminders": False}, ["appointment_booked"]),
    ],
)
def test_nobody_is_told_by_a_way_they_did_not_choose(
    scope: Scope, given: dict[str, object], kinds: list[str]
) -> None:
    offered(scope)
    booked(scope, person(scope, **given), slot_at(scope.location_id, 5))
    assert [one.kind for one in booking.messages()] == kinds


def test_a_change_takes_back_what_was_said_and_keeps_the_calendar_entry(scope: Scope) -> None:
    offered(scope)
    number = booked(scope, person(scope), slot_at(scope.location_id, 5))
    other = slot_at(scope.location_id, 6)
    with unit_of_work():
        move(appointment_id=number, slot_id=other, actor=scope.user)
    assert states() == [
        *[("booked", "cancelled"), ("reminder", "cancelled"), ("reminder", "cancelled")],
        *[("changed", "waiting"), ("reminder", "planned"), ("reminder", "planned")],
    ]
    sent = booking.messages()
    first, second = file_of(sent[0].id), file_of(sent[3].id)
    assert "SEQUENCE:0" in first
    assert "SEQUENCE:1" in second
    uid = next(line for line in first.splitlines() if line.startswith("UID:"))
    assert uid in second


def test_nothing_is_said_of_a_canceled_or_closed_appointment(scope: Scope) -> None:
    offered(scope)
    one = booked(scope, person(scope), slot_at(scope.location_id, 5))
    other = booked(scope, person(scope, "José", "Madeup"), slot_at(scope.location_id, 5))
    with unit_of_work():
        cancel(appointment_id=one, reason="Ill", actor=scope.user)
        close(appointment_id=other, actor=scope.user)
    left = [each for each in states() if each[1] != "cancelled"]
    assert left == [("canceled", "waiting")]
    assert "METHOD:CANCEL" in file_of(booking.messages()[-1].id)


def test_whoever_sends_asks_whether_it_is_still_true(scope: Scope) -> None:
    """However the appointment was canceled, also behind the back of the services."""
    offered(scope)
    number = booked(scope, person(scope), slot_at(scope.location_id, 5))
    about = f"appointment:{number}"
    with unit_of_work(write=False):
        assert still_to_come(about, {"version": 0})
        assert not still_to_come(about, {"version": 1})
        assert not still_canceled(about, {"version": 0})
        assert not still_to_come("appointment:99", {"version": 0})
        assert not still_to_come(None, {})
    with unit_of_work() as session:
        session.execute(
            update(Appointment)
            .where(Appointment.id == number)
            .values(state="canceled", canceled_at=now(), version=1)
        )
    with unit_of_work(write=False):
        assert not still_to_come(about, {"version": 0})
        assert still_canceled(about, {"version": 1})
