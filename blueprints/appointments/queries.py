"""Reading appointments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, func, or_, select

from blueprints.appointments.models import Appointment, BookingSeries
from blueprints.appointments.rules import OPEN, State
from blueprints.recipients.models import Recipient
from blueprints.recipients.queries import get_recipient
from blueprints.scheduling.models import Slot
from portal.access.scope import Scope
from portal.clock import now
from portal.db import session
from portal.errors import Conflict, NotFound
from portal.i18n import _
from portal.people.models import User
from portal.places.models import Location
from portal.remembering import remembered

MOST_OVERBOOKED = 200


def get_appointment(scope: Scope, appointment_id: int) -> Appointment:
    """An appointment of a recipient whom `scope` sees: a booking lets the location see them.
    Raises `NotFound`."""
    scope.require("appointments.view")
    found = session().get(Appointment, appointment_id)
    if found is None:
        raise NotFound
    get_recipient(scope, found.recipient_id)
    return found


def get_booked(scope: Scope, appointment_id: int) -> Appointment:
    """Like `get_appointment`, but not one that is only held."""
    found = get_appointment(scope, appointment_id)
    if found.state == State.HELD:
        raise NotFound
    return found


def get_to_come(scope: Scope, appointment_id: int) -> Appointment:
    """One appointment that `scope` may see and that can be changed. Raises `NotFound`, and
    `Conflict` if it is over or canceled."""
    found = get_booked(scope, appointment_id)
    if found.state != State.NEW:
        raise Conflict(_("This appointment is over or canceled. Nothing was changed."))
    return found


@dataclass(frozen=True)
class Booked:
    """An appointment with what pages say beside it."""

    appointment: Appointment
    recipient: Recipient
    location: Location
    number: str


def _query(*where: object) -> Sequence[Booked]:
    rows = session().execute(
        select(Appointment, Recipient, Location, BookingSeries.number)
        .join(Recipient, Recipient.id == Appointment.recipient_id)
        .join(Location, Location.id == Appointment.location_id)
        .join(BookingSeries, BookingSeries.id == Appointment.series_id)
        .where(*where)  # type: ignore[arg-type]
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return [Booked(*row) for row in rows]


def booked_as(appointment: Appointment) -> Booked:
    """The appointment with its recipient, location and confirmation number."""
    return _query(Appointment.id == appointment.id)[0]


def of_recipient(recipient_id: int) -> Sequence[Booked]:
    """The recipient's appointments at every location, by time."""
    return _query(Appointment.recipient_id == recipient_id)


def of_ids(ids: Sequence[int]) -> Sequence[Booked]:
    """Appointments by their ids, in order of time; their access is the caller's business."""
    return _query(Appointment.id.in_(ids))


def of_day(scope: Scope, day: date) -> Sequence[Booked]:
    """The appointments of a day at the present location that are not canceled, by time."""
    scope.require("appointments.view")
    return _query(
        Appointment.location_id == scope.location_id,
        Appointment.day == day,
        Appointment.state.in_((State.NEW, State.CLOSED)),
    )


def in_slots(location_id: int, slot_ids: Sequence[int]) -> Sequence[Booked]:
    """The appointments to come in these slots of a location."""
    return _query(
        Appointment.location_id == location_id,
        Appointment.slot_id.in_(slot_ids),
        Appointment.state == State.NEW,
    )


def promised_doses(
    location_ids: Sequence[int], first: date
) -> list[tuple[int, date, int | None, int]]:
    """How many appointments are to come at these locations, from `first` on: location, day, the
    product that is needed (None for any), number. A hold that is over was promised nothing."""
    rows = session().execute(
        select(
            *(Appointment.location_id, Appointment.day, Appointment.product_id),
            func.count(),
        )
        .where(
            Appointment.location_id.in_(location_ids),
            Appointment.day >= first,
            Appointment.state.in_(OPEN),
            or_(Appointment.held_until.is_(None), Appointment.held_until > now()),
        )
        .group_by(Appointment.location_id, Appointment.day, Appointment.product_id)
    )
    return [(place, day, product, count) for place, day, product, count in rows]


# Made once: every page of a booking asks for them.
LAPSED = (
    select(Appointment.slot_id, func.count())
    .where(
        Appointment.state == State.HELD,
        Appointment.held_until <= bindparam("moment"),
        Appointment.location_id.in_(bindparam("location_ids", expanding=True)),
    )
    .group_by(Appointment.slot_id)
)


@remembered("appointment")
def lapsed_holds(location_ids: tuple[int, ...]) -> list[tuple[int, int]]:
    """The slots of these locations in which holds are over whose rows are still there, and how many
    in each. What a unit asks again is over since it asked first."""
    rows = session().execute(LAPSED, {"moment": now(), "location_ids": list(location_ids)})
    return [(slot_id, count) for slot_id, count in rows]


@dataclass(frozen=True)
class Overbooked:
    """An appointment beyond the places of its time, and who gave it."""

    booked: Booked
    taken: int
    places: int
    by: str


def list_overbooked(scope: Scope, since: datetime) -> list[Overbooked]:
    """The appointments at the present location that were made beyond the places, from `since` on
    and not canceled, by time."""
    scope.require("appointments.overbook")
    rows = session().execute(
        select(
            *(Appointment, Recipient, Location, BookingSeries.number),
            *(Slot.taken, Slot.places, User.first_name, User.last_name),
        )
        .join(Recipient, Recipient.id == Appointment.recipient_id)
        .join(Location, Location.id == Appointment.location_id)
        .join(BookingSeries, BookingSeries.id == Appointment.series_id)
        .join(Slot, Slot.id == Appointment.slot_id)
        .outerjoin(User, User.id == Appointment.booked_by_id)
        .where(
            Appointment.location_id == scope.location_id,
            Appointment.overbook_reason != "",
            Appointment.starts_at >= since,
            Appointment.state.in_((State.NEW, State.CLOSED)),
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(MOST_OVERBOOKED)
    )
    return [
        Overbooked(Booked(*row[:4]), row.taken, row.places, f"{row.first_name} {row.last_name}")
        for row in rows
    ]
