"""What pages of the check-in show of people, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for

from blueprints.appointments.models import Appointment
from blueprints.appointments.pages import when
from blueprints.appointments.words import dose_label
from blueprints.checkin.day import DayLine, DayList
from blueprints.checkin.models import Arrival
from blueprints.checkin.queries import LookAlike
from blueprints.checkin.rules import DayState, Identifier, Resemblance
from blueprints.checkin.settings import CheckInSettings
from blueprints.checkin.words import ALIKE, IDENTIFIERS, STANDINGS
from blueprints.recipients.models import Recipient
from blueprints.recipients.words import full_name, phone
from blueprints.scheduling.hours import clock_text
from portal.access.scope import Scope
from portal.clock import local
from portal.formats.shown import day
from portal.i18n import _
from portal.listviews.definition import Tone
from portal.module import load
from portal.settings import of_module
from portal.web.context import registry

TONES: dict[DayState, Tone] = {
    DayState.OBSERVED: "warning",
    DayState.WAITING: "info",
    DayState.AT_CHAIR: "info",
    DayState.OBSERVING: "success",
    DayState.NO_SHOW: "danger",
}
MOST_ON_HOME = 40
# Label and address.
Way = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """Where somebody who is here is led on to, by another module."""

    label: str
    href: str
    primary: bool


def next_steps(scope: Scope, arrival: Arrival) -> list[NextStep]:
    """What other modules offer as the next step of an arrival, the primary one in front."""
    found = []
    for fill in registry().fills("arrival.next"):
        offered = load(fill.function)(scope, arrival) if scope.can(fill.capability) else None
        if offered is not None:
            found.append(NextStep(**offered))
    return sorted(found, key=lambda step: not step.primary)


def leads_on(scope: Scope) -> bool:
    """Whether there may be a next step for somebody who is checked in."""
    return any(scope.can(fill.capability) for fill in registry().fills("arrival.next"))


def list_context(scope: Scope, found: DayList, *, whole: bool) -> dict[str, Any]:
    """What the template of the day's list needs; not `whole` is the short one on `Home`."""
    lines = found.lines if whole else found.to_do[:MOST_ON_HOME]
    handles = scope.can("checkin.handle")
    notes, ways = _said(scope, lines)
    return {
        "whole": whole,
        "version": found.version,
        "seconds": of_module(CheckInSettings).refresh_seconds,
        "figures": _figures(found),
        "more": 0 if whole else len(found.to_do) - len(lines),
        "nobody": not found.lines,
        "live": found.day == scope.today(),
        "handles": handles,
        "rows": [_row(scope, found, line, notes, ways) for line in lines],
    }


def _figures(found: DayList) -> list[dict[str, object]]:
    order = (
        (DayState.EXPECTED,),
        (DayState.WAITING,),
        (DayState.AT_CHAIR,),
        (DayState.OBSERVING, DayState.OBSERVED),
        (DayState.DONE,),
        (DayState.NO_SHOW,),
    )
    shown = [
        {"label": STANDINGS[each[0]], "value": sum(found.counts[one] for one in each)}
        for each in order
    ]
    left = found.counts[DayState.LEFT]
    return [*shown, {"label": STANDINGS[DayState.LEFT], "value": left}] if left else shown


def _said(
    scope: Scope, lines: Sequence[DayLine]
) -> tuple[dict[int, list[str]], dict[int, list[Way]]]:
    """What other modules say of arrivals of the list, and where they lead on from it, by their
    ids."""
    notes: dict[int, list[str]] = {}
    ways: dict[int, list[Way]] = {}
    for fill in registry().fills("arrival.row"):
        if scope.can(fill.capability):
            said = load(fill.function)(scope, lines)
            for number, text in said.get("notes", {}).items():
                notes.setdefault(number, []).append(text)
            for number, way in said.get("ways", {}).items():
                ways.setdefault(number, []).append(way)
    return notes, ways


def _row(
    scope: Scope,
    found: DayList,
    line: DayLine,
    notes: dict[int, list[str]],
    ways: dict[int, list[Way]],
) -> dict[str, object]:
    handles = scope.can("checkin.handle")
    return {
        "name": f"{line.person.last_name}, {line.person.first_name}",
        "href": _address(line, handles),
        "born": day(line.person.birth_date),
        "booked": _("Walk-in") if line.minute is None else clock_text(line.minute),
        "dose": dose_label(line.dose_number) if line.dose_number else "",
        "state": STANDINGS[line.standing],
        "tone": TONES.get(line.standing, "neutral"),
        "since": _since(scope, line),
        "alike": alike_text(found.alike.get(line.person.id, ())),
        "notes": [line.note, *notes.get(line.arrival_id or 0, [])],
        "ways": ways.get(line.arrival_id or 0, ()),
        "finish": line.arrival_id if handles and line.standing is DayState.OBSERVED else None,
    }


def _address(line: DayLine, handles: bool) -> str:
    if line.arrival_id is not None:
        return url_for("checkin.record", arrival_id=line.arrival_id)
    if handles and line.standing is not DayState.DONE:
        return url_for("checkin.of_appointment", appointment_id=line.appointment_id)
    return url_for("appointments.record", appointment_id=line.appointment_id)


def _since(scope: Scope, line: DayLine) -> str:
    zone = scope.place.time_zone
    if line.observe_until is not None:
        until = local(line.observe_until, zone)
        return _("until %(time)s", time=clock_text(until.hour * 60 + until.minute))
    if line.checked_in_at is not None and line.is_to_do:
        came = local(line.checked_in_at, zone)
        return _("since %(time)s", time=clock_text(came.hour * 60 + came.minute))
    return ""


def alike_text(alike: Iterable[Resemblance]) -> str:
    """What two people have in common, in words; blank for nothing."""
    return ", ".join(str(ALIKE[one]) for one in alike)


def alike_lines(found: Sequence[LookAlike]) -> list[str]:
    """Others of today who are easily taken for somebody, one line each."""
    return [
        _(
            "%(name)s, born %(day)s: %(alike)s",
            name=full_name(one.person),
            day=day(one.person.birth_date),
            alike=alike_text(one.alike),
        )
        for one in found
    ]


def identifiers_of(recipient: Recipient) -> list[tuple[str, str]]:
    """What the recipient can be recognized by, with what the record says; not what it lacks."""
    said = {
        Identifier.NAME: full_name(recipient),
        Identifier.BIRTH_DATE: day(recipient.birth_date),
        Identifier.ADDRESS: _home(recipient),
        Identifier.PHONE: phone(recipient.mobile_phone or recipient.other_phone),
    }
    found = [(str(code), f"{IDENTIFIERS[code]}: {text}") for code, text in said.items() if text]
    return [*found, (str(Identifier.PHOTO_ID), str(_("Photo ID, compared with the person")))]


def _home(recipient: Recipient) -> str:
    region = " ".join(part for part in (recipient.state, recipient.zip_code) if part)
    parts = (recipient.street, recipient.city, region)
    return ", ".join(part for part in parts if part) if recipient.street else ""


def booked_for(appointment: Appointment | None, today: date) -> str:
    """The time and dose of an appointment, with its day if that is another than `today`; for none,
    that it is a walk-in."""
    if appointment is None:
        return str(_("Walk-in"))
    is_today = appointment.day == today
    time = clock_text(appointment.minute) if is_today else when(appointment.day, appointment.minute)
    return f"{time}, {dose_label(appointment.dose_number)}"
