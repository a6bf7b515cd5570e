"""Somebody with a right agrees at another user's screen: with username and password, checked like a
sign-in, and without a session of their own.

`check` runs before the request's transaction, as a password's hash must not hold the database up;
`confirmed` decides again, in the transaction of what is agreed to.
"""

from dataclasses import dataclass

from sqlalchemy import select

from portal import throttle
from portal.access.scope import Actor, Scope
from portal.audit.services import record
from portal.db import PATIENCE_OF_A_PERSON, session, unit_of_work
from portal.errors import Invalid, PortalError
from portal.i18n import _, ngettext
from portal.module import current
from portal.people.models import User, UserLocation
from portal.people.queries import actor_of
from portal.refusals.rules import RefusalKind
from portal.signing_in.by_password import judge
from portal.web.refusals import mark

# The fields of `forms.CountersignFields`.
COUNTERSIGNER, COUNTERSIGNER_PASSWORD = "countersigner", "countersigner_password"


@dataclass(frozen=True, kw_only=True)
class Countersignature:
    """Whose password was typed, or why it does not count; `judged_hash` is the password's hash."""

    user_id: int = 0
    judged_hash: str | None = None
    refusal: PortalError | None = None


def check(
    scope: Scope, capability: str, username: str, password: str, *, address: str
) -> Countersignature:
    """Compare the password of who agrees to what the user of `scope` may not do alone.

    Counted, delayed and recorded like an attempt to sign in. Opens its own units of work.
    """
    verdict = judge(username, password, address=address)
    if verdict.retry_after:
        mark(RefusalKind.TOO_MANY)
        return Countersignature(refusal=_too_many(-(-verdict.retry_after // 60)))
    if verdict.user_id is None:
        mark(RefusalKind.WRONG_PASSWORD)
        wrong = _("The username or password is not right. Nothing was saved. Enter both again.")
        return Countersignature(refusal=Invalid(wrong, field=COUNTERSIGNER_PASSWORD))
    signature = Countersignature(user_id=verdict.user_id, judged_hash=verdict.judged_hash)
    try:
        with unit_of_work(patience=PATIENCE_OF_A_PERSON):
            who = confirmed(scope, capability, signature)
            throttle.succeeded(verdict.admission)
            record(
                who,
                "user.password_confirmed",
                subject="user",
                subject_id=who.id,
                location_id=scope.location_id,
                after={"at_screen_of": scope.user.id},
            )
    except Invalid as refusal:
        return Countersignature(refusal=refusal)
    return signature


def _too_many(minutes: int) -> Invalid:
    said = ngettext(
        "Too many attempts. Nothing was saved. Try again in %(num)s minute.",
        "Too many attempts. Nothing was saved. Try again in %(num)s minutes.",
        minutes,
    )
    return Invalid(said, field=COUNTERSIGNER_PASSWORD)


def confirmed(scope: Scope, capability: str, signature: Countersignature) -> Actor:
    """Who agreed: another active person, who works at the present location and may do it.

    Raises the refusal of `check`, and `Invalid` for whoever may not agree (any more).
    """
    if signature.refusal is not None:
        raise signature.refusal
    user = session().get(User, signature.user_id)
    if user is None or not user.active or user.password_hash != signature.judged_hash:
        raise Invalid(
            _("This password no longer counts. Nothing was saved. Enter both again."),
            field=COUNTERSIGNER_PASSWORD,
        )
    if user.id == scope.user.id:
        raise Invalid(
            _("Nothing was saved. Ask another person to authorize it: you cannot do it yourself."),
            field=COUNTERSIGNER,
        )
    there = user.profile_at_locations
    may = there is not None and capability in current().capabilities_of(there)
    if not may or not _works_at(user.id, scope.location_id):
        raise Invalid(
            _("%(name)s may not authorize this here. Nothing was saved.", name=user.full_name),
            field=COUNTERSIGNER,
        )
    if user.must_change_password:
        raise Invalid(
            _(
                "%(name)s must sign in and choose a new password first. Nothing was saved.",
                name=user.full_name,
            ),
            field=COUNTERSIGNER_PASSWORD,
        )
    return actor_of(user, there)


def _works_at(user_id: int, location_id: int) -> bool:
    query = select(UserLocation.id).where(
        UserLocation.user_id == user_id, UserLocation.location_id == location_id
    )
    return session().scalar(query) is not None
