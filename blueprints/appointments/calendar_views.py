"""The calendar of a location's appointments for staff: a day with its people, a week in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import groupby

from flask import Response, request, url_for

from blueprints.appointments.pages import day_asked
from blueprints.appointments.queries import Booked, of_day
from blueprints.appointments.views import blueprint
from blueprints.scheduling.hours import clock_text
from blueprints.scheduling.queries import TakenTime, taken_times
from portal.audit.services import viewed as audit_view
from portal.i18n import _, ngettext
from portal.web.calendar import SUNDAY, DayCell, Month, long_day
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.requests import note
from portal.web.respond import respond

REGION = "appointments-calendar"
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Hour:
    """A time of a day: how many have a place, of how many, and who."""

    text: str
    taken: int
    places: int
    booked: Sequence[Booked] = ()


def _address(view: str, day: date) -> str:
    return url_for("appointments.calendar", view=view, day=day.isoformat())


@blueprint.get("/calendar")
@needs("appointments.view")
def calendar() -> Response:
    """The day or the week that the address asks for; else today."""
    today = scope().today()
    day = day_asked(request.args.get("day"), today) or today
    view = "week" if request.args.get("view") == "week" else "day"
    first = day - timedelta(days=(day.weekday() - SUNDAY) % 7)
    found = taken_times(scope().location_id, first, first + WEEK - timedelta(days=1))
    step = WEEK if view == "week" else timedelta(days=1)
    return respond(
        "appointments/calendar.html",
        regions={REGION: "appointments/_staff_calendar.html"},
        region=REGION,
        view=view,
        title=_week_title(first) if view == "week" else long_day(day),
        days=_days(found, first) if view == "week" else [],
        hours=_hours(found, day) if view == "day" else [],
        strip=_strip(found, first, day, view),
        earlier=_address(view, day - step),
        later=_address(view, day + step),
        today_href=_address(view, today) if day != today else "",
        day_href=_address("day", day),
        week_href=_address("week", day),
        sheet=url_for("appointments.day_sheet", day=day.isoformat()),
    )


def _week_title(first: date) -> str:
    return _(
        "%(first)s to %(last)s",
        first=long_day(first),
        last=long_day(first + WEEK - timedelta(days=1)),
    )


def _strip(found: Sequence[TakenTime], first: date, chosen: date, view: str) -> Month:
    """The days of the week as cells, each with how many have a place."""
    cells = []
    for number in range(7):
        day = first + timedelta(days=number)
        taken = sum(one.taken for one in found if one.day == day)
        cells.append(
            DayCell(
                day,
                href=_address("day", day),
                note=f"{taken:,}",
                reason=ngettext("%(num)s appointment", "%(num)s appointments", taken),
                chosen=day == chosen and view == "day",
            )
        )
    return Month(title=_week_title(first), cells=cells)


def _days(found: Sequence[TakenTime], first: date) -> list[tuple[str, str, list[Hour]]]:
    """The days of the week: name, address, times."""
    by_day = {day: list(times) for day, times in groupby(found, key=lambda one: one.day)}
    made = []
    for number in range(7):
        day = first + timedelta(days=number)
        hours = [Hour(clock_text(one.minute), one.taken, one.places) for one in by_day.get(day, [])]
        made.append((long_day(day), _address("day", day), hours))
    return made


def _hours(found: Sequence[TakenTime], day: date) -> list[Hour]:
    """The times of the day with the people who come."""
    people = of_day(scope(), day)
    note(
        partial(
            audit_view, scope(), "appointments", None, summary=f"{day.isoformat()}, {len(people)}"
        )
    )
    come = {
        minute: list(those)
        for minute, those in groupby(people, key=lambda one: one.appointment.minute)
    }
    return [
        Hour(clock_text(one.minute), one.taken, one.places, come.get(one.minute, []))
        for one in found
        if one.day == day
    ]
