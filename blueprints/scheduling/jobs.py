"""The days ahead get their slots, a day every night."""

from sqlalchemy import select

from blueprints.scheduling.models import Schedule
from blueprints.scheduling.services import make_again
from portal import jobs
from portal.db import unit_of_work


def make_slots() -> str | None:
    """Make the slots of every location those of its schedule (a job of the module)."""
    with unit_of_work(write=False) as session:
        places = list(session.scalars(select(Schedule.location_id).order_by(Schedule.location_id)))
    changed = 0
    for location_id in places:
        if jobs.stopping():
            break
        with unit_of_work():
            changed += make_again(location_id)
    return f"{changed} times changed" if changed else None
