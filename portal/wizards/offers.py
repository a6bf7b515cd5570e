"""What waits to be finished, as `Home` and the page of drafts offer it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from portal.db import session
from portal.places.models import Location
from portal.places.scope import Scope
from portal.wizards import drafts
from portal.wizards.models import Draft

ON_HOME = 5


@dataclass(frozen=True)
class Offer:
    """A draft, and the name of its location if that is not the present one."""

    draft: Draft
    elsewhere: str = ""


def offers(scope: Scope, *, limit: int = drafts.MOST) -> list[Offer]:
    """The user's drafts, newest first; those of locations the user has lost are left out."""
    found = drafts.list_open(scope.user.id, limit=limit)
    here = scope.location.id if scope.location else None
    names = _names({draft.location_id for draft in found} - {here, None})
    mine = {place.id for place in scope.locations}
    made = []
    for draft in found:
        if draft.location_id in (None, here):
            made.append(Offer(draft))
        elif scope.everywhere or draft.location_id in mine:
            made.append(Offer(draft, names.get(draft.location_id or 0, "")))
    return made


def offer(scope: Scope, draft: Draft) -> Offer:
    """One draft as an offer. Raises `NotFound` if it is of a location the user has lost."""
    here = scope.location.id if scope.location else None
    if draft.location_id in (None, here):
        return Offer(draft)
    if not scope.everywhere and draft.location_id not in {place.id for place in scope.locations}:
        scope.require_location(draft.location_id)
    return Offer(draft, _names({draft.location_id})[draft.location_id or 0])


def _names(wanted: set[int | None]) -> Mapping[int, str]:
    if not wanted:
        return {}
    query = select(Location.id, Location.name).where(Location.id.in_(wanted))
    return {row.id: row.name for row in session().execute(query)}


def on_home(scope: Scope, _subject: object) -> dict[str, object] | None:
    """The card of `Home`: the newest drafts; nothing where nothing waits."""
    found = offers(scope, limit=ON_HOME + 1)
    if not found:
        return None
    return {"offers": found[:ON_HOME], "more": len(found) > ON_HOME}
