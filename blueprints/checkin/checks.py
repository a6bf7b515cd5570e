"""What `portal check` proves of arrivals."""

from collections.abc import Iterator

from sqlalchemy import or_, select

from blueprints.appointments.models import Appointment
from blueprints.checkin.models import Arrival
from portal.db import session


def arrivals() -> Iterator[str]:
    """Arrivals for an appointment of somebody else or at another location."""
    wrong = session().scalars(
        select(Arrival.id)
        .join(Appointment, Appointment.id == Arrival.appointment_id)
        .where(
            Arrival.done_at.is_(None),
            or_(
                Appointment.recipient_id != Arrival.recipient_id,
                Appointment.location_id != Arrival.location_id,
            ),
        )
        .order_by(Arrival.id)
    )
    for number in wrong:
        yield f"Check-in {number} is for an appointment of somebody else or of another location."
