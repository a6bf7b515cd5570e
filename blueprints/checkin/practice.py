"""Sample arrivals for practice mode: who is expected, waiting, or gone on the day it is made."""

from collections.abc import Iterator
from functools import partial

from sqlalchemy import select

from blueprints.appointments.practice import newcomers, note_appointment, slot_of_day
from blueprints.checkin import services
from blueprints.checkin.models import Arrival
from blueprints.checkin.rules import ArrivalStep
from blueprints.recipients.models import RecipientLocation
from portal.access.scope import Scope
from portal.clock import local
from portal.diary import DiaryEvent, Past

MAY = "checkin.handle"
QUARTER = 15
LAST_MINUTE = 24 * 60 - QUARTER
KNOWN = ("name", "birth_date")
# How many minutes from now each appointment is, how many minutes ago the recipient came, and what
# became of the recipient.
PEOPLE: tuple[tuple[int, int | None, ArrivalStep | None], ...] = (
    (-90, None, None),
    (-45, 50, ArrivalStep.LEAVE),
    (-15, 18, ArrivalStep.TO_CHAIR),
    (0, 7, None),
    (0, 3, None),
    (15, None, None),
    (30, None, None),
    (60, None, None),
)
WALKED_IN = 11
# So many minutes after having come somebody leaves, or goes to the chair.
THEN = 12


def diary(past: Past) -> Iterator[DiaryEvent]:
    """Let some of the people at each location come today."""
    for place in past.places:
        for number, one in enumerate(PEOPLE):
            at = past.at(past.workday(1 + number % 4, place), 14 * 60 + 13 * number, place)
            book = partial(_book_today, past, *one)
            yield DiaryEvent(at, book, may="appointments.handle", place=place.id)
        yield DiaryEvent(past.ago(WALKED_IN, place), _walk_in, may=MAY, place=place.id)


def _book_today(
    past: Past, minutes: int, ago: int | None, then: ArrivalStep | None, scope: Scope
) -> Iterator[DiaryEvent]:
    """Book somebody for today, at that hour also where the location is closed."""
    clock = local(past.present, scope.place.time_zone)
    present = clock.hour * 60 + clock.minute // QUARTER * QUARTER
    minute = min(max(present + minutes, 0), LAST_MINUTE)
    for recipient_id in newcomers(scope, 1):
        slot = slot_of_day(scope.place, past.day(0, scope.place), minute)
        note_appointment(scope, recipient_id, slot)
        if ago is not None:
            come = partial(_come, past, recipient_id, ago, then)
            yield DiaryEvent(past.ago(ago, scope.place), come, may=MAY, place=scope.location_id)


def walk_in(scope: Scope) -> Arrival | None:
    """Check somebody in who has booked nothing; None if there is nobody."""
    elsewhere = RecipientLocation.recipient_id.not_in(select(Arrival.recipient_id))
    for recipient_id in newcomers(scope, 1, elsewhere):
        return services.check_in(scope, recipient_id=recipient_id, identified_by=KNOWN)
    return None


def _walk_in(scope: Scope) -> None:
    walk_in(scope)


def _come(
    past: Past, recipient_id: int, ago: int, then: ArrivalStep | None, scope: Scope
) -> Iterator[DiaryEvent]:
    arrival = services.check_in(scope, recipient_id=recipient_id, identified_by=KNOWN)
    if then is not None:
        go_on = partial(_go_on, arrival.id, then)
        yield DiaryEvent(past.ago(ago - THEN, scope.place), go_on, may=MAY, place=scope.location_id)


def _go_on(arrival_id: int, then: ArrivalStep, scope: Scope) -> None:
    if then is ArrivalStep.TO_CHAIR:
        services.to_chair(scope, arrival_id)
    else:
        services.leave_without_dose(scope, arrival_id, "Has a cold today")
