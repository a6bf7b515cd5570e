"""What a schedule that is not saved yet would offer in the coming weeks."""

from dataclasses import dataclass
from datetime import date, timedelta

from blueprints.scheduling import setups, slots
from blueprints.scheduling.calendar import places_text
from blueprints.scheduling.rules import Setup, check
from portal.access.scope import Scope
from portal.i18n import _
from portal.web.calendar import DayCell, Month

SHOWN = timedelta(days=28)


@dataclass(frozen=True)
class Preview:
    """Four weeks of days; how many times and places there are in them, and how many bookings, in
    all, have no place in the schedule."""

    month: Month
    times: int
    places: int
    misfits: int


def preview(scope: Scope, wished: Setup) -> Preview:
    """What the schedule would offer. Raises `Invalid` for one that cannot be saved."""
    scope.require("scheduling.handle")
    today = scope.today()
    special = setups.special_days(scope.location_id, today)
    planned = slots.plan(scope.location_id, scope.place.time_zone, check(wished), special)
    places: dict[date, int] = {}
    starts = set()
    for key, slot in planned.wanted.items():
        if slot.day < today + SHOWN:
            places[slot.day] = places.get(slot.day, 0) + slot.places
            starts.add(key.starts_at)
    days = [today + timedelta(days=number) for number in range(SHOWN.days)]
    return Preview(
        month=Month(
            title=_("The coming four weeks, not saved yet"),
            cells=[_cell(day, places.get(day, 0)) for day in days],
        ),
        times=len(starts),
        places=sum(places.values()),
        misfits=planned.misfits,
    )


def _cell(day: date, places: int) -> DayCell:
    if not places:
        return DayCell(day, note=_("Closed"), reason=_("Closed."))
    return DayCell(day, note=f"{places:,}", reason=places_text(places))
