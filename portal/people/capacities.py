"""The two profiles of a member of programme staff who also works at a location. Everything follows
the one in which they act; what both may do is never put together (docs/adr/0012)."""

from dataclasses import replace

from portal import module
from portal.access.profiles import Profile
from portal.access.scope import Scope
from portal.errors import NotFound
from portal.people.queries import places_of


def scope_as(scope: Scope, profile: Profile) -> Scope:
    """`scope` itself, or that of the same user in the other of two profiles, at no location yet.

    Raises `NotFound` for a profile that the user does not hold.
    """
    if profile is scope.user.profile:
        return scope
    if profile is not scope.other_profile:
        raise NotFound
    return replace(
        scope,
        user=replace(scope.user, profile=profile),
        other_profile=scope.user.profile,
        location=None,
        locations=() if profile.is_staff else places_of(scope.user.id),
        capabilities=module.current().capabilities_of(profile),
    )
