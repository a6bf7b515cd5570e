"""Programme staff who also work at locations, with a profile of their own there (docs/adr/0012)."""

from portal.access.profiles import Profile
from portal.access.scope import Actor
from portal.accounts import waiting_messages as waiting
from portal.accounts.services import check_locations_exist, record_change, remove_locations
from portal.db import session
from portal.people import queries, rules
from portal.people.models import User, UserLocation
from portal.people.rules import Giver


def change_second_profile(
    actor: Actor | None,
    giver: Giver,
    user: User,
    profile: Profile | None,
    *,
    at: frozenset[int] = frozenset(),
) -> None:
    """Let programme staff also work at locations, with `profile` there; None ends it.

    The staff profile stays as it is. Who works at no location yet gets those of `at`. The user acts
    in one of the two at a time. Only programme administrators may; raises `Forbidden` or `Invalid`
    as `change_profile`, also for the own account.
    """
    held = Profile(user.location_profile) if user.location_profile else None
    if profile is held:
        return
    rules.check_another(actor.id if actor else None, user.id)
    rules.check_second_profile(giver, user.held_profile, profile or Profile.MANAGER)
    before = queries.location_ids_of(user.id)
    if profile is None:
        remove_locations(actor, giver, user, before)
        return
    later = before or at
    rules.check_grant(giver, profile, later)
    check_locations_exist(later)
    if held:
        waiting.right_lost_at(user, before)
    user.location_profile = profile
    session().add_all(
        UserLocation(user_id=user.id, location_id=number) for number in sorted(later - before)
    )
    session().flush()
    record_change(
        actor,
        "user.second_profile_changed",
        user,
        location_ids=later,
        before={"locations": sorted(before), "profile_there": str(held or "")},
        after={"locations": sorted(later), "profile_there": str(profile or "")},
    )
