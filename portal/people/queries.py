"""Reading users."""

from sqlalchemy import ColumnElement, or_, select

from portal import settings
from portal.access.profiles import Profile
from portal.access.scope import Actor, Place
from portal.db import session
from portal.people.models import User, UserLocation
from portal.places.models import Location, Organization
from portal.places.queries import PLACE


def registered() -> ColumnElement[bool]:
    """The condition of a query that a user has completed the registration."""
    return or_(User.registered_at.is_not(None), User.password_hash.is_not(None))


def works_as(*profiles: Profile) -> ColumnElement[bool]:
    """The condition of a query that a user holds one of these profiles, alone or as one of two."""
    names = [str(profile) for profile in profiles]
    return or_(User.profile.in_(names), User.location_profile.in_(names))


def actor_of(user: User, profile: Profile | None = None) -> Actor:
    """The user as rules and the audit trail know one, acting in `profile`; by default in the one
    that the account has, of two the staff one."""
    return Actor(
        id=user.id,
        username=user.username,
        full_name=user.full_name,
        email=user.email,
        profile=profile or user.held_profile,
    )


def location_ids_of(user_id: int) -> frozenset[int]:
    """The locations where the user works."""
    query = select(UserLocation.location_id).where(UserLocation.user_id == user_id)
    return frozenset(session().scalars(query))


def places_of(user_id: int) -> tuple[Place, ...]:
    """The locations where the user works, by name."""
    query = (
        select(*PLACE)
        .join(UserLocation, UserLocation.location_id == Location.id)
        .where(UserLocation.user_id == user_id)
        .order_by(Location.name)
    )
    return tuple(Place(**row._mapping) for row in session().execute(query))


def names_of(location_ids: frozenset[int]) -> list[str]:
    """The names of locations, in order."""
    query = select(Location.name).where(Location.id.in_(location_ids)).order_by(Location.name)
    return list(session().scalars(query))


def list_managers(location_id: int) -> list[User]:
    """The active location managers of a location: who is written to about its vaccine.

    Who never completed the registration is not: nobody has confirmed the address yet.
    """
    return list(
        session().scalars(
            select(User)
            .join(UserLocation, UserLocation.user_id == User.id)
            .where(
                UserLocation.location_id == location_id,
                works_as(Profile.MANAGER),
                User.active,
                registered(),
            )
            .order_by(User.id)
        )
    )


def list_administrators() -> list[User]:
    """The active programme administrators: who is written to about the portal itself."""
    return list(
        session().scalars(
            select(User)
            .where(User.profile == Profile.ADMINISTRATOR, User.active, registered())
            .order_by(User.id)
        )
    )


def is_mixed_up(*, username: str, email: str, but: int | None = None) -> bool:
    """Whether the username is another account's e-mail address, or the address another's username:
    whoever asks for a new password names either. `but` is the user whose they are."""
    query = select(User.id).where(or_(User.email == username, User.username == email))
    if but is not None:
        query = query.where(User.id != but)
    return session().scalar(query.limit(1)) is not None


def guessable_names(user: User) -> tuple[str, ...]:
    """What a guesser would put into this user's password: names of the user, of the places, of
    the product."""
    rows = session().execute(
        select(Location.name, Location.city, Location.county, Location.pin, Organization.name)
        .join(UserLocation, UserLocation.location_id == Location.id)
        .join(Organization, Organization.id == Location.organization_id)
        .where(UserLocation.user_id == user.id)
    )
    return (
        *names_of_product(),
        user.username,
        user.first_name,
        user.last_name,
        user.email,
        *(name for row in rows for name in row if name),
    )


def names_of_product() -> tuple[str, str]:
    """The product's own names."""
    current = settings.current()
    return current.product_name, current.product_short_name
