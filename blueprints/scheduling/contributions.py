"""What scheduling shows on the page of the location."""

from typing import Any

from flask import url_for

from blueprints.scheduling.doses import short_days
from blueprints.scheduling.queries import next_free_day
from blueprints.scheduling.setups import find_schedule
from portal.access.scope import Scope
from portal.i18n import _
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


def shortage_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """The days with more appointments than usable doses; nothing if there are none."""
    schedule = find_schedule(scope.location_id) if scope.location else None
    if schedule is None:
        return None
    found = short_days(schedule.location_id, scope.today(), schedule.doses_bound)
    return {"shortages": found, "href": url_for("scheduling.index")} if found else None


def turn_on_step(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """To turn on appointment scheduling, as long as nobody ever set it up here."""
    if find_schedule(scope.location_id) is not None:
        return None
    return {
        "href": url_for("scheduling.set_up"),
        "title": _("Turn on appointment scheduling"),
        "why": _("Enter the hours, and people can have appointments."),
    }
