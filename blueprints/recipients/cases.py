"""Cases of the help desk that carry a recipient: who it is, and merging a second record of the same
person (SPEC H8)."""

from typing import Any

from blueprints.recipients import merging
from blueprints.recipients.look_alikes import look_alikes
from blueprints.recipients.models import Recipient
from blueprints.recipients.queries import get_recipient, known_apart
from blueprints.recipients.words import full_name
from portal.access.scope import Scope
from portal.errors import PortalError
from portal.formats.shown import day
from portal.i18n import _
from portal.remedies import Carried, Remedy, Said

KIND = "recipient"
MOST_OTHERS = 3


def request_about(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """A request about the recipient says so; the name is on the record."""
    found = carried_person(scope, carried)
    if found is None:
        return None
    return {"topic": "recipients", "record": full_name(found)}


def remedies(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """Merging each record that looks like the same person into this one."""
    found = carried_person(scope, carried)
    if found is None:
        return None
    others = look_alikes(scope, found, apart_from={found.id, *known_apart(found.id)})
    seen = [other for other, here in others if here or scope.location is None]
    return {"remedies": [_merging(scope, found, other) for other in seen[:MOST_OTHERS]]}


def carried_person(scope: Scope, carried: Carried) -> Recipient | None:
    if carried.about_kind != KIND or carried.about_id is None:
        return None
    try:
        return get_recipient(scope, carried.about_id)
    except PortalError:
        return None


def _merging(scope: Scope, kept: Recipient, other: Recipient) -> Remedy:
    named = f"{full_name(other)}, {day(other.birth_date)}"

    def perform(reason: str) -> Said:
        merging.merge(scope, kept.id, other.id, reason=reason)
        return lambda: _(
            "Two records of one recipient were merged. The record of this case is used now."
        )

    return Remedy(
        name=f"recipients.merge-{other.id}",
        label=_("Merge Record %(number)s: %(named)s", number=other.id, named=named),
        text=_(
            "Appointments, vaccinations and all else of the other record move to the record of "
            "this case. “Undo” on the tab Related of the recipient takes the merge back."
        ),
        perform=perform,
    )
