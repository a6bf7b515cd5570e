"""What `portal check` proves of slots."""

from collections.abc import Iterator

from sqlalchemy import select

from blueprints.scheduling import setups, slots
from blueprints.scheduling.models import Schedule
from portal.clock import today
from portal.db import session
from portal.i18n import ngettext
from portal.places.models import Location


def slots_as_scheduled() -> Iterator[str]:
    """Locations whose times are not those of their schedule, within the days that can be booked."""
    rows = session().execute(
        select(Schedule, Location.name, Location.time_zone)
        .join(Location, Location.id == Schedule.location_id)
        .order_by(Schedule.location_id)
    )
    for schedule, name, zone in rows.all():
        location_id = schedule.location_id
        planned = slots.plan(
            location_id,
            zone,
            setups.setup_of(schedule),
            setups.special_days(location_id, today(zone)),
        )
        wrong = slots.wrong(planned, zone, schedule.horizon_days)
        if wrong:
            yield ngettext(
                "%(name)s: %(num)s appointment time isn't as scheduled. Save its schedule again.",
                "%(name)s: %(num)s appointment times aren't as scheduled. Save its schedule again.",
                wrong,
                name=name,
            )
