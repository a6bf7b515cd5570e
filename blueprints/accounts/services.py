"""What `Account Management` does: load the user in sight, then change the account."""

from dataclasses import asdict

from blueprints.accounts.queries import UserRecord, get_user
from portal.access.profiles import Profile
from portal.access.scope import Scope
from portal.accounts import corrections, second_profile
from portal.accounts import limit_on_adding as additions
from portal.accounts import services as accounts
from portal.accounts.corrections import Correction
from portal.accounts.new_users import Added, NewUser
from portal.accounts.services import giver_of
from portal.errors import Conflict, Forbidden
from portal.i18n import _
from portal.normal_form import normalize
from portal.people import rules
from portal.people.models import User
from portal.people.queries import location_ids_of
from portal.people.rules import Holder


class Overtaken(Conflict):
    """The sender and somebody else changed the same: the fields `doubted` of what is so `now`."""

    def __init__(self, now: Correction, doubted: frozenset[str]) -> None:
        super().__init__(_("Someone else changed this record. Your changes aren't saved yet."))
        self.now = now
        self.doubted = doubted


def _load(scope: Scope, user_id: int) -> User:
    """The user, locked and then seen by `scope`. Raises `NotFound`."""
    user = accounts.load_for_change(user_id)
    get_user(scope, user_id)
    return user


def add(scope: Scope, new: NewUser) -> Added:
    """Add a user; see `portal.accounts.services.add_user`."""
    added = accounts.add_user(scope.user, giver_of(scope), new)
    additions.accepted(scope)
    return added


def check_whole_account(scope: Scope, user_id: int) -> None:
    """Raise `Forbidden` unless `scope` may change the user's profile and access at all."""
    user = get_user(scope, user_id).user
    holder = Holder(profile=user.held_profile, location_ids=location_ids_of(user_id))
    rules.check_whole_account(giver_of(scope), holder)


def refusal_of_whole_account(scope: Scope, user_id: int) -> str:
    """Why `scope` may not change the user's profile, name and access; empty if it may."""
    try:
        check_whole_account(scope, user_id)
    except Forbidden as refusal:
        return refusal.message
    return ""


def check_profile(scope: Scope, user_id: int, profile: Profile) -> None:
    """Raise as `change_profile` would for what can be told before it is confirmed."""
    check_whole_account(scope, user_id)
    if get_user(scope, user_id).user.profile_at_locations is None and profile.has_locations:
        rules.check_grant(giver_of(scope), profile, _here(scope))


def _here(scope: Scope) -> frozenset[int]:
    return frozenset({scope.location.id}) if scope.location else frozenset()


def change_profile(scope: Scope, user_id: int, profile: Profile, *, was: str) -> User:
    """Give another profile; see `portal.accounts.services.change_profile`.

    Programme staff who become a clinic's users work at the location where one is at the moment.
    `was` is the profile that the sender was shown. Raises `Conflict` if it is another one now: then
    something else follows.
    """
    user = _load(scope, user_id)
    if user.profile not in {was, profile}:
        raise Conflict(
            _(
                "Someone else changed the profile. Your change isn't saved yet. Read what will "
                "happen now, then confirm or cancel."
            )
        )
    accounts.change_profile(scope.user, giver_of(scope), user, profile, at=_here(scope))
    return user


def change_second_profile(scope: Scope, user_id: int, profile: Profile | None, *, was: str) -> User:
    """Let programme staff work at the present location, too, or no longer at any; see
    `portal.accounts.second_profile`.

    `was` is what the sender was shown. Raises `Conflict` if something else is so now.
    """
    user = _load(scope, user_id)
    if (user.location_profile or "") not in {was, str(profile or "")}:
        raise Conflict(
            _("Someone else changed the profile. Your change isn't saved yet. Check it, then save.")
        )
    second_profile.change_second_profile(
        scope.user, giver_of(scope), user, profile, at=_here(scope)
    )
    return user


def change_locations(
    scope: Scope, user_id: int, chosen: frozenset[int], *, shown: frozenset[int]
) -> User:
    """Make `chosen` the user's locations among those that `scope` may give; others stay.

    `shown` are those that the sender saw. Raises `Conflict` if someone else gave or took one since:
    what was taken must not come back unseen, nor the last one go.
    """
    user = _load(scope, user_id)
    giver = giver_of(scope)
    record = get_user(scope, user_id)
    before = record.location_ids
    if before not in (shown, chosen):
        raise Conflict(_works_now(record), field="locations")
    if not chosen <= before | {place.id for place in scope.locations}:
        raise Forbidden(_("You can give access only to your own locations."))
    added, removed = chosen - before, before - chosen
    if added:
        accounts.add_locations(scope.user, giver, user, added)
    if removed:
        accounts.remove_locations(scope.user, giver, user, removed)
    return user


def _works_now(record: UserRecord) -> str:
    if not record.locations:
        return _(
            "Someone else changed this user's locations: the user now works at none of them. "
            "Your changes aren't saved yet. Check the boxes below, then press “Change "
            "Locations” again."
        )
    return _(
        "Someone else changed this user's locations: the user now works at %(locations)s. Your "
        "changes aren't saved yet. Check the boxes below, then press “Change Locations” again.",
        locations=", ".join(place.name for place in record.locations),
    )


def correct(scope: Scope, user_id: int, right: Correction, *, shown: Correction) -> frozenset[str]:
    """Correct name and e-mail address; see `portal.accounts.corrections.correct`.

    Only what differs from `shown`, which the sender saw, is corrected. Raises `Overtaken` where
    someone else has put another value there since.
    """
    user = _load(scope, user_id)
    right = _only_own(user, right, shown)
    corrected = corrections.correct(scope.user, giver_of(scope), user, right)
    if "email" in corrected:
        additions.accepted(scope)
    return corrected


def _only_own(user: User, right: Correction, shown: Correction) -> Correction:
    """What the sender changed, and everything else as it is. Raises `Overtaken`."""
    was = asdict(shown)
    now = {name: getattr(user, name) for name in was}
    own = {
        name: value for name, value in asdict(right).items() if not _same(name, value, was[name])
    }
    doubted = frozenset(
        name
        for name, value in own.items()
        if not _same(name, was[name], now[name]) and not _same(name, value, now[name])
    )
    if doubted:
        raise Overtaken(Correction(**now), doubted)
    return Correction(**{**now, **own})


def _same(name: str, one: str, other: str) -> bool:
    one, other = normalize("NFC", one), normalize("NFC", other)
    return one.lower() == other.lower() if name == "email" else one == other


def deactivate(scope: Scope, user_id: int) -> User:
    """End the access; see `portal.accounts.services.deactivate`."""
    user = _load(scope, user_id)
    accounts.deactivate(scope.user, giver_of(scope), user)
    return user


def reactivate(scope: Scope, user_id: int) -> User:
    """Give the access back; see `portal.accounts.services.reactivate`."""
    user = _load(scope, user_id)
    accounts.reactivate(scope.user, giver_of(scope), user)
    return user


def resend_invitation(scope: Scope, user_id: int) -> User:
    """Mail the welcome again; see `portal.accounts.services.resend_invitation`."""
    user = _load(scope, user_id)
    accounts.resend_invitation(scope.user, giver_of(scope), user)
    return user
