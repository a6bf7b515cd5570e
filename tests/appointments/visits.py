"""How the access matrix comes by the links to appointments."""

from sqlalchemy import select

from blueprints.appointments.services import cancel
from blueprints.recipients.models import Recipient
from portal.db import unit_of_work
from tests.samples import Links


def withdraw(appointment_id: int) -> None:
    """Cancel the appointment: what was sent of it before no longer opens it."""
    with unit_of_work():
        cancel(appointment_id=appointment_id, reason="", actor=None, later_doses=True)


def merge_away(recipient_id: int) -> None:
    """Another record is used in place of that of somebody who registered themselves."""
    with unit_of_work() as session:
        other = select(Recipient.id).where(Recipient.id != recipient_id).limit(1)
        session.get_one(Recipient, recipient_id).merged_into_id = session.scalars(other).one()


LINKS = Links("appointment", withdraw)
REGISTRATIONS = Links("registration", merge_away)
