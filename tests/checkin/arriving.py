"""People with appointments of today, and their arrivals."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from blueprints.appointments.holding import follow_status
from blueprints.appointments.models import Appointment, BookingSeries
from blueprints.appointments.numbers import new_number
from blueprints.checkin import services
from blueprints.checkin.models import Arrival
from blueprints.scheduling.models import Slot
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work

KNOWN = ("name", "birth_date")
# The last minute of a day: who is booked for it is a no-show at no time of the day.
LATEST = 24 * 60 - 1


def booked_at(scope: Scope, recipient_id: int, minutes: int = 60, dose: int = 1) -> int:
    """An appointment so many minutes from now, also in the past; the id."""
    starts = now() + timedelta(minutes=minutes)
    local = starts.astimezone(ZoneInfo(scope.place.time_zone))
    return booked_on(
        scope, recipient_id, starts, local.date(), local.hour * 60 + local.minute, dose
    )


def booked_today(scope: Scope, recipient_id: int, minute: int = LATEST, dose: int = 1) -> int:
    """An appointment today at this minute of the day, whatever the time is; the id."""
    zone = ZoneInfo(scope.place.time_zone)
    midnight = datetime.combine(scope.today(), datetime.min.time(), zone)
    return booked_on(
        scope, recipient_id, midnight + timedelta(minutes=minute), scope.today(), minute, dose
    )


def booked_on(
    scope: Scope, recipient_id: int, starts: datetime, day: date, minute: int, dose: int = 1
) -> int:
    """An appointment at a moment; the id."""
    with unit_of_work() as session:
        slot = session.scalar(
            select(Slot).where(Slot.location_id == scope.location_id, Slot.starts_at == starts)
        )
        if slot is None:
            slot = Slot(
                location_id=scope.location_id,
                starts_at=starts,
                day=day,
                minute=minute,
                kind="general",
                places=100,
                open=False,
                taken=0,
            )
            session.add(slot)
        slot.taken += 1
        series = BookingSeries(recipient_id=recipient_id, number=new_number())
        session.add(series)
        session.flush()
        made = Appointment(
            series_id=series.id,
            recipient_id=recipient_id,
            slot_id=slot.id,
            location_id=scope.location_id,
            starts_at=starts,
            day=day,
            minute=minute,
            dose_number=dose,
            state="new",
        )
        session.add(made)
        session.flush()
        follow_status(recipient_id)
        return made.id


def checked_in(scope: Scope, recipient_id: int, appointment_id: int | None = None) -> int:
    """Somebody who is checked in; the arrival's id."""
    with unit_of_work():
        return services.check_in(
            scope, recipient_id=recipient_id, appointment_id=appointment_id, identified_by=KNOWN
        ).id


def vaccinated(scope: Scope, arrival_id: int, minutes: int = 15) -> None:
    """Note the dose of somebody who is checked in."""
    with unit_of_work():
        services.note_vaccinated(scope, arrival_id, observe_minutes=minutes)


def arrival(number: int) -> Arrival:
    """The arrival as the database has it."""
    with unit_of_work(write=False) as session:
        found = session.get_one(Arrival, number)
        session.expunge(found)
        return found


def arrivals() -> list[Arrival]:
    """All arrivals as the database has them."""
    with unit_of_work(write=False) as session:
        found = session.scalars(select(Arrival).order_by(Arrival.id)).all()
        session.expunge_all()
        return list(found)
