"""What scheduling shows on the page of the location."""

from typing import Any

from flask import url_for

from blueprints.scheduling.queries import next_free_day
from blueprints.scheduling.setups import find_schedule
from portal.access.scope import Scope
from portal.places.models import Location


def of_location(_scope: Scope, location: Location) -> dict[str, Any]:
    """Whether appointments can be made, from when on, and the way to the set-up page."""
    schedule = find_schedule(location.id)
    active = schedule is not None and schedule.active
    return {
        "schedule": schedule,
        "active": active,
        "next_day": next_free_day(location.id) if active else None,
        "href": url_for("scheduling.index"),
    }
