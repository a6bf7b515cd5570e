"""Booking by the recipients themselves, without an account (SPEC F5): what they may reach between
registering and the confirmation, and who may book the second dose."""

from sqlalchemy import bindparam, select

from blueprints.appointments.holding import wish_for
from blueprints.appointments.models import Appointment
from blueprints.appointments.next_dose import NextDose, NotDue, dose_to_book, open_booking
from blueprints.appointments.rules import State, kinds_for
from blueprints.appointments.telling import tell_again
from blueprints.appointments.visiting import Visited
from blueprints.recipients.models import Recipient
from blueprints.scheduling.models import Schedule, Slot
from blueprints.scheduling.queries import Offer, near
from portal.access.visitor import Standing
from portal.db import session
from portal.errors import NotFound
from portal.places.models import Location

KIND = "registration"
FIRST = 1

# Made once: every step of a booking asks for them.
_offered = (Location.approved, Schedule.active, Schedule.public)
PUBLIC = select(Location).join(Schedule, Schedule.location_id == Location.id).where(*_offered)
PUBLIC_ONE = PUBLIC.where(Location.id == bindparam("location_id"))
PUBLIC_OF_SLOT = PUBLIC.join(Slot, Slot.location_id == Location.id).where(
    Slot.id == bindparam("slot_id")
)
ANYWHERE = PUBLIC.with_only_columns(Schedule.id).limit(1)


def standing(recipient_id: int) -> Standing | None:
    """What a link leads to that somebody got for registering, or with an invitation; no location
    has to do with it yet."""
    found = session().get(Recipient, recipient_id)
    if found is None:
        return None
    return Standing(
        version=0,
        place=None,
        language=found.language,
        withdrawn=found.merged_into_id is not None,
    )


def first_dose(recipient: Recipient) -> NextDose:
    """The first dose, if the recipient can book it. Raises `NotDue`, also for any later dose: that
    is booked from the link of the first one."""
    dose = dose_to_book(recipient)
    if dose.number != FIRST:
        raise NotDue("")
    return dose


def send_again(recipient: Recipient) -> None:
    """Send the confirmation of an appointment that the recipient has already, once a day."""
    booked = open_booking(recipient.id, FIRST)
    if booked is not None and booked.state == State.NEW:
        tell_again(booked)


def public_places(text: str, dose: NextDose) -> list[Offer]:
    """The locations near a ZIP code, city or address where the public may book, nearest first."""
    return near(text, public_only=True, kinds=kinds_for(dose.number), wish=wish_for(dose))


def find_public(location_id: int | None) -> Location:
    """A location at which the public may book. Raises `NotFound`."""
    found: Location | None = session().scalar(PUBLIC_ONE, {"location_id": location_id or 0})
    if found is None:
        raise NotFound
    return found


def find_public_of(slot_id: int) -> Location:
    """The location of a slot, if the public may book there. Raises `NotFound`."""
    found: Location | None = session().scalar(PUBLIC_OF_SLOT, {"slot_id": slot_id})
    if found is None:
        raise NotFound
    return found


def is_offered_anywhere() -> bool:
    """Whether the public may book at any location."""
    return session().scalar(ANYWHERE) is not None


def held_of(recipient_id: int) -> Appointment | None:
    """The place that is held for the recipient's first dose."""
    found = open_booking(recipient_id, FIRST)
    return found if found is not None and found.state == State.HELD else None


def later_dose(found: Visited) -> NextDose | None:
    """The dose after that of this appointment, if it was given and its recipient may book the next
    one: at the same location (SPEC G4)."""
    if found.appointment.state == State.CANCELED:
        return None
    try:
        find_public(found.location.id)
        dose = dose_to_book(found.recipient)
    except (NotDue, NotFound):
        return None
    return dose if dose.number == found.appointment.dose_number + 1 else None
