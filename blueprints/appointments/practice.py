"""Sample appointments for practice mode: coming ones, some canceled, and an overbooked time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select

from blueprints.appointments.holding import follow_status
from blueprints.appointments.models import Appointment, BookingSeries
from blueprints.appointments.numbers import new_number
from blueprints.appointments.rules import State
from blueprints.appointments.services import cancel, complete, hold
from blueprints.recipients.models import RecipientLocation
from blueprints.scheduling.models import Slot
from portal.access.scope import Place, Scope
from portal.clock import now
from portal.db import session
from portal.diary import DiaryEvent, Past

MAY = "appointments.handle"
COMING, CANCELED = 7, 2
# So many days ago they booked; who cancels does it later.
BOOKED = (10, 8, 7, 6, 4, 3, 2)
LATER = timedelta(minutes=50)
# In these hours people call: nobody is there then who waits for a dose.
CALLS = (8, 14, 15, 16)
REASONS = ("The recipient asked for another day", "The vaccine did not come in time")


def diary(past: Past) -> Iterator[DiaryEvent]:
    """People book at each location for the days to come; some cancel, and a family books more than
    the places of a time."""
    random = Random(650_027)
    for place in past.places:
        for number in range(COMING):
            at = past.at(past.workday(BOOKED[number % len(BOOKED)], place), calling(random), place)
            book = partial(_book_coming, past, random, number < CANCELED)
            yield DiaryEvent(at, book, may=MAY, place=place.id)
        at = past.at(past.workday(1, place), calling(random), place)
        together = partial(_book_together, past, random)
        yield DiaryEvent(at, together, may="appointments.overbook", place=place.id)


def calling(random: Random) -> int:
    """A minute of the day at which somebody calls."""
    return 60 * random.choice(CALLS) + random.randrange(55)


def newcomers(scope: Scope, most: int, *also: ColumnElement[bool]) -> list[int]:
    """The newest people of the location who were given nothing and have booked nothing."""
    rows = session().scalars(
        select(RecipientLocation.recipient_id)
        .where(
            RecipientLocation.location_id == scope.location_id,
            RecipientLocation.dose_status == "registered",
            RecipientLocation.recipient_id.not_in(select(Appointment.recipient_id)),
            *also,
        )
        .order_by(RecipientLocation.recipient_id.desc())
        .limit(most)
    )
    return list(rows)


def book(scope: Scope, recipient_id: int, slot_id: int, *, beyond: str = "") -> Appointment:
    """Book a place for somebody; `beyond` is why it is one more than there are."""
    held = hold(
        recipient_id=recipient_id, slot_id=slot_id, actor=scope.user, overbook_reason=beyond
    )
    return complete(appointment_id=held.id, actor=scope.user)


def _coming(past: Past, scope: Scope) -> list[int]:
    """The times of the next days."""
    rows = session().scalars(
        select(Slot.id)
        .where(
            Slot.location_id == scope.location_id,
            Slot.kind == "general",
            Slot.open,
            Slot.taken == 0,
            Slot.day > past.day(0, scope.place),
        )
        .order_by(Slot.starts_at)
        .limit(200)
    )
    return list(rows)


def _book_coming(past: Past, random: Random, cancels: bool, scope: Scope) -> Iterator[DiaryEvent]:
    slots = _coming(past, scope)
    for recipient_id in newcomers(scope, 1) if slots else ():
        booked = book(scope, recipient_id, random.choice(slots))
        if cancels:
            change = partial(_cancel, booked.id, random.choice(REASONS))
            yield DiaryEvent(now() + LATER, change, may=MAY, place=scope.location_id)


def _cancel(appointment_id: int, reason: str, scope: Scope) -> None:
    cancel(appointment_id=appointment_id, reason=reason, actor=scope.user)


def _book_together(past: Past, random: Random, scope: Scope) -> None:
    """Fill a time, and book one more into it."""
    slot_id = random.choice(_coming(past, scope))
    places = session().get_one(Slot, slot_id).places
    for number, recipient_id in enumerate(newcomers(scope, places + 1), 1):
        beyond = "Came with a family member" if number > places else ""
        book(scope, recipient_id, slot_id, beyond=beyond)


def slot_of_day(place: Place, day: date, minute: int) -> Slot:
    """A time of a day, also of one that is over or that no schedule offers, with a place taken."""
    moment = datetime.combine(day, time(), ZoneInfo(place.time_zone)) + timedelta(minutes=minute)
    starts = moment.astimezone(UTC)
    found = session().scalar(
        select(Slot).where(
            Slot.location_id == place.id, Slot.starts_at == starts, Slot.kind == "general"
        )
    )
    if found is None:
        found = Slot(
            location_id=place.id,
            starts_at=starts,
            day=day,
            minute=minute,
            kind="general",
            places=4,
            open=False,
        )
        session().add(found)
    found.taken = (found.taken or 0) + 1
    session().flush()
    return found


def note_appointment(scope: Scope, recipient_id: int, slot: Slot) -> None:
    """An appointment for the first dose in a place that was taken for it."""
    series = BookingSeries(recipient_id=recipient_id, number=new_number())
    session().add(series)
    session().flush()
    session().add(
        Appointment(
            series_id=series.id,
            recipient_id=recipient_id,
            slot_id=slot.id,
            location_id=slot.location_id,
            starts_at=slot.starts_at,
            day=slot.day,
            minute=slot.minute,
            dose_number=1,
            state=State.NEW,
            booked_by_id=scope.user.id,
        )
    )
    session().flush()
    follow_status(recipient_id)
