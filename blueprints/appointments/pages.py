"""Where and when: locations near an address, days of a month, times of a day, for staff."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask import request, url_for

from blueprints.appointments.forms import PlaceForm
from blueprints.appointments.holding import CAN_BE_OVERBOOKED, wish_for
from blueprints.appointments.models import Appointment
from blueprints.appointments.next_dose import NextDose
from blueprints.appointments.rules import SECOND, State, kinds_for
from blueprints.recipients.rules import DoseStatus
from blueprints.scheduling.calendar import (
    hours_of,
    month_after,
    month_before,
    month_bounds,
    month_of,
)
from blueprints.scheduling.hours import clock_text
from blueprints.scheduling.models import Slot
from blueprints.scheduling.queries import Offer, Time, days, near, next_free_day, times
from portal import clock
from portal.access.scope import Scope
from portal.db import session
from portal.errors import NotFound
from portal.formats.numbers import record_number
from portal.formats.shown import day as day_text
from portal.i18n import _, ngettext
from portal.listviews.definition import Action
from portal.listviews.services import keep_words, kept_words
from portal.module import load
from portal.places.models import Location
from portal.web.calendar import long_day
from portal.web.context import registry

SEARCHES = "appointments_near"
FARTHEST = 1_000


def find_place(location_id: int) -> Location:
    """A location that may be booked at. Raises `NotFound`."""
    found = session().get(Location, location_id)
    if found is None or not found.approved:
        raise NotFound
    return found


def keep_search(scope: Scope, form: PlaceForm) -> int:
    """Keep what is searched near; the number that stands for it in the address."""
    return keep_words(scope, SEARCHES, form.near.data or "")


def places_found(scope: Scope, dose: NextDose) -> dict[str, Any]:
    """The locations near what was searched; without a search, near the present one."""
    number = record_number(request.args.get("search", ""))
    text = kept_words(scope, SEARCHES, number) if number else ""
    around = text
    if not text and scope.location is not None:
        place = session().get_one(Location, scope.location_id)
        around = f"{place.city} {place.state} {place.zip_code}"
    found = near(
        around, kinds=kinds_for(dose.number), not_before=dose.not_before, wish=wish_for(dose)
    )
    return {
        "form": PlaceForm(formdata=None, data={"near": text}),
        "offers": found,
        "distance": distance,
    }


def distance(offer: Offer) -> str:
    """How far a location is, in words; blank where that is not known."""
    if offer.miles is None:
        return ""
    if offer.miles < 1:
        return ngettext("less than %(num)s mile", "less than %(num)s miles", 1)
    return ngettext("%(num)s mile", "%(num)s miles", round(offer.miles))


def day_asked(text: str | None, today: date) -> date | None:
    """A day as addresses name it, near our time; None for anything else."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if abs((found - today).days) < FARTHEST else None


def calendar_of(
    location: Location,
    dose: NextDose,
    address: Callable[..., str],
    *,
    pick: Callable[[Time], str] | None = None,
    moving: Appointment | None = None,
    overbook: Callable[[int], str] | None = None,
) -> dict[str, Any]:
    """The month and the day of it that the address asks for, at this location.

    `address(month=…)` and `address(day=…)` lead to others, and end with what they are given; `pick`
    gives the address of a time; `moving` is the appointment that gets another time, `overbook`
    gives the address that books a full time on purpose. Without a day it is that of the time that
    was sent and could not be taken, else the month of the first free one.
    """
    kinds, not_before, wish = kinds_for(dose.number), dose.not_before, wish_for(dose, moving)
    today = clock.today(location.time_zone)
    chosen = day_asked(request.args.get("day"), today) or _day_sent(location)
    month = day_asked(f"{request.args.get('month')}-01", today)
    if chosen is None and month is None:
        month = next_free_day(location.id, kinds=kinds, not_before=not_before, wish=wish)
    first, last = month_bounds(chosen or month or not_before or today)
    asked: dict[str, Any] = {"kinds": kinds, "not_before": not_before, "wish": wish}
    offered = days(location.id, first, last, **asked)
    found = times(location.id, chosen, **asked) if chosen else []

    def month_address(day: date) -> str:
        return address(month=day.strftime("%Y-%m"))

    # Made once for the thirty days of a month.
    to_day = address(day="")
    return {
        "month": month_of(
            offered,
            lambda day: to_day + day.isoformat(),
            chosen=chosen,
            earlier=month_address(month_before(first)) if first > today else "",
            later=month_address(month_after(last)),
            also=CAN_BE_OVERBOOKED if overbook else (),
        ),
        "overbook": overbook,
        "chosen": long_day(chosen) if chosen else "",
        "times": found,
        "hours": hours_of(found, pick) if pick else [],
        "recommended": day_text(dose.window.recommended) if dose.window else "",
        "recommended_href": address(day=dose.window.recommended.isoformat()) if dose.window else "",
    }


def _day_sent(location: Location) -> date | None:
    """The day of the time that a form sent, if it is one of this location."""
    slot_id = record_number(request.form.get("slot", ""))
    found = session().get(Slot, slot_id) if slot_id else None
    return found.day if found is not None and found.location_id == location.id else None


def when(day: date, minute: int) -> str:
    """A day and a time as people say them: Friday, March 5, 9:00 AM."""
    return f"{long_day(day)}, {clock_text(minute)}"


def place_address(place: Location) -> str:
    """The address of a location in one line."""
    region = " ".join(part for part in (place.state, place.zip_code) if part)
    return ", ".join(part for part in (place.street, place.city, region) if part)


def schedule_address(recipient_id: int, location_id: int) -> Callable[..., str]:
    """The addresses of the calendar of a location for a recipient."""

    def address(**more: Any) -> str:
        return url_for(
            "appointments.availability", recipient_id=recipient_id, location_id=location_id, **more
        )

    return address


def ensure_overbooks_at(scope: Scope, location_id: int) -> None:
    """Raise `NotFound` unless `scope` may book beyond the places of this location: of the present
    one, programme staff without a location of any."""
    if scope.location is not None or not scope.everywhere:
        scope.require_location(location_id)


def beyond_address(
    scope: Scope, location_id: int, *, recipient_id: int | None = None, moving: int | None = None
) -> Callable[[int], str] | None:
    """The address that books a full time on purpose, by slot: for a recipient, or to put the
    appointment `moving` there. None for who may not at this location."""
    if not scope.can("appointments.overbook"):
        return None
    try:
        ensure_overbooks_at(scope, location_id)
    except NotFound:
        return None
    if moving is not None:
        return lambda slot_id: url_for(
            "appointments.overbook_change", appointment_id=moving, slot_id=slot_id
        )
    return lambda slot_id: url_for(
        "appointments.overbook", recipient_id=recipient_id, slot_id=slot_id
    )


def row_menus(scope: Scope, rows: Sequence[Any]) -> Sequence[Sequence[Action]]:
    """The links of the menus of rows of the list of appointments, other modules' after `Open`."""
    handles = scope.can("appointments.handle")
    contributed = [
        load(fill.function)(scope, rows)["links"]
        for fill in registry().fills("appointment.menu")
        if scope.can(fill.capability)
    ]
    return [
        _links(row, handles, [link for links in contributed for link in links[place]])
        for place, row in enumerate(rows)
    ]


def _links(row: Any, handles: bool, contributed: Sequence[Action]) -> Sequence[Action]:
    found = [Action(label=_("Open"), href=url_for("appointments.record", appointment_id=row.id))]
    found += contributed
    if not handles:
        return found
    if row.status == State.NEW:
        change = url_for("appointments.change", appointment_id=row.id)
        cancel = url_for("appointments.cancel", tick=row.id)
        found.append(Action(label=_("Change Appointment"), href=change))
        found.append(Action(label=_("Cancel Appointment"), href=cancel))
    if row.person_status == DoseStatus.DOSE_1_ADMINISTERED and row.dose < SECOND:
        href = url_for("appointments.schedule", recipient_id=row.person)
        found.append(Action(label=_("Schedule Second Dose"), href=href))
    return found
