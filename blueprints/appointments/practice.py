"""Sample appointments for practice mode: past and coming ones, a full day, some canceled."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select

from blueprints.appointments.holding import follow_status
from blueprints.appointments.models import Appointment, BookingSeries
from blueprints.appointments.next_dose import NotDue
from blueprints.appointments.numbers import new_number
from blueprints.appointments.rules import State
from blueprints.appointments.services import cancel, complete, hold
from blueprints.recipients.models import RecipientLocation, Vaccination
from blueprints.scheduling.models import Slot
from blueprints.scheduling.services import SlotTaken, overbook
from portal.access.scope import Scope
from portal.accounts.practice import manager_of
from portal.catalog.models import Product
from portal.db import session, unit_of_work
from portal.places.models import Location

COMING = 14
PAST = 6
FRIDAY = 4
REASONS = ("The recipient asked for another day", "The vaccine did not come in time")


def fill() -> None:
    """Book some of the people at each location, past and coming."""
    random = Random(650_027)
    with unit_of_work(write=False) as current:
        places = list(current.scalars(select(Location.id).order_by(Location.id)))
    for place in places:
        with unit_of_work():
            scope = manager_of(place)
            if scope is not None:
                _coming(scope, random)
        with unit_of_work():
            if scope is not None:
                _past(scope, random)


def _people(scope: Scope, status: str) -> list[int]:
    rows = session().scalars(
        select(RecipientLocation.recipient_id)
        .where(
            RecipientLocation.location_id == scope.location_id,
            RecipientLocation.dose_status == status,
        )
        .order_by(RecipientLocation.recipient_id)
    )
    return list(rows)


def _coming(scope: Scope, random: Random) -> None:
    """Appointments of the coming days; the last one is booked beyond the places of its time."""
    slots = list(
        session().scalars(
            select(Slot.id)
            .where(
                Slot.location_id == scope.location_id,
                Slot.kind == "general",
                Slot.open,
                Slot.day > scope.today(),
            )
            .order_by(Slot.starts_at)
            .limit(200)
        )
    )
    made: list[int] = []
    for recipient_id in _people(scope, "registered")[:COMING]:
        if slots:
            made += _book(scope, recipient_id, random.choice(slots))
    for number in made[:2]:
        cancel(appointment_id=number, reason=random.choice(REASONS), actor=scope.user)
    if made:
        last = session().get_one(Appointment, made[-1])
        extra = _people(scope, "registered")[-1:]
        for recipient_id in extra:
            taken = overbook(last.slot_id, "Came with a family member", scope.user)
            note_appointment(scope, recipient_id, taken, State.NEW)


def _book(scope: Scope, recipient_id: int, slot_id: int) -> Iterator[int]:
    try:
        with session().begin_nested():
            held = hold(recipient_id=recipient_id, slot_id=slot_id, actor=scope.user)
            yield complete(appointment_id=held.id, actor=scope.user).id
    except (SlotTaken, NotDue):
        return


def _past(scope: Scope, random: Random) -> None:
    """People who came in the last weeks and got a first dose here."""
    product = session().scalar(
        select(Product.id).where(Product.orderable).order_by(Product.id).limit(1)
    )
    if product is None:
        return
    place = session().get_one(Location, scope.location_id)
    for recipient_id in _people(scope, "registered")[-PAST - 1 : -1]:
        day = scope.today() - timedelta(days=random.randrange(3, 60))
        day -= timedelta(days=max(day.weekday() - FRIDAY, 0))
        slot = slot_of_day(place, day, 9 * 60 + 15 * random.randrange(12))
        note_appointment(scope, recipient_id, slot, State.CLOSED)
        session().add(
            Vaccination(
                recipient_id=recipient_id,
                product_id=product,
                dose_number=1,
                given_on=day,
                location_id=place.id,
                lot_number="SAMPLE01",
                source="here",
                recorded_by_id=scope.user.id,
            )
        )
        session().flush()
        follow_status(recipient_id)


def slot_of_day(place: Location, day: date, minute: int) -> Slot:
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


def note_appointment(scope: Scope, recipient_id: int, slot: Slot, state: State) -> None:
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
            state=state,
            booked_by_id=scope.user.id,
        )
    )
    session().flush()
    follow_status(recipient_id)
