"""Adding users without learning who has an account.

The refusal of a user whose name or e-mail address is somebody else's tells that there is such an
account. A refused request rolls back, so the form is counted, and what it met recorded, before
the request's transaction; an accepted one takes its count back.
"""

from datetime import timedelta

from sqlalchemy import or_, select

from portal import throttle
from portal.access.scope import Scope
from portal.audit.services import record
from portal.db import run, session
from portal.errors import Invalid
from portal.people.models import User
from portal.people.rules import clean_email, stored_username

KIND = "adding"
REFUSED = ((20, timedelta(minutes=15)), (60, timedelta(days=1)))


def begin(scope: Scope, *, username: str = "", email: str, but: int | None = None) -> int:
    """Count a form that adds or corrects a user, and record whose account it names. Opens its own
    unit. `but` is the user who is corrected.

    Returns 0, or the seconds to wait when too many forms of this user were refused: then the form
    must not be judged.
    """

    def count() -> int:
        wait = throttle.take(KIND, str(scope.user.id), REFUSED)
        if not wait:
            _record_met(scope, username, email, but)
        return wait

    return run(count, write=True, keep=lambda _wait: True)


def accepted(scope: Scope) -> None:
    """The form was right: it does not count."""
    throttle.take_back(KIND, str(scope.user.id))


def _record_met(scope: Scope, username: str, email: str, but: int | None) -> None:
    try:
        address = clean_email(email)
    except Invalid:
        return
    names = (stored_username(username), address)
    met = select(User.id, User.username).where(or_(User.username.in_(names), User.email.in_(names)))
    if but is not None:
        met = met.where(User.id != but)
    for user in session().execute(met.order_by(User.id)):
        record(
            scope.user,
            "user.adding_met_account",
            subject="user",
            subject_id=user.id,
            location_id=scope.location.id if scope.location else None,
            summary=user.username,
        )
