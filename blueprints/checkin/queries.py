"""Reading arrivals: one by its address, those of a day, who is easily confused with whom."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, union

from blueprints.appointments.models import Appointment, BookingSeries
from blueprints.appointments.numbers import read_number
from blueprints.appointments.queries import get_booked
from blueprints.appointments.rules import State as AppointmentState
from blueprints.checkin.models import Arrival
from blueprints.checkin.rules import ArrivalState, Resemblance
from blueprints.recipients import names
from blueprints.recipients.models import Recipient
from portal.access.scope import Scope
from portal.db import session
from portal.errors import Invalid, NotFound
from portal.i18n import _
from portal.people.models import User
from portal.searching.text import fold


@dataclass(frozen=True)
class Person:
    """Who is expected or here on a day, as far as people are told apart."""

    id: int
    first_name: str
    middle_name: str
    last_name: str
    suffix: str
    birth_date: date
    street: str
    zip_code: str


@dataclass(frozen=True, kw_only=True)
class LookAlike:
    """Somebody else of today, and what both have in common."""

    person: Person
    alike: tuple[Resemblance, ...]


PERSON = (
    Recipient.id,
    Recipient.first_name,
    Recipient.middle_name,
    Recipient.last_name,
    Recipient.suffix,
    Recipient.birth_date,
    Recipient.street,
    Recipient.zip_code,
)


def get_arrival(scope: Scope, arrival_id: int) -> Arrival:
    """An arrival at the present location. Raises `NotFound`."""
    scope.require("checkin.view")
    found = session().get(Arrival, arrival_id)
    if found is None:
        raise NotFound
    scope.require_location(found.location_id)
    return found


def alike_today(scope: Scope, recipient: Recipient) -> list[LookAlike]:
    """Today's other people of the present location who have the last name, the birth date or the
    address of `recipient`, by name (SPEC G14)."""
    scope.require("checkin.view")
    mine = _marks(person_of(recipient))
    found = []
    for other in people_of(scope, scope.today()):
        if other.id != recipient.id and (both := _shared(mine, _marks(other))):
            found.append(LookAlike(person=other, alike=both))
    return sorted(found, key=lambda one: (one.person.last_name, one.person.first_name))


def people_of(scope: Scope, day: date) -> list[Person]:
    """Who has an appointment at the present location on this day, or came."""
    here = scope.location_id
    booked = select(Appointment.recipient_id).where(
        Appointment.location_id == here,
        Appointment.day == day,
        Appointment.state.in_((AppointmentState.NEW, AppointmentState.CLOSED)),
    )
    came = select(Arrival.recipient_id).where(
        Arrival.location_id == here, Arrival.day == day, Arrival.state != ArrivalState.UNDONE
    )
    ids = union(booked, came).subquery()
    rows = session().execute(select(*PERSON).join(ids, ids.c.recipient_id == Recipient.id))
    return [Person(*row) for row in rows]


def alike_among(people: Iterable[Person]) -> Mapping[int, tuple[Resemblance, ...]]:
    """By their ids, those of `people` who have something in common with another one, and what."""
    groups: dict[tuple[Resemblance, object], list[int]] = defaultdict(list)
    for person in people:
        for mark in _marks(person).items():
            groups[mark].append(person.id)
    found: dict[int, set[Resemblance]] = defaultdict(set)
    for (what, _value), ids in groups.items():
        if len(ids) > 1:
            for number in ids:
                found[number].add(what)
    return {
        number: tuple(one for one in Resemblance if one in what) for number, what in found.items()
    }


def person_of(recipient: Recipient) -> Person:
    return Person(*(getattr(recipient, column.key) for column in PERSON))


def _marks(person: Person) -> dict[Resemblance, object]:
    """What is compared; an address only if it is known."""
    marks: dict[Resemblance, object] = {
        Resemblance.LAST_NAME: names.joined(person.last_name),
        Resemblance.BIRTH_DATE: person.birth_date,
    }
    if person.street:
        marks[Resemblance.ADDRESS] = fold(person.street), person.zip_code[:5]
    return marks


def _shared(
    mine: Mapping[Resemblance, object], theirs: Mapping[Resemblance, object]
) -> tuple[Resemblance, ...]:
    return tuple(what for what in Resemblance if what in mine and mine[what] == theirs.get(what))


def open_arrival(recipient_id: int, location_id: int, day: date) -> Arrival | None:
    """The arrival of somebody who is at the location."""
    return session().scalar(
        select(Arrival).where(
            Arrival.recipient_id == recipient_id,
            Arrival.location_id == location_id,
            Arrival.day == day,
            Arrival.done_at.is_(None),
        )
    )


def of_appointments(location_id: int, ids: Sequence[int]) -> Mapping[int, Arrival]:
    """By the appointment, the arrivals for these appointments that count."""
    rows = session().scalars(
        select(Arrival).where(
            Arrival.location_id == location_id,
            Arrival.appointment_id.in_(ids),
            Arrival.state.not_in((ArrivalState.UNDONE, ArrivalState.LEFT)),
        )
    )
    return {arrival.appointment_id: arrival for arrival in rows if arrival.appointment_id}


def get_booking(scope: Scope, appointment_id: int) -> Appointment:
    """An appointment that is more than held, at the present location. Raises `NotFound`."""
    found = get_booked(scope, appointment_id)
    scope.require_location(found.location_id)
    return found


def booking_numbered(scope: Scope, text: str) -> Appointment:
    """The appointment at the present location that somebody comes for with this confirmation
    number: the one to come, today's before others. Raises `Invalid` with a sentence."""
    scope.require("checkin.handle")
    number = read_number(text)
    found = list(
        session().scalars(
            select(Appointment)
            .join(BookingSeries, BookingSeries.id == Appointment.series_id)
            .where(
                BookingSeries.number == number,
                Appointment.location_id == scope.location_id,
                Appointment.state != AppointmentState.HELD,
            )
            .order_by(Appointment.starts_at)
        )
    )
    to_come = [one for one in found if one.state == AppointmentState.NEW]
    if to_come:
        today = scope.today()
        return min(to_come, key=lambda one: (one.day != today, one.starts_at))
    if not found:
        raise Invalid(
            _("No appointment at this location has this confirmation number."), field="number"
        )
    if found[-1].state == AppointmentState.CANCELED:
        raise Invalid(
            _("This appointment was canceled. You can check the recipient in as a walk-in."),
            field="number",
        )
    raise Invalid(_("This appointment is over: the dose was given."), field="number")


def who_checked_in(arrival: Arrival) -> str:
    """The name of the user who checked somebody in."""
    return " ".join(
        session()
        .execute(select(User.first_name, User.last_name).where(User.id == arrival.checked_in_by_id))
        .one()
    )
