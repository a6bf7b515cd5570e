"""How the access matrix comes by the links to appointments."""

from blueprints.appointments.services import cancel
from portal.db import unit_of_work
from tests.samples import Links


def withdraw(appointment_id: int) -> None:
    """Cancel the appointment: what was sent of it before no longer opens it."""
    with unit_of_work():
        cancel(appointment_id=appointment_id, reason="", actor=None, later_doses=True)


LINKS = Links("appointment", withdraw)
