"""Schedules, people and appointments for tests, made through the services."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, update

from blueprints.appointments.models import Appointment, BookingSeries
from blueprints.appointments.services import complete, hold
from blueprints.recipients.history import DoseElsewhere, record_elsewhere
from blueprints.recipients.models import Recipient
from blueprints.scheduling.models import Slot
from portal.access.scope import Scope
from portal.catalog.models import ProductFacts
from portal.clock import now, today
from portal.db import unit_of_work
from portal.messages.models import Message
from tests.recipients import people
from tests.scheduling.offering import offer

ZONE = "America/New_York"
PFIZER, MODERNA, JANSSEN = "PFR-PURPLE-2021-01", "MOD-RED-10", "JSN-5"
FLU = "FLUZONE-TIV-PFS-2526"
TOLD = {"email": "maria@example.org", "contact_by": "email", "agrees_to_reminders": True}


def day_in(days: int) -> date:
    """A day from now at the locations of tests."""
    return today(ZONE) + timedelta(days=days)


def offered(scope: Scope, **changes: Any) -> None:
    """A schedule that offers every day, 60 days ahead."""
    offer(scope, **changes)


def slot_at(location_id: int, days: int, minute: int = 540, kind: str = "general") -> int:
    """The slot at that time, so many days from now."""
    with unit_of_work(write=False) as session:
        return session.scalars(
            select(Slot.id).where(
                Slot.location_id == location_id,
                Slot.day == day_in(days),
                Slot.minute == minute,
                Slot.kind == kind,
            )
        ).one()


def person(scope: Scope, first: str = "Maria", last: str = "Exampleton", **more: Any) -> int:
    """Somebody who is registered at the location of `scope`, and wants e-mail; the id."""
    return people.add(scope, first, last, **{**TOLD, **more})


def held(scope: Scope, recipient_id: int, slot_id: int) -> int:
    """A place that is held; the appointment's id."""
    with unit_of_work():
        return hold(recipient_id=recipient_id, slot_id=slot_id, actor=scope.user).id


def booked(scope: Scope, recipient_id: int, slot_id: int) -> int:
    """An appointment; its id."""
    number = held(scope, recipient_id, slot_id)
    with unit_of_work():
        return complete(appointment_id=number, actor=scope.user).id


def given(scope: Scope, recipient_id: int, product: str, *, days_ago: int, dose: int = 1) -> None:
    """A dose that was given so many days ago."""
    with unit_of_work() as session:
        product_id = session.scalars(
            select(ProductFacts.product_id).where(ProductFacts.key == product)
        ).one()
        dose_given = DoseElsewhere(
            product_id=product_id, dose_number=dose, given_on=day_in(-days_ago), where="Elsewhere"
        )
        record_elsewhere(scope, recipient_id, dose_given)


def appointment(number: int) -> Appointment:
    """The appointment as the database has it."""
    with unit_of_work(write=False) as session:
        found = session.get_one(Appointment, number)
        session.expunge(found)
        return found


def status(recipient_id: int) -> str:
    """The recipient's dose status."""
    with unit_of_work(write=False) as session:
        return session.get_one(Recipient, recipient_id).dose_status


def number_of(appointment_id: int) -> str:
    """The confirmation number of an appointment."""
    with unit_of_work(write=False) as session:
        return session.scalars(
            select(BookingSeries.number)
            .join(Appointment, Appointment.series_id == BookingSeries.id)
            .where(Appointment.id == appointment_id)
        ).one()


def taken(slot_id: int) -> int:
    """How many places of a slot are taken."""
    with unit_of_work(write=False) as session:
        return session.get_one(Slot, slot_id).taken


def messages() -> list[Message]:
    """All messages, as they were queued."""
    with unit_of_work(write=False) as session:
        found = session.scalars(select(Message).order_by(Message.id)).all()
        session.expunge_all()
        return list(found)


def let_pass(number: int) -> None:
    """Have the ten minutes of a hold be over."""
    with unit_of_work() as session:
        session.execute(
            update(Appointment)
            .where(Appointment.id == number)
            .values(held_until=now() - timedelta(seconds=1))
        )
