"""Who a wizard `Vaccinate` is about, and what has become of the visit since it was begun."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from blueprints.checkin.models import Arrival
from blueprints.checkin.queries import get_arrival
from blueprints.checkin.rules import ArrivalState, ArrivalStep, is_same_visit, may
from blueprints.recipients.models import Recipient
from blueprints.recipients.queries import get_recipient
from blueprints.recipients.words import full_name
from portal.access.scope import Scope
from portal.clock import now
from portal.errors import Conflict, NotFound
from portal.formats.numbers import record_number
from portal.formats.shown import day as day_text
from portal.i18n import _
from portal.remembering import remembered
from portal.wizards.definition import Begun


@dataclass(frozen=True)
class Chair:
    """Who is vaccinated, and when in the location's day."""

    arrival: Arrival
    recipient: Recipient
    today: date


def chair(scope: Scope, args: Mapping[str, str]) -> Chair:
    """Who the address is about. Raises `NotFound`."""
    return Chair(*_who(scope, record_number(args.get("arrival_id")) or 0), scope.today())


@remembered("arrival", "recipient", "recipient_location")
def _who(scope: Scope, arrival_id: int) -> tuple[Arrival, Recipient]:
    arrival = get_arrival(scope, arrival_id)
    return arrival, get_recipient(scope, arrival.recipient_id)


def why_over(arrival: Arrival, today: date) -> str:
    """Why no dose can be recorded for this check-in, and what to do; blank if one can."""
    if arrival.state in {ArrivalState.OBSERVING, ArrivalState.DONE}:
        return _("The dose of this visit was recorded already.")
    if not is_same_visit(arrival.day, arrival.checked_in_at, today=today, at=now()):
        return _(
            "This check-in was on %(day)s. Check the person in again today. For a dose that was "
            "given earlier, enter its date and time then.",
            day=day_text(arrival.day),
        )
    if arrival.state == ArrivalState.UNDONE:
        return _("This check-in was undone, perhaps in another tab. Check the person in again.")
    if not may(ArrivalStep.VACCINATE, arrival.state):
        return _("The person left without a dose. Check the person in again.")
    return ""


def over(here: Chair) -> tuple[str, int, int] | None:
    """What `why_over` says of the visit, with whom to check in again and the check-in itself; None
    while a dose can be recorded."""
    said = why_over(here.arrival, here.today)
    return (said, here.recipient.id, here.arrival.id) if said else None


def admit(scope: Scope, args: Mapping[str, str]) -> None:
    """Refuse to begin with somebody of another location, or who is not here to be vaccinated."""
    here = chair(scope, args)
    said = why_over(here.arrival, here.today)
    if said:
        raise Conflict(said)


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
        said = why_over(here.arrival, here.today)
        if said:
            found[draft_id] = said
    return found
