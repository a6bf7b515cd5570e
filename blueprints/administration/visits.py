"""Who a wizard `Vaccinate` is about, and what has become of the visit since it was begun."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from blueprints.checkin.models import Arrival
from blueprints.checkin.queries import get_arrival
from blueprints.checkin.rules import ArrivalStep, may
from blueprints.recipients.models import Recipient
from blueprints.recipients.queries import get_recipient
from blueprints.recipients.words import full_name
from portal.access.scope import Scope
from portal.errors import Conflict, NotFound
from portal.formats.numbers import record_number
from portal.formats.shown import day as day_text
from portal.i18n import _
from portal.wizards.definition import Begun


@dataclass(frozen=True)
class Chair:
    """Who is vaccinated, and when in the location's day."""

    arrival: Arrival
    recipient: Recipient
    today: date


def chair(scope: Scope, args: Mapping[str, str]) -> Chair:
    """Who the address is about. Raises `NotFound`."""
    arrival = get_arrival(scope, record_number(args.get("arrival_id")) or 0)
    return Chair(arrival, get_recipient(scope, arrival.recipient_id), scope.today())


def admit(scope: Scope, args: Mapping[str, str]) -> None:
    """Refuse to begin with somebody of another location, or who is not here to be vaccinated."""
    here = chair(scope, args)
    if not may(ArrivalStep.VACCINATE, here.arrival.state):
        raise Conflict(
            _("This visit is over: the dose was recorded already, or the person has left.")
        )


def about(scope: Scope, begun: Mapping[int, Begun]) -> Mapping[int, str]:
    """Whom unfinished forms are about."""
    found = {}
    for draft_id, one in begun.items():
        try:
            here = chair(scope, one.args)
        except NotFound:
            continue
        person = here.recipient
        found[draft_id] = f"{full_name(person)}, {day_text(person.birth_date)}"
    return found


def news(scope: Scope, begun: Mapping[int, Begun]) -> Mapping[int, str]:
    """What has happened since to the visits of unfinished forms."""
    found = {}
    for draft_id, one in begun.items():
        try:
            here = chair(scope, one.args)
        except NotFound:
            found[draft_id] = str(_("This visit is not at your location."))
            continue
        if not may(ArrivalStep.VACCINATE, here.arrival.state):
            found[draft_id] = str(_("This visit is over."))
    return found
