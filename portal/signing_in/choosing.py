"""Choosing a password: by who is signed in, or by who holds a mailed link.

Each way has two halves. `prepare_…` runs before the request's transaction, checks and makes the
hash; the other half writes, and decides again what may have changed since.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import update

from portal import clock, links, throttle
from portal.access.scope import Scope
from portal.audit.services import record
from portal.db import PATIENCE_OF_A_PERSON, session, unit_of_work
from portal.errors import Conflict, Invalid, PortalError, TooMany
from portal.i18n import _
from portal.messages import services as messages
from portal.people import queries, sessions
from portal.people.models import User
from portal.signing_in import hashing, passwords
from portal.signing_in.recovery import is_registered

TRIES = ((10, timedelta(minutes=5)),)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A new password's hash, or the refusal; `judged_hash` is the one that it replaces."""

    new_hash: str = ""
    judged_hash: str | None = None
    refusal: PortalError | None = None


def prepare_change(scope: Scope, current: str, new: str) -> Prepared:
    """First half of changing the own password: compare the current one, judge the new one."""
    with unit_of_work(patience=PATIENCE_OF_A_PERSON):
        wait = throttle.take("change", str(scope.user.id), TRIES)
    if wait:
        sentence = _("Too many attempts. Please wait a few minutes and try again.")
        return Prepared(refusal=TooMany(sentence, retry_after=wait))
    with unit_of_work(write=False) as reading:
        user = reading.get_one(User, scope.user.id)
        stored, names = user.password_hash, queries.guessable_names(user)
    try:
        passwords.check(new, names=names, field="new_password")
        if not hashing.verify(stored, current):
            raise Invalid(_("This is not your current password."), field="current_password")
        if passwords.normal(current) == passwords.normal(new):
            raise Invalid(
                _("Choose a password that is different from your current one."),
                field="new_password",
            )
    except Invalid as refusal:
        return Prepared(refusal=refusal)
    return Prepared(new_hash=hashing.hash_password(new), judged_hash=stored)


def change_own(scope: Scope, prepared: Prepared) -> None:
    """Second half: store the hash, tell the user. The caller renews the session.

    Raises the refusal, or `Conflict` if the password has been changed since.
    """
    if prepared.refusal is not None:
        raise prepared.refusal
    changed = session().execute(
        update(User)
        .where(User.id == scope.user.id, User.password_hash == prepared.judged_hash)
        .values(password_hash=prepared.new_hash, must_change_password=False)
        .returning(User.id)
    )
    if changed.first() is None:
        raise Conflict(_("Your password has been changed. Sign in again."))
    links.withdraw(scope.user.id)
    record(
        scope.user,
        "user.password_changed",
        subject="user",
        subject_id=scope.user.id,
        location_id=None,
    )
    _tell(session().get_one(User, scope.user.id))


def prepare_by_link(token: str, purpose: str, new: str) -> Prepared:
    """First half of setting a password by a mailed link. A dead link is left to the other half;
    it costs no hash."""
    with unit_of_work(write=False) as reading:
        owner = links.find(token, purpose)
        names = queries.guessable_names(reading.get_one(User, owner.user_id)) if owner else ()
    if owner is None:
        return Prepared()
    try:
        passwords.check(new, names=names, field="new_password")
    except Invalid as refusal:
        return Prepared(refusal=refusal)
    return Prepared(new_hash=hashing.hash_password(new))


def set_by_link(token: str, purpose: str, prepared: Prepared, *, address: str) -> bool:
    """Second half: use the link up and store the hash; False if the link is dead (by now).

    Ends all sessions and other links of the user; a first password completes the registration.
    Raises the refusal of the first half, which leaves the link alive.
    """
    if prepared.refusal is not None:
        raise prepared.refusal
    if not prepared.new_hash:
        return False
    user_id = links.use(token, purpose)
    user = session().get(User, user_id) if user_id is not None else None
    if user is None or not user.active:
        return False
    first = not is_registered(user)
    user.password_hash = prepared.new_hash
    user.must_change_password = False
    user.registered_at = user.registered_at or clock.now()
    session().flush()
    links.withdraw(user.id)
    sessions.end_all(user.id)
    throttle.welcome(user.username, address)
    record(
        queries.actor_of(user, user.acting_profile),
        "user.registered" if first else "user.password_reset",
        subject="user",
        subject_id=user.id,
        location_id=None,
    )
    if not first:
        _tell(user)
    return True


def _tell(user: User) -> None:
    messages.queue(
        "password_changed",
        user.email,
        context={"name": user.full_name, "username": user.username, "at": clock.now()},
        user_id=user.id,
        about=f"user:{user.id}",
    )
