"""Which dose a recipient is due next, and on which days (SPEC G4)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, select

from blueprints.appointments.models import Appointment
from blueprints.appointments.rules import OPEN, SECOND, State
from blueprints.appointments.settings import AppointmentSettings
from blueprints.recipients.models import Recipient
from blueprints.recipients.queries import series_of
from portal.catalog.queries import facts_on
from portal.catalog.windows import Window, window
from portal.db import session
from portal.errors import Conflict
from portal.formats.shown import day as day_text
from portal.i18n import _
from portal.remembering import remembered
from portal.settings import of_module


class NotDue(Conflict):
    """The recipient cannot be booked for a dose; the sentence says why."""


@dataclass(frozen=True)
class NextDose:
    """The dose to book: its number, its days (None for a first dose), and the product of the dose
    before it."""

    number: int
    window: Window | None
    product_id: int | None

    @property
    def not_before(self) -> date | None:
        """The first day that may be chosen; None where any day may."""
        if self.window is None:
            return None
        grace = of_module(AppointmentSettings).offer_grace_days
        return self.window.earliest if grace else self.window.recommended


def next_dose(recipient: Recipient) -> NextDose:
    """The dose of the program that can be booked for the recipient now. Raises `NotDue`."""
    given = series_of([recipient.id]).get(recipient.id, [])
    if not given:
        return NextDose(1, None, None)
    last = max(given, key=lambda dose: (dose.dose_number, dose.given_on))
    number = last.dose_number + 1
    facts = facts_on(last.product_id, last.given_on)
    series = facts.series_doses if facts else None
    if series == 1:
        raise NotDue(_("The vaccine that was given needs only one dose."))
    if series is not None and number > series:
        raise NotDue(_("All doses of this vaccine were given already."))
    days = window(facts, number, last.given_on) if facts else None
    if days is None:
        raise NotDue(
            _(
                "The portal does not know how many days should be between these doses. Ask your "
                "help desk to add them to the product."
            )
        )
    return NextDose(number, days, last.product_id)


def dose_to_book(recipient: Recipient) -> NextDose:
    """The dose that can be booked for the recipient now, if it is not booked yet. Raises
    `NotDue`."""
    dose = next_dose(recipient)
    booked = open_booking(recipient.id, dose.number)
    if booked is not None and booked.state == State.NEW:
        raise NotDue(
            _(
                "An appointment for dose %(number)s already exists, on %(day)s.",
                number=dose.number,
                day=day_text(booked.day),
            )
        )
    return dose


# Made once: every step of a booking asks for it.
OPEN_BOOKING = select(Appointment).where(
    Appointment.recipient_id == bindparam("recipient_id"),
    Appointment.dose_number == bindparam("dose_number"),
    Appointment.state.in_(OPEN),
)


@remembered("appointment")
def open_booking(recipient_id: int, dose_number: int) -> Appointment | None:
    """The recipient's appointment for this dose that is held or to come, if there is one."""
    asked = {"recipient_id": recipient_id, "dose_number": dose_number}
    found: Appointment | None = session().scalar(OPEN_BOOKING, asked)
    return found


def is_later_dose(dose_number: int) -> bool:
    """Whether it is a second dose, or one after it."""
    return dose_number >= SECOND
