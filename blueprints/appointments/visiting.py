"""What people without an account see of an appointment: theirs, by a link, or by its number and
their birth date."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, case, select

from blueprints.appointments.models import Appointment, BookingSeries
from blueprints.appointments.next_dose import NextDose, NotDue, is_later_dose, next_dose
from blueprints.appointments.numbers import read_number
from blueprints.appointments.rules import State
from blueprints.appointments.settings import AppointmentSettings
from blueprints.recipients.models import Recipient
from blueprints.scheduling.models import Schedule
from portal.access.scope import Place
from portal.access.visitor import Standing, Visitor
from portal.clock import now
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound
from portal.i18n import _
from portal.places.models import Location
from portal.settings import of_module
from portal.visits import links

KIND = "appointment"
# Who comes late can still look, and whoever got a dose books the next one by the same link.
AFTERWARDS = timedelta(days=45)
# Made once: every page of a visitor asks for them.
STANDING = (
    select(Appointment.version, Appointment.state, Recipient.language, Location)
    .join(Recipient, Recipient.id == Appointment.recipient_id)
    .join(Location, Location.id == Appointment.location_id)
    .where(Appointment.id == bindparam("appointment_id"), Appointment.state != State.HELD)
)
VISITED = (
    select(Appointment, Recipient, Location, BookingSeries.number)
    .join(Recipient, Recipient.id == Appointment.recipient_id)
    .join(Location, Location.id == Appointment.location_id)
    .join(BookingSeries, BookingSeries.id == Appointment.series_id)
    .where(Appointment.id == bindparam("appointment_id"))
)
PUBLIC = select(Schedule.id).where(
    Schedule.location_id == bindparam("location_id"), Schedule.active, Schedule.public
)


@dataclass(frozen=True)
class Visited:
    """An appointment as its recipient sees it."""

    appointment: Appointment
    recipient: Recipient
    location: Location
    number: str

    @property
    def to_come(self) -> bool:
        """Whether it can still be changed or canceled."""
        return self.appointment.state == State.NEW and self.appointment.starts_at > now()


def link_to(appointment: Appointment) -> links.Link:
    """The link in messages about the appointment; it ends when the appointment is changed."""
    return links.describe(
        KIND,
        appointment.id,
        appointment.version,
        until=open_until(appointment),
    )


def open_until(appointment: Appointment) -> datetime:
    """When the links to an appointment end if nothing else ends them."""
    return appointment.starts_at + AFTERWARDS


def standing(appointment_id: int) -> Standing | None:
    """What the links to an appointment lead to at present."""
    found = session().execute(STANDING, {"appointment_id": appointment_id}).one_or_none()
    if found is None:
        return None
    place: Location = found.Location
    return Standing(
        version=found.version,
        place=Place(
            id=place.id,
            name=place.name,
            pin=place.pin,
            time_zone=place.time_zone,
            organization_id=place.organization_id,
        ),
        language=found.language,
        said=_("This appointment is canceled.") if found.state == State.CANCELED else "",
    )


def find(number: str, birth_date: date) -> int | None:
    """The appointment of a confirmation number whose recipient was born on that day: the one to
    come, else the latest. One statement, whatever is wrong."""
    try:
        number = read_number(number)
    except Invalid:
        number = ""
    return session().scalar(
        select(Appointment.id)
        .join(BookingSeries, BookingSeries.id == Appointment.series_id)
        .join(Recipient, Recipient.id == Appointment.recipient_id)
        .where(BookingSeries.number == number, Recipient.birth_date == birth_date)
        .order_by(
            case((Appointment.state == State.NEW, 0), else_=1),
            Appointment.starts_at.desc(),
            Appointment.id.desc(),
        )
        .limit(1)
    )


def visited(who: Visitor) -> Visited:
    """The visitor's appointment. Raises `NotFound`."""
    found = session().execute(VISITED, {"appointment_id": who.subject_id}).one_or_none()
    if found is None:
        raise NotFound
    return Visited(*found)


def visited_to_come(who: Visitor) -> Visited:
    """The visitor's appointment, to be changed. Raises `NotFound`, and `Conflict` if it is over or
    canceled."""
    found = visited(who)
    if not found.to_come:
        raise Conflict(_("This appointment is over or canceled. Nothing was changed."))
    return found


def may_move(found: Visited) -> bool:
    """Whether the recipient may choose another time: the location offers them to the public."""
    return found.to_come and bool(session().scalar(PUBLIC, {"location_id": found.location.id}))


def may_cancel(found: Visited) -> bool:
    """Whether the recipient may cancel it: a second dose only where the installation lets staff do
    so, too."""
    later = is_later_dose(found.appointment.dose_number)
    return found.to_come and (not later or of_module(AppointmentSettings).cancel_second_doses)


def dose_of(found: Visited) -> NextDose:
    """The dose that the appointment is for, with its days."""
    try:
        dose = next_dose(found.recipient)
    except NotDue:
        dose = None
    if dose is None or dose.number != found.appointment.dose_number:
        return NextDose(found.appointment.dose_number, None, found.appointment.product_id)
    return dose
