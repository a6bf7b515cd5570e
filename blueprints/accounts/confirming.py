"""What follows from a change that is asked about before it is made."""

from dataclasses import dataclass

from blueprints.accounts.queries import UserRecord
from portal.access.profiles import Profile
from portal.access.scope import Scope
from portal.accounts.safeguards import left_without_manager
from portal.i18n import _
from portal.web.context import registry


@dataclass(frozen=True, kw_only=True)
class Consequences:
    """What follows, as sentences; `warnings` are those to think about, `gained` and `lost` what
    the user may do then and no longer."""

    sentences: list[str]
    warnings: list[str]
    gained: list[str]
    lost: list[str]


def after_deactivating(record: UserRecord) -> Consequences:
    """What follows from deactivating the user."""
    return Consequences(
        sentences=[
            _("The user will be signed out everywhere right away and can no longer sign in."),
            _("Links that were e-mailed to the user will stop working."),
            _("What the user recorded stays. “Reactivate” restores access."),
        ],
        warnings=_without_manager(record),
        gained=[],
        lost=[],
    )


def after_new_profile(scope: Scope, record: UserRecord, profile: Profile) -> Consequences:
    """What follows from giving the user another profile."""
    held = record.user.held_profile
    sentences = [_("The new profile applies right away, from the next page the user opens.")]
    there = record.user.profile_at_locations
    if profile.has_locations and record.user.location_profile:
        sentences.append(_("This will be the user's only profile."))
    elif profile.is_staff and held.has_locations:
        sentences.append(
            _("Programme staff work for all locations: the user's own locations will be removed.")
        )
    elif profile.has_locations and there is None and scope.location is not None:
        sentences.append(_("The user will work at %(name)s.", name=scope.location.name))
    elif profile.has_locations and len(record.locations) + record.elsewhere > 1:
        sentences.append(_("A user has the same profile at all locations."))
    can = registry().capabilities_of
    stays = profile.is_staff and there is not None and record.user.location_profile is not None
    before = frozenset[str]().union(*map(can, record.user.profiles))
    later = can(profile) | (can(there) if stays and there else frozenset())
    return Consequences(
        sentences=sentences,
        warnings=[] if stays else _without_manager(record),
        gained=_titles(later - before),
        lost=_titles(before - later),
    )


def _without_manager(record: UserRecord) -> list[str]:
    return [
        _("%(name)s will have no manager who can sign in.", name=name)
        for name in left_without_manager(record.user, record.location_ids)
    ]


def _titles(capabilities: frozenset[str]) -> list[str]:
    known = registry().capabilities
    return sorted(str(known[name].title) for name in capabilities)
