"""The list of a day: who is expected, who is here, who is done, and whether that changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, Integer, bindparam, case, func, literal, select, union_all

from blueprints.appointments.models import Appointment
from blueprints.appointments.rules import State as AppointmentState
from blueprints.checkin.models import Arrival
from blueprints.checkin.queries import PERSON, Person, alike_among
from blueprints.checkin.rules import (
    TO_DO,
    WANT_DOSE,
    ArrivalState,
    DayState,
    Resemblance,
    standing_of,
    standing_of_appointment,
)
from blueprints.checkin.settings import CheckInSettings
from blueprints.recipients.models import Recipient
from portal.access.scope import Scope
from portal.clock import now
from portal.db import UtcDateTime, session
from portal.settings import of_module

ORDER = {standing: place for place, standing in enumerate(DayState)}
# Keeps the sum below 2^63 for any number of appointments that a day can have.
SPREAD = 1_000_003


HERE = bindparam("here", type_=Integer)
DAY = bindparam("day", type_=Date)
AT = bindparam("at", type_=UtcDateTime)
LATE = bindparam("late", type_=UtcDateTime)
_OF_DAY = (
    Appointment.location_id == HERE,
    Appointment.day == DAY,
    Appointment.state.in_((AppointmentState.NEW, AppointmentState.CLOSED)),
)
_STAGE = case((Appointment.state == AppointmentState.NEW, 1), else_=2)
# Made once: they take longer to make than to ask.
_VERSION = union_all(
    select(
        func.count().label("number"),
        func.coalesce(func.sum(Arrival.version), 0).label("changes"),
        func.count(case((Arrival.observe_until <= AT, 1))).label("over"),
        literal(1).label("part"),
    ).where(Arrival.location_id == HERE, Arrival.day == DAY),
    select(
        func.count(),
        func.coalesce(
            func.sum((Appointment.id % SPREAD + 1) * (Appointment.version * 3 + _STAGE)), 0
        ),
        func.count(case((Appointment.starts_at <= LATE, 1))),
        literal(2),
    ).where(*_OF_DAY),
)
_ARRIVALS = (
    select(
        Arrival.id,
        Arrival.state,
        Arrival.appointment_id,
        Arrival.checked_in_at,
        Arrival.observe_until,
        Arrival.note,
        Appointment.day.label("booked_day"),
        Appointment.minute,
        Appointment.dose_number,
        Appointment.product_id,
        *(column.label(f"person_{column.key}") for column in PERSON),
    )
    .join(Recipient, Recipient.id == Arrival.recipient_id)
    .outerjoin(Appointment, Appointment.id == Arrival.appointment_id)
    .where(Arrival.location_id == HERE, Arrival.day == DAY, Arrival.state != ArrivalState.UNDONE)
    .order_by(Arrival.id)
)
_BOOKINGS = (
    select(
        Appointment.id,
        Appointment.state,
        Appointment.starts_at,
        Appointment.minute,
        Appointment.dose_number,
        Appointment.product_id,
        *(column.label(f"person_{column.key}") for column in PERSON),
    )
    .join(Recipient, Recipient.id == Appointment.recipient_id)
    .where(*_OF_DAY)
    .order_by(Appointment.starts_at, Appointment.id)
)


@dataclass(frozen=True, kw_only=True)
class DayLine:
    """Somebody on the list of a day.

    `since` is the moment that tells the order among those of one standing: when they came, or are
    to come. `minute` is the time of the appointment, None for a walk-in. `product_id` is the
    vaccine that the appointment is for, None where any may be given.
    """

    person: Person
    standing: DayState
    since: datetime
    appointment_id: int | None = None
    arrival_id: int | None = None
    minute: int | None = None
    dose_number: int | None = None
    product_id: int | None = None
    checked_in_at: datetime | None = None
    observe_until: datetime | None = None
    note: str = ""

    @property
    def is_to_do(self) -> bool:
        """Whether something is still to be done with this person today."""
        return self.standing in TO_DO

    @property
    def wants_dose(self) -> bool:
        """Whether this person still comes for a dose today, or waits for one."""
        return self.standing in WANT_DOSE


@dataclass(frozen=True, kw_only=True)
class DayList:
    """The list of a day, in the order of who needs something first, and how many there are of
    each. `version` is another one as soon as the list is. `alike` is, by the person's id, what
    somebody has in common with others of the day."""

    day: date
    version: str
    lines: Sequence[DayLine]
    counts: Mapping[DayState, int]
    alike: Mapping[int, tuple[Resemblance, ...]]

    @property
    def to_do(self) -> Sequence[DayLine]:
        """Those with whom something is still to be done."""
        return [line for line in self.lines if line.is_to_do]


def version_of(scope: Scope, day: date) -> str:
    """What changes whenever the list of the day does: somebody comes or is moved on, a booking
    comes, moves or goes, or the clock lets somebody be late or ready to go."""
    at = now()
    values = {"here": scope.location_id, "day": day, "at": at, "late": at - _patience()}
    parts = sorted(session().execute(_VERSION, values), key=lambda row: row.part)
    return ".".join([f"{day:%d}", *(str(int(value)) for row in parts for value in row[:3])])


def day_list(scope: Scope, day: date) -> DayList:
    """Who is expected or was here at the present location on `day`; of somebody who came twice the
    last time."""
    scope.require("checkin.view")
    version = version_of(scope, day)
    at, of_day = now(), {"here": scope.location_id, "day": day}
    lines: dict[int, DayLine] = {}
    for row in session().execute(_ARRIVALS, of_day):
        lines[row.person_id] = _of_arrival(row, day, at)
    for booking in session().execute(_BOOKINGS, of_day):
        if booking.person_id not in lines:
            lines[booking.person_id] = _of_booking(booking, at)
    return DayList(
        day=day,
        version=version,
        lines=sorted(lines.values(), key=lambda line: (ORDER[line.standing], line.since)),
        counts=Counter(line.standing for line in lines.values()),
        alike=alike_among(line.person for line in lines.values()),
    )


def _of_arrival(row: Any, day: date, at: datetime) -> DayLine:
    return DayLine(
        person=_person(row),
        standing=standing_of(row.state, row.observe_until, at),
        since=row.observe_until or row.checked_in_at,
        appointment_id=row.appointment_id,
        arrival_id=row.id,
        minute=row.minute if row.booked_day == day else None,
        dose_number=row.dose_number,
        product_id=row.product_id,
        checked_in_at=row.checked_in_at,
        observe_until=row.observe_until if row.state == ArrivalState.OBSERVING else None,
        note=row.note,
    )


def _of_booking(row: Any, at: datetime) -> DayLine:
    closed = row.state == AppointmentState.CLOSED
    return DayLine(
        person=_person(row),
        standing=standing_of_appointment(row.starts_at, at, closed=closed, patience=_patience()),
        since=row.starts_at,
        appointment_id=row.id,
        minute=row.minute,
        dose_number=row.dose_number,
        product_id=row.product_id,
    )


def _person(row: Any) -> Person:
    return Person(*row[-len(PERSON) :])


def _patience() -> timedelta:
    return timedelta(minutes=of_module(CheckInSettings).no_show_minutes)
