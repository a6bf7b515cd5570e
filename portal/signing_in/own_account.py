"""What a signed-in user changes about the own account."""

from dataclasses import dataclass

from sqlalchemy import select, update

from portal.access.profiles import Profile
from portal.access.scope import Place, Scope
from portal.audit.services import record
from portal.db import session
from portal.errors import NotFound
from portal.people import sessions
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
        select(User.username, User.first_name, User.last_name, User.profile)
        .where(User.active, User.password_hash.is_not(None))
        .order_by(User.id)
        .limit(12)
    )
    return [
        SampleUser(
            username=row.username,
            full_name=f"{row.first_name} {row.last_name}",
            profile=Profile(row.profile).label,
        )
        for row in session().execute(query)
    ]


def switch_location(scope: Scope, location_id: int | None) -> Place | None:
    """Make `location_id` the place where the user works; None only for programme staff.

    Raises `NotFound` for a location that is not the user's.
    """
    place = places.get_place(scope, location_id) if location_id is not None else None
    if place is None and not (location_id is None and scope.everywhere):
        raise NotFound
    session().execute(
        update(User)
        .where(User.id == scope.user.id)
        .values(current_location_id=place.id if place else None)
    )
    return place


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
