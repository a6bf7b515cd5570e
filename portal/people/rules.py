"""Decisions about users: what their data looks like, and who may give which rights."""

import re
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from portal.access.profiles import CLINIC, Profile
from portal.errors import Forbidden, Invalid
from portal.i18n import _
from portal.normal_form import normalize

LONGEST_EMAIL = 254
USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}")


@dataclass(frozen=True, kw_only=True)
class Giver:
    """Who changes an account: the profile, and the locations whose rights may be given.

    `everywhere` for who gives rights at all locations: programme administrators, and the
    processing of an onboarding file that programme staff accepted.
    """

    profile: Profile
    location_ids: frozenset[int] = frozenset()
    everywhere: bool = False


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Whose account is changed; `profile` is the staff one of who holds two."""

    profile: Profile
    location_ids: frozenset[int]


def stored_username(text: str) -> str:
    """A username as it is stored and compared: NFC, lower case, no white space at the ends."""
    return normalize("NFC", text).strip().lower()


def clean_username(text: str) -> str:
    """A username as it is stored. Raises `Invalid` on `username`."""
    value = stored_username(text)
    if not USERNAME.fullmatch(value):
        raise Invalid(
            _(
                "A username has 3 to 64 letters, digits, dots, hyphens or underscores, and begins "
                "with a letter or digit."
            ),
            field="username",
        )
    return value


def clean_email(text: str) -> str:
    """An e-mail address in lower case. Whether the mailbox exists is not asked.

    Raises `Invalid` on `email`.
    """
    if len(text) > LONGEST_EMAIL:
        raise Invalid(_("This e-mail address is too long."), field="email")
    try:
        found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise Invalid(
            _("Enter an e-mail address, for example name@clinic.org."), field="email"
        ) from error
    if len(found.normalized) > LONGEST_EMAIL:
        raise Invalid(_("This e-mail address is too long."), field="email")
    return found.normalized.lower()


def clean_name(text: str, *, field: str) -> str:
    """A first or last name, 1 to 80 characters. Raises `Invalid` on `field`."""
    value = " ".join(text.split())
    if not value or len(value) > 80:
        raise Invalid(_("Enter a name of at most 80 characters."), field=field)
    return value


def grantable_profiles(giver: Profile) -> tuple[Profile, ...]:
    """The profiles that a user with profile `giver` may give, in the order of the guides. Nobody is
    made a requester: people register as such."""
    if giver is Profile.ADMINISTRATOR:
        return tuple(profile for profile in Profile if profile is not Profile.REQUESTER)
    return tuple(profile for profile in Profile if profile in CLINIC)


def check_grant(giver: Giver, profile: Profile, location_ids: frozenset[int]) -> None:
    """Raise unless `giver` may give `profile` at `location_ids`.

    `Invalid` on `profile` or `locations` for what cannot be, `Forbidden` for a location that is
    not the giver's.
    """
    if profile not in grantable_profiles(giver.profile):
        raise Invalid(_("Choose a profile from the list."), field="profile")
    if profile.is_staff:
        if location_ids:
            raise Invalid(
                _("Programme staff work for all locations: choose none."), field="locations"
            )
        return
    if not location_ids:
        raise Invalid(_("Choose at least one location."), field="locations")
    if not giver.everywhere and not location_ids <= giver.location_ids:
        raise Forbidden(_("You can give access only to your own locations."))


def check_second_profile(giver: Giver, holder: Profile, profile: Profile) -> None:
    """Raise unless `giver` may give this profile at locations to programme staff besides theirs.

    `Forbidden` for everybody but programme administrators, `Invalid` on `profile` for a holder who
    is no programme staff, and for a profile that is none of locations.
    """
    if not holder.is_staff:
        raise Invalid(_("Only programme staff can have a second profile."), field="profile")
    if giver.profile is not Profile.ADMINISTRATOR or not giver.everywhere:
        raise Forbidden(_("Only programme administrators can change programme staff."))
    if profile not in CLINIC:
        raise Invalid(_("Choose a profile from the list."), field="profile")


def check_whole_account(giver: Giver, holder: Holder) -> None:
    """Raise `Forbidden` unless `giver` may change what concerns all of the holder's locations:
    the profile, and whether the account is active."""
    if giver.everywhere:
        return
    if holder.profile.is_staff:
        raise Forbidden(_("Only programme administrators can change programme staff."))
    if not holder.location_ids:
        raise Forbidden(_("This user no longer works at any of your locations. Ask the help desk."))
    if not holder.location_ids <= giver.location_ids:
        raise Forbidden(
            _(
                "This user also works at locations that are not yours. You can remove the user "
                "from your location; for anything else ask the help desk."
            )
        )


def check_another(actor_id: int | None, user_id: int) -> None:
    """Raise `Invalid` if the account is the actor's own: nobody shuts oneself out by a slip, or
    gives oneself rights."""
    if actor_id == user_id:
        raise Invalid(
            _(
                "This is your own account. Only another manager or a programme administrator "
                "can change your profile, your name or your access."
            )
        )


def check_email_may_change(giver: Giver, *, registered: bool) -> None:
    """Raise `Invalid` on `email` unless `giver` may change the address of such an account: the
    links for a new password go there, so who registered is not parted from it by a manager."""
    if registered and not giver.everywhere:
        raise Invalid(
            _(
                "This user has registered, and password links go to this e-mail address. Only a "
                "programme administrator can change it. Ask the help desk."
            ),
            field="email",
        )
