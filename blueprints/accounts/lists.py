"""The list views of the `Account Management` tab."""

from sqlalchemy import ColumnElement, case, exists, false, true

from portal.access.profiles import CLINIC, Profile
from portal.access.scope import Scope
from portal.i18n import _, _l
from portal.listviews.definition import Column, ListDefinition, ListView, Tone
from portal.people.models import User, UserLocation
from portal.people.queries import works_as


def users_in_sight(scope: Scope) -> list[ColumnElement[bool]]:
    """Whom the user may look after from where one works: the location's users.

    Programme administrators without a location see everybody, programme staff included.
    """
    if scope.location is None:
        return [true() if scope.user.profile is Profile.ADMINISTRATOR else false()]
    here = exists().where(
        UserLocation.user_id == User.id, UserLocation.location_id == scope.location.id
    )
    return [here, works_as(*CLINIC)]


def active_users(_scope: Scope) -> list[ColumnElement[bool]]:
    """Only those who may sign in."""
    return [User.active.is_(True)]


def deactivated_users(_scope: Scope) -> list[ColumnElement[bool]]:
    """Only those who may not."""
    return [User.active.is_(False)]


# Both profiles of who holds two, the staff one first.
PROFILES = case(
    (User.location_profile.is_not(None), User.profile + "," + User.location_profile),
    else_=User.profile,
)


def profile_label(profiles: str) -> str:
    """The guides' names of a user's profiles."""
    return ", ".join(Profile(profile).label for profile in profiles.split(","))


def active_label(active: bool) -> str:
    """The word for whether an account is active."""
    return _("Active") if active else _("Deactivated")


def active_tone(active: bool) -> Tone:
    """The colour of that word."""
    return "success" if active else "neutral"


USERS = ListDefinition(
    name="accounts",
    title=_l("Account Management"),
    all_label=_l("All Users"),
    model=User,
    columns=(
        Column(key="username", label=_l("Username"), attribute=User.username),
        Column(key="last", label=_l("Last Name"), attribute=User.last_name),
        Column(key="first", label=_l("First Name"), attribute=User.first_name),
        Column(key="email", label=_l("Email"), attribute=User.email),
        Column(
            key="profile",
            label=_l("Profile"),
            attribute=PROFILES,
            order=User.profile,
            kind="status",
            labels=profile_label,
            values=tuple(str(profile) for profile in Profile),
        ),
        Column(
            key="status",
            label=_l("Status"),
            attribute=User.active,
            kind="status",
            labels=active_label,
            tone=active_tone,
            values=(True, False),
        ),
    ),
    default_sort="last",
    endpoint="accounts.index",
    record_endpoint="accounts.user",
    capability="accounts.manage",
    scope_column=None,
    subject="user",
    search=True,
    where=users_in_sight,
    views=(
        ListView(key="active", label=_l("Active Users"), where=active_users),
        ListView(key="deactivated", label=_l("Deactivated Users"), where=deactivated_users),
    ),
    private=True,
    brief=("last", "first", "profile", "status"),
    empty_title=_l("No users here yet"),
    empty_text=_l("Add the people who work at this location, one at a time."),
)
