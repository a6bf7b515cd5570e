"""A schedule at each location, with a closed day and a time that is booked beyond its hours."""

from datetime import timedelta

from sqlalchemy import select

from blueprints.scheduling.models import ScheduleDay, Slot
from blueprints.scheduling.rules import Hours, Setup, SpecialDay
from blueprints.scheduling.services import claim, save, set_day
from portal.db import unit_of_work
from tests.samples import Access, Canaries, Making, Own, Samples, Upgrade

SETUP = Setup(active=True, weekly=((Hours(9 * 60, 12 * 60),),) * 7)
SHORTER = Setup(active=True, weekly=((Hours(10 * 60, 12 * 60),),) * 7)


def make(making: Making) -> None:
    """The sign stands in the reason of the closed day."""
    for place in making.places:
        scope = place.scope
        tomorrow = scope.today() + timedelta(days=1)
        with unit_of_work() as session:
            save(scope, SETUP, seen=1)
            slot = select(Slot.id).where(
                Slot.location_id == scope.location_id, Slot.day == tomorrow, Slot.minute == 540
            )
            claim(session.scalars(slot).one())
            save(scope, SHORTER, seen=2, accepted=1)
            set_day(scope, tomorrow + timedelta(days=1), SpecialDay(f"Closed {place.sign}"))
            own = ScheduleDay.location_id == scope.location_id
            number = session.scalars(select(ScheduleDay.id).where(own)).one()
        making.note("schedule_day", place.letter, number)


samples = Samples(
    make=make,
    access=Access(arguments={"day_id": Own("schedule_day")}),
    canaries=Canaries(shown=("/scheduling/",)),
    upgrade=Upgrade(
        demanded={
            "schedule": {
                "slot_minutes": 15,
                "places": 4,
                "horizon_days": 30,
                "latitude": None,
                "longitude": None,
                "second_dose_share": 0,
                "walk_in_share": 0,
                "doses_bound": "off",
            },
            "schedule_hours": {"weekday": 0, "opens": 540, "closes": 600},
            "schedule_day": {"kind": "special", "opens": 540, "closes": 600},
            "slot": {"kind": "general"},
            "zip_place": {"latitude": 35.5, "longitude": -77.0},
        }
    ),
)
