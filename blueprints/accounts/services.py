"""What `Account Management` does: load the user in sight, then change the account."""

from blueprints.accounts.queries import get_user
from portal.errors import Forbidden
from portal.i18n import _
from portal.people import accounts, additions, corrections, rules
from portal.people.accounts import Added, NewUser, giver_of
from portal.people.corrections import Correction
from portal.people.models import User
from portal.people.profiles import Profile
from portal.people.queries import location_ids_of
from portal.people.rules import Holder
from portal.places.scope import Scope


def _load(scope: Scope, user_id: int) -> User:
    """The user, locked and then seen by `scope`. Raises `NotFound`."""
    user = accounts.load_for_change(user_id)
    get_user(scope, user_id)
    return user


def add(scope: Scope, new: NewUser) -> Added:
    """Add a user; see `portal.people.accounts.add_user`."""
    added = accounts.add_user(scope.user, giver_of(scope), new)
    additions.accepted(scope)
    return added


def check_whole_account(scope: Scope, user_id: int) -> None:
    """Raise `Forbidden` unless `scope` may change the user's profile and access at all."""
    user = get_user(scope, user_id).user
    holder = Holder(profile=user.held_profile, location_ids=location_ids_of(user_id))
    rules.check_whole_account(giver_of(scope), holder)


def check_profile(scope: Scope, user_id: int, profile: Profile) -> None:
    """Raise as `change_profile` would for what can be told before it is confirmed."""
    check_whole_account(scope, user_id)
    if get_user(scope, user_id).user.held_profile.is_staff and not profile.is_staff:
        rules.check_grant(giver_of(scope), profile, _here(scope))


def _here(scope: Scope) -> frozenset[int]:
    return frozenset({scope.location.id}) if scope.location else frozenset()


def change_profile(scope: Scope, user_id: int, profile: Profile) -> User:
    """Give another profile; see `portal.people.accounts.change_profile`.

    Programme staff who become a clinic's users work at the location where one is at the moment.
    """
    user = _load(scope, user_id)
    accounts.change_profile(scope.user, giver_of(scope), user, profile, at=_here(scope))
    return user


def change_locations(scope: Scope, user_id: int, chosen: frozenset[int]) -> User:
    """Make `chosen` the user's locations among those that `scope` may give; others stay.

    A last location is taken by `remove`, which says what that means.
    """
    user = _load(scope, user_id)
    giver = giver_of(scope)
    record = get_user(scope, user_id)
    offered = {place.id for place in scope.locations} | {place.id for place in record.locations}
    if not chosen <= offered:
        raise Forbidden(_("You can give access only to your own locations."))
    before = {place.id for place in record.locations}
    added, removed = chosen - before, frozenset(before - chosen)
    if added:
        accounts.add_locations(scope.user, giver, user, frozenset(added))
    if removed:
        accounts.remove_locations(scope.user, giver, user, removed)
    return user


def correct(scope: Scope, user_id: int, right: Correction) -> frozenset[str]:
    """Correct name and e-mail address; see `portal.people.corrections.correct`."""
    user = _load(scope, user_id)
    corrected = corrections.correct(scope.user, giver_of(scope), user, right)
    if "email" in corrected:
        additions.accepted(scope)
    return corrected


def deactivate(scope: Scope, user_id: int) -> User:
    """End the access; see `portal.people.accounts.deactivate`."""
    user = _load(scope, user_id)
    accounts.deactivate(scope.user, giver_of(scope), user)
    return user


def reactivate(scope: Scope, user_id: int) -> User:
    """Give the access back; see `portal.people.accounts.reactivate`."""
    user = _load(scope, user_id)
    accounts.reactivate(scope.user, giver_of(scope), user)
    return user


def resend_invitation(scope: Scope, user_id: int) -> User:
    """Mail the welcome again; see `portal.people.accounts.resend_invitation`."""
    user = _load(scope, user_id)
    accounts.resend_invitation(scope.user, giver_of(scope), user)
    return user
