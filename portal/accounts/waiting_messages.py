"""What waits in the outbox for a user who loses a right, or whose address was wrong."""

from portal.i18n import _
from portal.messages.services import cancel_for
from portal.people.models import User

# These are not cancelled with the rest: they warn whoever did not ask for the change, also at an
# address that was given up.
WARNINGS = ("email_changed", "password_changed")


def access_ended(user: User) -> None:
    """Cancel whatever waits for the user."""
    cancel_for(user.id, reason=_("The user's access was ended."), but=WARNINGS)


def right_lost_at(user: User, location_ids: frozenset[int]) -> None:
    """Cancel what waits for the user about these locations."""
    reason = _("The user no longer has this role at this location.")
    cancel_for(user.id, reason=reason, location_ids=location_ids)


def address_corrected(user: User, older: str) -> None:
    """Cancel what waits for the user at the older address."""
    cancel_for(user.id, reason=_("The e-mail address was corrected."), address=older, but=WARNINGS)
