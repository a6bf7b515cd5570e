"""Users to be added, and those who only asked the help desk so far."""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from portal.access.profiles import Profile
from portal.db import session
from portal.people import queries
from portal.people.models import User


@dataclass(frozen=True, kw_only=True)
class NewUser:
    """A user to be added, as typed."""

    username: str
    first_name: str
    last_name: str
    email: str
    profile: Profile
    location_ids: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Added:
    """What came of adding: a new user, or one who existed and got locations."""

    user: User
    is_new: bool


def become_colleague(user: User, profile: Profile, username: str) -> bool:
    """Give a profile of the clinics, and the username, to who only asked the help desk so far;
    False if the username is another account's."""
    if queries.is_mixed_up(username=username, email=user.email, but=user.id):
        return False
    try:
        with session().begin_nested():
            user.username, user.profile = username, profile
            session().flush()
    except IntegrityError:
        return False
    return True
