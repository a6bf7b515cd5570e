"""No location is left without its last manager by a manager, nor the portal without anybody who
can administer it."""

from sqlalchemy import Select, func, select

from portal.access.profiles import Profile
from portal.access.scope import Actor
from portal.db import session
from portal.errors import Invalid
from portal.i18n import _
from portal.people.models import User, UserLocation
from portal.people.queries import registered, works_as
from portal.people.rules import Giver
from portal.places.models import Location


def check_right_remains(
    actor: Actor | None, giver: Giver, user: User, location_ids: frozenset[int]
) -> None:
    """Both checks, before a user loses profile or access at `location_ids`. Raises `Invalid`."""
    if Profile(user.profile) is Profile.ADMINISTRATOR:
        _check_administrators_remain(user)
    check_managers_remain(actor, giver, user, location_ids)


def check_managers_remain(
    actor: Actor | None, giver: Giver, user: User, location_ids: frozenset[int]
) -> None:
    """Raise `Invalid` if `user` is the last active manager of one of the locations.

    Who never completed the registration may never come and is none. Programme administrators may
    leave a location without. The locations are locked, so that two
    managers cannot demote each other at the same time.
    """
    if giver.everywhere or not user.active or user.profile_at_locations is not Profile.MANAGER:
        return
    locked = session().execute(
        select(Location.id, Location.name)
        .where(Location.id.in_(location_ids))
        .order_by(Location.id)
        .with_for_update(key_share=True)
    )
    for location_id, name in locked.all():
        if session().scalar(_other_managers(user, location_id)):
            continue
        if actor is not None and actor.id == user.id:
            raise Invalid(
                _(
                    "You are the last manager of %(name)s. Make someone else a manager first.",
                    name=name,
                )
            )
        raise Invalid(
            _("This is the last manager of %(name)s. Make someone else a manager first.", name=name)
        )


def left_without_manager(user: User, location_ids: frozenset[int]) -> list[str]:
    """The names of those locations of which `user` is the only active manager."""
    if not user.active or user.profile_at_locations is not Profile.MANAGER:
        return []
    query = select(Location.id, Location.name).where(Location.id.in_(location_ids))
    return [
        name
        for location_id, name in session().execute(query.order_by(Location.name)).all()
        if not session().scalar(_other_managers(user, location_id))
    ]


def _other_managers(user: User, location_id: int) -> Select[int]:
    return (
        select(func.count())
        .select_from(User)
        .join(UserLocation)
        .where(
            UserLocation.location_id == location_id,
            User.id != user.id,
            User.active,
            registered(),
            works_as(Profile.MANAGER),
        )
    )


def _check_administrators_remain(user: User) -> None:
    active = session().scalars(
        select(User.id)
        .where(User.profile == Profile.ADMINISTRATOR, User.active, registered())
        .order_by(User.id)
        .with_for_update(key_share=True)
    )
    if user.active and set(active) <= {user.id}:
        raise Invalid(
            _(
                "This is the last programme administrator. Make someone else a programme "
                "administrator first."
            )
        )
