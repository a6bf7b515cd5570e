"""What `portal check` proves of appointments."""

from collections.abc import Iterator

from sqlalchemy import func, or_, select

from blueprints.appointments.models import Appointment
from blueprints.appointments.rules import OPEN, State, status_of
from blueprints.recipients.models import Recipient
from blueprints.recipients.queries import doses_in_series
from blueprints.scheduling.models import Slot
from portal.db import session
from portal.places.models import Location

PAGE = 500
TAKES_PLACE = (*OPEN, State.CLOSED)


def places() -> Iterator[str]:
    """Slots with other places taken than there are appointments, and appointments whose time or
    location is not that of their slot."""
    booked = (
        select(Appointment.slot_id, func.count().label("count"))
        .where(Appointment.state.in_(TAKES_PLACE))
        .group_by(Appointment.slot_id)
        .subquery()
    )
    count = func.coalesce(booked.c.count, 0)
    wrong = session().execute(
        select(Slot.id, Slot.taken, count, Location.name)
        .join(Location, Location.id == Slot.location_id)
        .outerjoin(booked, booked.c.slot_id == Slot.id)
        .where(Slot.taken != count)
        .order_by(Slot.id)
    )
    for number, taken, real, name in wrong:
        yield f"{name}: time {number} says {taken} places are taken, there are {real} appointments."
    elsewhere = session().scalars(
        select(Appointment.id)
        .join(Slot, Slot.id == Appointment.slot_id)
        .where(
            Appointment.state.in_(TAKES_PLACE),
            or_(
                Slot.starts_at != Appointment.starts_at,
                Slot.location_id != Appointment.location_id,
                Slot.day != Appointment.day,
            ),
        )
    )
    for number in elsewhere:
        yield f"Appointment {number} is at another time or location than its place."


def statuses() -> Iterator[str]:
    """Recipients whose dose status does not follow from doses and appointments."""
    last = 0
    while True:
        people = (
            session()
            .execute(
                select(Recipient.id, Recipient.dose_status)
                .where(Recipient.id > last, Recipient.merged_into_id.is_(None))
                .order_by(Recipient.id)
                .limit(PAGE)
            )
            .all()
        )
        if not people:
            return
        ids = [row.id for row in people]
        given = doses_in_series(ids)
        booked: dict[int, list[int]] = {}
        rows = session().execute(
            select(Appointment.recipient_id, Appointment.dose_number).where(
                Appointment.recipient_id.in_(ids), Appointment.state == State.NEW
            )
        )
        for recipient_id, number in rows:
            booked.setdefault(recipient_id, []).append(number)
        for row in people:
            numbers = [dose.dose_number for dose in given.get(row.id, ())]
            if row.dose_status != status_of(numbers, booked.get(row.id, [])):
                yield f"Recipient {row.id} has another dose status than doses and appointments say."
        last = ids[-1]
