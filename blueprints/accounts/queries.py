"""Reading the users that one may look after."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal import links
from portal.access.profiles import Profile
from portal.access.scope import Scope
from portal.db import session
from portal.errors import NotFound
from portal.people.models import User, UserLocation
from portal.places.models import Location
from portal.signing_in.recovery import is_registered


@dataclass(frozen=True, kw_only=True)
class WorksAt:
    """A location of a user, as far as the looker may know it."""

    id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class UserRecord:
    """A user as the record page shows one.

    `elsewhere` says that there are locations besides `locations` which are not the looker's.
    """

    user: User
    locations: tuple[WorksAt, ...]
    elsewhere: bool
    invited_until: datetime | None

    @property
    def location_ids(self) -> frozenset[int]:
        """The locations of the user that the looker may know."""
        return frozenset(place.id for place in self.locations)

    @property
    def is_registered(self) -> bool:
        """Whether the user has completed the registration."""
        return is_registered(self.user)


def is_alone(scope: Scope) -> bool:
    """Whether no other active user works at the present location."""
    others = (
        select(User.id)
        .join(UserLocation, UserLocation.user_id == User.id)
        .where(UserLocation.location_id == scope.location_id, User.active, User.id != scope.user.id)
    )
    return session().scalar(others.limit(1)) is None


def get_user(scope: Scope, user_id: int) -> UserRecord:
    """A user whom `scope` may look after. Raises `NotFound`.

    Managers see the clinic users of the location where they work at the moment; one of another of
    their locations raises `AtAnotherLocation`. Administrators see everybody.
    """
    user = session().get(User, user_id)
    if user is None:
        raise NotFound
    rows = session().execute(
        select(Location.id, Location.name)
        .join(UserLocation, UserLocation.location_id == Location.id)
        .where(UserLocation.user_id == user_id)
        .order_by(Location.name)
    )
    works_at = tuple(WorksAt(id=row.id, name=row.name) for row in rows)
    if scope.user.profile is Profile.ADMINISTRATOR:
        visible = works_at
    else:
        if user.profile_at_locations is None:
            raise NotFound
        own = {place.id for place in scope.locations}
        visible = tuple(place for place in works_at if place.id in own)
        if scope.location_id not in {place.id for place in visible}:
            scope.require_location(visible[0].id if visible else None)
    return UserRecord(
        user=user,
        locations=visible,
        elsewhere=len(visible) < len(works_at),
        invited_until=links.pending_invitation(user_id),
    )
