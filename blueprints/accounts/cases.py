"""Cases of the help desk that carry a user: who it is, and letting them sign in again (SPEC H8)."""

from typing import Any

from blueprints.accounts.queries import get_user
from portal import throttle
from portal.access.scope import Scope
from portal.audit.services import record
from portal.db import session
from portal.errors import PortalError
from portal.i18n import _
from portal.people.models import User
from portal.remedies import Carried, Remedy, Said

KIND = "user"


def request_about(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """A request about a user names the account."""
    found = carried_user(scope, carried)
    if found is None:
        return None
    return {"topic": "sign_in", "record": found.username}


def remedies(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """Forgetting failed attempts to sign in, which strangers may have made."""
    found = carried_user(scope, carried)
    if found is None:
        return None

    def perform(reason: str) -> Said:
        throttle.forgive(found.username)
        record(
            scope.user,
            "user.unlocked",
            subject="user",
            subject_id=found.id,
            location_id=None,
            summary=reason,
        )
        return lambda: _("Failed attempts to sign in were forgotten. Signing in is possible again.")

    return {
        "remedies": [
            Remedy(
                name="accounts.unlock",
                label=_("Unlock Sign-In"),
                text=_(
                    "Failed attempts from places that the user never signed in from are forgotten. "
                    "Password and sessions stay as they are."
                ),
                perform=perform,
                why_not="" if found.active else _("This user is deactivated."),
            )
        ]
    }


def carried_user(scope: Scope, carried: Carried) -> User | None:
    """The user who is carried: oneself, whom one looks after, for the help desk anybody."""
    if carried.about_kind != KIND or carried.about_id is None:
        return None
    if scope.can("accounts.unlock") or scope.user.id == carried.about_id:
        return session().get(User, carried.about_id)
    if not scope.can("accounts.manage"):
        return None
    try:
        return get_user(scope, carried.about_id).user
    except PortalError:
        return None
