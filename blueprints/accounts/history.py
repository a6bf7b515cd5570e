"""The history of an account, in words, for whoever manages it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from blueprints.accounts.queries import UserRecord
from portal.access.profiles import STAFF, Profile
from portal.access.scope import Scope
from portal.audit import queries as audit
from portal.audit.models import AuditEntry
from portal.db import session
from portal.i18n import _
from portal.people.models import User, UserLocation
from portal.places.models import Location
from portal.web.context import registry

# What happened to the account; signing in and being looked at is the audit trail's business.
ACTIONS = (
    "user.added",
    "user.invited",
    "user.registered",
    "user.corrected",
    "user.profile_changed",
    "user.second_profile_changed",
    "user.locations_changed",
    "user.deactivated",
    "user.reactivated",
    "user.password_changed",
    "user.password_reset",
)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to an account."""

    at: datetime
    what: str
    details: str
    who: str


@dataclass(frozen=True)
class History:
    """What happened, newest first; `below` continues it, None at the end."""

    events: list[Event]
    below: int | None


def history_of(scope: Scope, record: UserRecord, *, below: int | None = None) -> History:
    """The history of an account that `scope` may see.

    Whoever is not a programme administrator reads no names of other locations and their people.
    """
    found = audit.history(scope, "user", record.user.id, actions=ACTIONS, below=below)
    people = _people(scope, record, found.entries)
    places = _places(scope)
    events = [
        Event(
            at=entry.at,
            what=registry().in_words(entry.action),
            details=_details(entry, places),
            who=_who(entry, people),
        )
        for entry in found.entries
    ]
    return History(events, found.below)


def _people(scope: Scope, record: UserRecord, entries: Iterable[AuditEntry]) -> dict[int, str]:
    """The names of those who acted, as far as the reader may know them."""
    query = select(User.id, User.first_name, User.last_name).where(
        User.id.in_({entry.actor_id for entry in entries if entry.actor_id is not None})
    )
    if scope.user.profile is not Profile.ADMINISTRATOR:
        colleagues = select(UserLocation.user_id).where(
            UserLocation.location_id.in_([place.id for place in scope.locations])
        )
        query = query.where(
            (User.id == record.user.id)
            | User.profile.in_([str(profile) for profile in STAFF])
            | User.id.in_(colleagues)
        )
    return {row.id: f"{row.first_name} {row.last_name}" for row in session().execute(query)}


def _who(entry: AuditEntry, people: dict[int, str]) -> str:
    if entry.actor_id is None:
        return _("The portal")
    return people.get(entry.actor_id) or _("Someone at another location")


def _places(scope: Scope) -> dict[int, str]:
    if scope.user.profile is not Profile.ADMINISTRATOR:
        return {place.id: place.name for place in scope.locations}
    rows = session().execute(select(Location.id, Location.name))
    return {row.id: row.name for row in rows}


def _details(entry: AuditEntry, places: dict[int, str]) -> str:
    before, after = entry.values_before, entry.values_after
    if entry.action == "user.corrected":
        labels = {
            "first_name": _("First Name"),
            "last_name": _("Last Name"),
            "email": _("Email"),
        }
        return ", ".join(labels[name] for name in after.get("corrected", ()) if name in labels)
    if entry.action in ("user.locations_changed", "user.second_profile_changed"):
        ids = _ids(before), _ids(after)
        return "; ".join(filter(None, (_there(before, after), _moves(*ids, places))))
    if "profile" in before and "profile" in after:
        return _("from %(old)s to %(new)s", old=_profile(before), new=_profile(after))
    return _profile(after) if "profile" in after else ""


def _there(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What became of the second of two profiles, if anything."""
    old, new = before.get("profile_there", ""), after.get("profile_there", "")
    if old == new:
        return ""
    nothing = _("none")
    return _(
        "from %(old)s to %(new)s",
        old=Profile(old).label if old else nothing,
        new=Profile(new).label if new else nothing,
    )


def _profile(values: dict[str, Any]) -> str:
    return Profile(values["profile"]).label


def _ids(values: dict[str, Any]) -> set[int]:
    return set(values.get("locations", ()))


def _moves(before: set[int], after: set[int], places: dict[int, str]) -> str:
    parts = []
    if after - before:
        parts.append(_("added: %(locations)s", locations=_names(after - before, places)))
    if before - after:
        parts.append(_("removed: %(locations)s", locations=_names(before - after, places)))
    return "; ".join(parts)


def _names(ids: set[int], places: dict[int, str]) -> str:
    known = sorted(places[number] for number in ids if number in places)
    return ", ".join(known + ([_("another location")] if len(known) < len(ids) else []))
