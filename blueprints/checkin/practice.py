"""Sample arrivals for practice mode: who is expected, waiting, or gone on the day it is made."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from blueprints.appointments.models import Appointment
from blueprints.appointments.practice import note_appointment, slot_of_day
from blueprints.appointments.rules import State
from blueprints.checkin import services
from blueprints.checkin.rules import ArrivalStep
from blueprints.recipients.models import RecipientLocation
from portal.access.scope import Scope
from portal.accounts.practice import manager_of
from portal.clock import local, now
from portal.db import session, unit_of_work
from portal.places.models import Location

QUARTER = 15
LAST_MINUTE = 24 * 60 - QUARTER
KNOWN = ("name", "birth_date")
# How many minutes from now each appointment is, and what became of the recipient.
PEOPLE: tuple[tuple[int, ArrivalStep | str | None], ...] = (
    (-90, None),
    (-45, ArrivalStep.LEAVE),
    (-15, ArrivalStep.TO_CHAIR),
    (0, "waiting"),
    (0, "waiting"),
    (15, None),
    (30, None),
    (60, None),
)
WALK_INS = 1


def fill() -> None:
    """Let some of the people at each location come today."""
    with unit_of_work(write=False) as current:
        places = list(current.scalars(select(Location.id).order_by(Location.id)))
    for place in places:
        with unit_of_work():
            scope = manager_of(place)
            if scope is not None:
                _fill(scope)


def _fill(scope: Scope) -> None:
    people = _people(scope, len(PEOPLE) + WALK_INS)
    clock = local(now(), scope.place.time_zone)
    place = session().get_one(Location, scope.location_id)
    present = clock.hour * 60 + clock.minute // QUARTER * QUARTER
    for recipient_id, (minutes, then) in zip(people, PEOPLE, strict=False):
        minute = min(max(present + minutes, 0), LAST_MINUTE)
        slot = slot_of_day(place, scope.today(), minute)
        note_appointment(scope, recipient_id, slot, State.NEW)
        if then is not None:
            _come(scope, recipient_id, then)
    for recipient_id in people[len(PEOPLE) :]:
        _come(scope, recipient_id, "waiting")


def _come(scope: Scope, recipient_id: int, then: ArrivalStep | str) -> None:
    arrival = services.check_in(scope, recipient_id=recipient_id, identified_by=KNOWN)
    arrival.checked_in_at -= timedelta(minutes=3 + 4 * (recipient_id % 6))
    if then is ArrivalStep.TO_CHAIR:
        services.to_chair(scope, arrival.id)
    elif then is ArrivalStep.LEAVE:
        services.leave_without_dose(scope, arrival.id, "Has a cold today")


def _people(scope: Scope, most: int) -> Sequence[int]:
    """People of the location who are registered and have no appointment."""
    rows = session().scalars(
        select(RecipientLocation.recipient_id)
        .where(
            RecipientLocation.location_id == scope.location_id,
            RecipientLocation.dose_status == "registered",
            RecipientLocation.recipient_id.not_in(select(Appointment.recipient_id)),
        )
        .order_by(RecipientLocation.recipient_id)
        .limit(most)
    )
    return list(rows)
