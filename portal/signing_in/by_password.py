"""Signing in by username and password (SPEC A1): judged outside the transaction, then completed.

Unknown users, users who never registered and deactivated ones are answered like a wrong password,
in the same time.
"""

from dataclasses import dataclass

from sqlalchemy import select, update

from portal import clock, throttle
from portal.access.profiles import Profile
from portal.audit.services import record
from portal.db import PATIENCE_OF_A_PERSON, run_sparingly, session, unit_of_work
from portal.links import MailedLink
from portal.networks import bucket
from portal.people import queries
from portal.people.models import User, UserLocation
from portal.people.rules import stored_username
from portal.signing_in import hashing

USERNAME_LENGTH = 64
TEMPORARY = "temporary"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of the judging. `user_id` only if the password was right."""

    admission: throttle.Admission
    user_id: int | None = None
    judged_hash: str | None = None
    new_hash: str | None = None

    @property
    def retry_after(self) -> int:
        """Seconds to wait before the next attempt is judged; 0 if this one was."""
        return self.admission.retry_after


def judge(username: str, password: str, *, address: str) -> Verdict:
    """Count the attempt, then compare the password. Opens its own units of work.

    A wrong password is recorded in the audit trail, and once in five minutes that attempts are no
    longer judged; the name only if such a user exists.
    """
    name = stored_username(username)[:USERNAME_LENGTH]
    admission = run_sparingly(lambda: _admit(name, address), keep=lambda _done: True)
    if admission.retry_after:
        return Verdict(admission=admission)
    with unit_of_work(write=False) as current:
        found = current.execute(
            select(User.id, User.password_hash, User.active).where(User.username == name)
        ).one_or_none()
    stored = found.password_hash if found and found.active else None
    if not hashing.verify(stored, password):
        with unit_of_work(patience=PATIENCE_OF_A_PERSON):
            _record("user.sign_in_failed", found.id if found else None)
        return Verdict(admission=admission)
    assert found is not None
    assert stored is not None
    new_hash = hashing.hash_password(password) if hashing.is_outdated(stored) else None
    return Verdict(admission=admission, user_id=found.id, judged_hash=stored, new_hash=new_hash)


def _admit(name: str, address: str) -> throttle.Admission:
    admission = throttle.admit(name, address)
    if admission.retry_after:
        _record_throttled(name, address)
    return admission


def _record_throttled(name: str, address: str) -> None:
    """One entry in a window for each user and address, and one for all unknown names together."""
    user_id = session().scalar(select(User.id).where(User.username == name))
    subject = f"{user_id or ''}|{bucket(address)}"
    if not throttle.take("throttled", subject, ((1, throttle.WINDOW),)):
        _record("user.sign_in_throttled", user_id)


def _record(action: str, user_id: int | None) -> None:
    record(
        None,
        action,
        subject="user",
        subject_id=user_id,
        location_id=None,
        summary="" if user_id else "unknown username",
    )


def complete(verdict: Verdict) -> int | None:
    """Accept the sign-in in the request's transaction; the user's id, or None if it cannot be.

    It cannot when the password was wrong, or when the user has since been deactivated, lost the
    last location or changed the password; nor with a temporary password that expired or was used.
    """
    if verdict.user_id is None:
        return None
    user = session().get(User, verdict.user_id)
    if user is None or not user.active or user.password_hash != verdict.judged_hash:
        return None
    if Profile(user.profile).has_locations and not _has_location(user.id):
        return None
    if user.must_change_password and not _temporary_password_counts(user.id):
        return None
    if verdict.new_hash is not None:
        session().execute(
            update(User)
            .where(User.id == user.id, User.password_hash == verdict.judged_hash)
            .values(password_hash=verdict.new_hash)
        )
    throttle.succeeded(verdict.admission)
    record(
        queries.actor_of(user, user.acting_profile),
        "user.signed_in",
        subject="user",
        subject_id=user.id,
        location_id=None,
    )
    return user.id


def _has_location(user_id: int) -> bool:
    query = select(UserLocation.id).where(UserLocation.user_id == user_id).limit(1)
    return session().scalar(query) is not None


def _temporary_password_counts(user_id: int) -> bool:
    """Use up the newest temporary password; a change that was ordered otherwise counts always."""
    query = (
        select(MailedLink.id)
        .where(MailedLink.user_id == user_id, MailedLink.purpose == TEMPORARY)
        .order_by(MailedLink.id.desc())
        .limit(1)
    )
    newest = session().scalar(query)
    if newest is None:
        return True
    used = session().execute(
        update(MailedLink)
        .where(
            MailedLink.id == newest,
            MailedLink.used_at.is_(None),
            MailedLink.expires_at > clock.now(),
        )
        .values(used_at=clock.now())
        .returning(MailedLink.id)
    )
    return used.first() is not None
