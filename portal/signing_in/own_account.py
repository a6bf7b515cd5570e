"""What a signed-in user changes about the own account."""

from dataclasses import dataclass, replace

from sqlalchemy import select, update

from portal.access.profiles import Profile
from portal.access.scope import Scope
from portal.audit.services import record
from portal.db import session
from portal.errors import NotFound
from portal.people import sessions
from portal.people.capacities import scope_as
from portal.people.models import User
from portal.places import queries as places


@dataclass(frozen=True, kw_only=True)
class SampleUser:
    """A user of practice mode, as the sign-in page lists them."""

    username: str
    full_name: str
    profile: str


def sample_users() -> list[SampleUser]:
    """The active users of a practice installation, whose passphrase everybody knows."""
    query = (
        select(User).where(User.active, User.password_hash.is_not(None)).order_by(User.id).limit(12)
    )
    return [
        SampleUser(
            username=user.username,
            full_name=user.full_name,
            profile=", ".join(profile.label for profile in user.profiles),
        )
        for user in session().scalars(query)
    ]


def switch_location(scope: Scope, location_id: int | None, profile: Profile | None = None) -> Scope:
    """Make `location_id` the place where the user works; None only for programme staff. Who holds
    two profiles acts in `profile` there. Returns the scope of the next request.

    Raises `NotFound` for a location or profile that is not the user's.
    """
    there = scope_as(scope, profile or scope.user.profile)
    place = places.get_place(there, location_id) if location_id is not None else None
    if place is None and not (location_id is None and there.everywhere):
        raise NotFound
    two = scope.other_profile is not None
    session().execute(
        update(User)
        .where(User.id == scope.user.id)
        .values(
            current_location_id=place.id if place else None,
            acts_at_location=two and there.user.profile.has_locations,
        )
    )
    return replace(there, location=place)


def end_session(scope: Scope, session_id: int) -> bool:
    """End one of the user's own sessions; False if it had ended before.

    Raises `NotFound` for another user's.
    """
    ended = sessions.end_one_of(scope.user.id, session_id)
    if ended:
        _record_ending(scope, "user.session_ended")
    return ended


def end_other_sessions(scope: Scope) -> None:
    """End all sessions of the user but the present one, those that timed out as well."""
    sessions.end_all(scope.user.id, but=scope.session_id)
    _record_ending(scope, "user.other_sessions_ended")


def _record_ending(scope: Scope, action: str) -> None:
    record(scope.user, action, subject="user", subject_id=scope.user.id, location_id=None)
