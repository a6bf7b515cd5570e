"""Adverse events after a dose: noting them and reading what was noted (SPEC G9).

The portal reports nothing by itself. Providers report at `VAERS`, which the pages name.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from blueprints.administration.models import Administration, AdverseEvent
from blueprints.administration.queries import get_given, is_newest
from blueprints.administration.rules import RecordState, ensure_after_dose, ensure_event_text
from blueprints.checkin.services import note_changed
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.audit.services import seal
from portal.clock import now
from portal.db import session
from portal.errors import Conflict
from portal.i18n import _
from portal.people.models import User

# Source: https://vaers.hhs.gov/reportevent.html (HHS: "Report an Adverse Event to VAERS").
VAERS = "https://vaers.hhs.gov/reportevent.html"
VAERS_PHONE = "1-800-822-7967"


def note_event(scope: Scope, vaccination_id: int, what: str, began_at: datetime) -> AdverseEvent:
    """Note an adverse event after a dose that was given here.

    Raises `NotFound`, `Invalid` on `what` or `began_on`, and `Conflict` for a dose whose record was
    removed.
    """
    scope.require("administration.give")
    given = get_given(scope, vaccination_id)
    scope.require_location(given.newest.location_id)
    if given.newest.state != RecordState.GIVEN:
        raise Conflict(_("This record was removed already. Nothing was changed."))
    ensure_after_dose(began_at, given.newest.given_at, now())
    made = AdverseEvent(
        vaccination_id=vaccination_id,
        location_id=given.newest.location_id,
        what=ensure_event_text(what),
        began_at=began_at,
        time_zone=given.newest.time_zone,
        noted_at=now(),
        noted_by_id=scope.user.id,
    )
    session().add(made)
    session().flush()
    seal(made)
    if given.newest.arrival_id is not None:
        note_changed(given.newest.arrival_id)
    audit(
        scope.user,
        "vaccination.event_noted",
        subject="recipient",
        subject_id=given.vaccination.recipient_id,
        location_id=made.location_id,
        after={"vaccination": vaccination_id, "event": made.id},
    )
    return made


@dataclass(frozen=True)
class NotedEvent:
    """An adverse event and the name of whoever noted it."""

    event: AdverseEvent
    by: str


def events_of(vaccination_id: int) -> Sequence[NotedEvent]:
    """What was noted after a dose, first to last."""
    rows = session().execute(
        select(AdverseEvent, User.first_name, User.last_name)
        .join(User, User.id == AdverseEvent.noted_by_id)
        .where(AdverseEvent.vaccination_id == vaccination_id)
        .order_by(AdverseEvent.id)
    )
    return [NotedEvent(event, f"{first} {last}") for event, first, last in rows]


def arrivals_with_events(scope: Scope, arrival_ids: Collection[int]) -> set[int]:
    """Those of the arrivals after whose dose an adverse event was noted."""
    rows = session().scalars(
        select(Administration.arrival_id)
        .join(AdverseEvent, AdverseEvent.vaccination_id == Administration.vaccination_id)
        .where(
            Administration.location_id == scope.location_id,
            Administration.arrival_id.in_(arrival_ids),
            Administration.state == RecordState.GIVEN,
            is_newest(),
        )
    )
    return {number for number in rows if number is not None}
