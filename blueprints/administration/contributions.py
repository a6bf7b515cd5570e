"""What the module shows on other modules' pages."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from sqlalchemy import func, select

from blueprints.administration.adverse import VAERS, VAERS_PHONE, arrivals_with_events
from blueprints.administration.day import still_wanted, tally_of
from blueprints.administration.models import Administration
from blueprints.administration.queries import dose_of_arrival, given_here, is_newest
from blueprints.administration.rules import RecordState
from blueprints.appointments.words import dose_label
from blueprints.checkin.day import DayLine, DayList
from blueprints.checkin.models import Arrival
from blueprints.checkin.rules import ArrivalState, ArrivalStep, DayState, may
from blueprints.recipients.models import Recipient
from portal.access.scope import Scope
from portal.db import session
from portal.i18n import _

LOOKED_AT = timedelta(days=30)
AFTER_DOSE = (DayState.OBSERVING, DayState.OBSERVED, DayState.DONE)


def next_step(_scope: Scope, arrival: Arrival) -> dict[str, Any] | None:
    """The next step of somebody who is here: the dose; while observed, what happens after it."""
    if arrival.state == ArrivalState.OBSERVING:
        dose = dose_of_arrival(arrival.id)
        if dose is None:
            return None
        return {
            "label": _("Note Adverse Event"),
            "href": url_for("administration.adverse_event", vaccination_id=dose),
            "primary": False,
        }
    if not may(ArrivalStep.VACCINATE, arrival.state):
        return None
    return {
        "label": _("Vaccinate"),
        "href": url_for("administration.give", arrival_id=arrival.id),
        "primary": True,
    }


def of_recipient_page(scope: Scope, recipient: Recipient) -> dict[str, Any] | None:
    """The doses that the recipient was given here, each with the way to its record."""
    if scope.location is None:
        return None
    found = given_here(scope, recipient.id)
    if not found:
        return None
    return {
        "lines": [
            {
                "label": dose_label(dose.dose_number),
                "day": dose.given_on,
                "lot": dose.lot_number,
                "by": newest.given_by,
                "removed": newest.state == RecordState.REMOVED,
                "overridden": bool(newest.override_of),
                "href": url_for("administration.record", vaccination_id=dose.id),
            }
            for dose, newest in found
        ]
    }


def today_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """How many doses were given here today, and how many of them this user recorded."""
    if scope.location is None:
        return None
    begin = datetime.combine(scope.today(), time(), ZoneInfo(scope.place.time_zone))
    own = Administration.recorded_by_id == scope.user.id
    row = (
        session()
        .execute(
            select(func.count(), func.count().filter(own)).where(
                Administration.location_id == scope.location_id,
                Administration.given_at >= begin,
                Administration.state == RecordState.GIVEN,
                is_newest(),
            )
        )
        .one()
    )
    return {"doses": row[0], "own": row[1]}


def day_tally(scope: Scope, found: DayList) -> dict[str, Any]:
    """What was given on the day, and on the present one what is left for those still to come."""
    is_today = found.day == scope.today()
    return {
        "tally": tally_of(scope, found.day),
        "no_shows": found.counts[DayState.NO_SHOW],
        "wanted": still_wanted(scope, found) if is_today else [],
        "is_today": is_today,
        "day_end": url_for("administration.day_end", day=found.day.isoformat()),
        "vaers": VAERS,
        "vaers_phone": VAERS_PHONE,
    }


def day_notes(scope: Scope, lines: Sequence[DayLine]) -> dict[str, Any]:
    """By arrival, that an adverse event was noted after the dose, and the way to `Vaccinate` for
    whoever may and before the dose."""
    ids = [
        line.arrival_id
        for line in lines
        if line.arrival_id is not None and line.standing in AFTER_DOSE
    ]
    noted = arrivals_with_events(scope, ids) if ids else set()
    waiting = [line for line in lines if line.arrival_id is not None and line.wants_dose]
    return {
        "notes": {number: str(_("Adverse event noted")) for number in noted},
        "ways": {
            line.arrival_id: (
                _("Vaccinate"),
                url_for("administration.give", arrival_id=line.arrival_id),
            )
            for line in waiting
            if scope.can("administration.give") and scope.location is not None
        },
    }


def overrides_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """How many doses of the last 30 days were given against a rule; nothing if there are none."""
    if scope.location is None:
        return None
    begin = datetime.combine(scope.today() - LOOKED_AT, time(), ZoneInfo(scope.place.time_zone))
    count = session().scalar(
        select(func.count()).where(
            Administration.location_id == scope.location_id,
            Administration.given_at >= begin,
            Administration.override_of != "",
            Administration.state == RecordState.GIVEN,
            is_newest(),
        )
    )
    return {"count": count} if count else None
