"""The list of a day: who is expected, who is here, who is done, and whether that changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import case, func, literal, select, union_all

from blueprints.appointments.models import Appointment
from blueprints.appointments.rules import State as AppointmentState
from blueprints.checkin.models import Arrival
from blueprints.checkin.queries import PERSON, Person, alike_among
from blueprints.checkin.rules import (
    TO_DO,
    Alike,
    Standing,
    State,
    standing_of,
    standing_of_appointment,
)
from blueprints.checkin.settings import CheckInSettings
from blueprints.recipients.models import Recipient
from portal.access.scope import Scope
from portal.clock import now
from portal.db import session
from portal.settings import of_module

BOOKED = (AppointmentState.NEW, AppointmentState.CLOSED)
ORDER = {standing: place for place, standing in enumerate(Standing)}
# Keeps the sum below 2^63 for any number of appointments that a day can have.
SPREAD = 1_000_003


@dataclass(frozen=True, kw_only=True)
class Line:
    """Somebody on the list of a day.

    `since` is the moment that tells the order among those of one standing: when they came, or are
    to come. `minute` is the time of the appointment, None for a walk-in. `alike` is what the
    person has in common with others of the day.
    """

    person: Person
    standing: Standing
    since: datetime
    appointment_id: int | None = None
    arrival_id: int | None = None
    minute: int | None = None
    dose_number: int | None = None
    checked_in_at: datetime | None = None
    observe_until: datetime | None = None
    note: str = ""
    alike: tuple[Alike, ...] = ()

    @property
    def is_to_do(self) -> bool:
        """Whether something is still to be done with this person today."""
        return self.standing in TO_DO


@dataclass(frozen=True, kw_only=True)
class DayList:
    """The list of a day, in the order of who needs something first, and how many there are of
    each. `version` is another one as soon as the list is."""

    day: date
    version: str
    lines: Sequence[Line]
    counts: Mapping[Standing, int]

    @property
    def to_do(self) -> Sequence[Line]:
        """Those with whom something is still to be done."""
        return [line for line in self.lines if line.is_to_do]


def version_of(scope: Scope, day: date) -> str:
    """What changes whenever the list of the day does: somebody comes or is moved on, a booking
    comes, moves or goes, or the clock lets somebody be late or ready to go."""
    at = now()
    came = select(
        func.count().label("number"),
        func.coalesce(func.sum(Arrival.version), 0).label("changes"),
        func.count(case((Arrival.observe_until <= at, 1))).label("over"),
    ).where(Arrival.location_id == scope.location_id, Arrival.day == day)
    stage = case(
        (Appointment.state == AppointmentState.NEW, 1),
        (Appointment.state == AppointmentState.CLOSED, 2),
        else_=0,
    )
    mark = (Appointment.id % SPREAD + 1) * (Appointment.version * 3 + stage)
    booked = select(
        func.count().label("number"),
        func.coalesce(func.sum(mark), 0).label("changes"),
        func.count(case((Appointment.starts_at <= at - _patience(), 1))).label("over"),
    ).where(
        Appointment.location_id == scope.location_id,
        Appointment.day == day,
        Appointment.state.in_(BOOKED),
    )
    rows = session().execute(
        union_all(came.add_columns(literal(1).label("part")), booked.add_columns(literal(2)))
    )
    parts = sorted(rows, key=lambda row: row.part)
    return ".".join([day.strftime("%d"), *(str(int(value)) for row in parts for value in row[:3])])


def day_list(scope: Scope, day: date) -> DayList:
    """Who is expected or was here at the present location on `day`."""
    scope.require("checkin.view")
    version = version_of(scope, day)
    at = now()
    lines: dict[int, Line] = {}
    for arrival, booking, person in _arrivals(scope.location_id, day):
        lines[person.id] = _of_arrival(arrival, booking, person, at)
    for booking, person in _bookings(scope.location_id, day):
        if person.id not in lines:
            lines[person.id] = _of_booking(booking, person, at)
    return _listed(day, version, lines)


def _listed(day: date, version: str, lines: Mapping[int, Line]) -> DayList:
    alike = alike_among(line.person for line in lines.values())
    found = [
        Line(**{**vars(line), "alike": alike.get(number, ())}) for number, line in lines.items()
    ]
    found.sort(key=lambda line: (ORDER[line.standing], line.since, line.person.id))
    counts = Counter(line.standing for line in found)
    return DayList(day=day, version=version, lines=found, counts=counts)


def _of_arrival(
    arrival: Arrival, booking: Appointment | None, person: Person, at: datetime
) -> Line:
    return Line(
        person=person,
        standing=standing_of(arrival.state, arrival.observe_until, at),
        since=arrival.observe_until or arrival.checked_in_at,
        appointment_id=arrival.appointment_id,
        arrival_id=arrival.id,
        minute=booking.minute if booking and booking.day == arrival.day else None,
        dose_number=booking.dose_number if booking else None,
        checked_in_at=arrival.checked_in_at,
        observe_until=arrival.observe_until if arrival.state == State.OBSERVING else None,
        note=arrival.note,
    )


def _of_booking(booking: Appointment, person: Person, at: datetime) -> Line:
    closed = booking.state == AppointmentState.CLOSED
    standing = standing_of_appointment(booking.starts_at, at, closed=closed, patience=_patience())
    return Line(
        person=person,
        standing=standing,
        since=booking.starts_at,
        appointment_id=booking.id,
        minute=booking.minute,
        dose_number=booking.dose_number,
    )


def _patience() -> timedelta:
    return timedelta(minutes=of_module(CheckInSettings).no_show_minutes)


def _arrivals(location_id: int, day: date) -> Sequence[tuple[Arrival, Appointment | None, Person]]:
    """The arrivals of the day that were not undone, of each person the last one at the end."""
    rows = session().execute(
        select(Arrival, Appointment, *PERSON)
        .join(Recipient, Recipient.id == Arrival.recipient_id)
        .outerjoin(Appointment, Appointment.id == Arrival.appointment_id)
        .where(
            Arrival.location_id == location_id,
            Arrival.day == day,
            Arrival.state != State.UNDONE,
        )
        .order_by(Arrival.id)
    )
    return [(row[0], row[1], _person(row[2:])) for row in rows]


def _bookings(location_id: int, day: date) -> Sequence[tuple[Appointment, Person]]:
    """The day's appointments that are not canceled, by time."""
    rows = session().execute(
        select(Appointment, *PERSON)
        .join(Recipient, Recipient.id == Appointment.recipient_id)
        .where(
            Appointment.location_id == location_id,
            Appointment.day == day,
            Appointment.state.in_(BOOKED),
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return [(row[0], _person(row[1:])) for row in rows]


def _person(values: Sequence[object]) -> Person:
    names = (column.key for column in PERSON)
    return Person(**dict(zip(names, values, strict=True)))  # type: ignore[arg-type]
