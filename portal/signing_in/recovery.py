"""Asking for a new password by mail. The answer, and the work done for it, are the same for
everybody: known or not, with mails left or not."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select

from portal import links, settings, throttle
from portal.audit.services import record
from portal.db import session
from portal.errors import TooMany
from portal.i18n import _
from portal.messages import services as messages
from portal.networks import bucket
from portal.people.models import User
from portal.people.rules import stored_username

MAILS = ((3, timedelta(minutes=15)), (10, timedelta(days=1)))
ASKED_FROM_ONE_ADDRESS = ((50, timedelta(minutes=5)),)


class _Pretence(Exception):
    """Undoes what was done only to take the same time."""


def ask(identity: str, *, address: str) -> None:
    """Mail a link to the user with this username or e-mail address, if there is one.

    At most three mails in 15 minutes and ten a day go to one mailbox; beyond that nothing is
    sent, silently. An address is first of all that of its mailbox, should another account have it
    as username. Raises `TooMany` only for a client that asks all the time.
    """
    wait = throttle.take("asking", bucket(address), ASKED_FROM_ONE_ADDRESS)
    if wait:
        raise TooMany(_("Too many attempts. Please wait a few minutes."), retry_after=wait)
    name = stored_username(identity)
    user = session().scalar(
        select(User)
        .where(or_(User.username == name, User.email == name), User.active)
        .order_by((User.email == name).desc())
        .limit(1)
    )
    allowed = not throttle.take("mail", user.email if user else name, MAILS)
    stand_in = user or session().scalar(select(User).order_by(User.id).limit(1))
    if stand_in is None:
        return
    try:
        with session().begin_nested():
            send(stand_in)
            if user is None or not allowed:
                raise _Pretence
    except _Pretence:
        pass
    record(
        None,
        "user.reset_asked",
        subject="user",
        subject_id=user.id if user else None,
        location_id=None,
    )


def send(user: User) -> None:
    """Mail the user a link: to choose a new password, or still to complete the registration."""
    if not is_registered(user):
        invite(user)
        return
    link = new_link(user)
    messages.queue(
        "password_reset",
        user.email,
        context={
            "name": user.full_name,
            "username": user.username,
            "minutes": settings.current().reset_minutes,
        },
        secret={"link": link},
        user_id=user.id,
        about=f"user:{user.id}",
        not_after=links.ends(link, _lifetime(user)),
    )


def invite(user: User) -> None:
    """Mail the welcome with the link that completes the registration; older ones are void."""
    links.withdraw(user.id, links.INVITATION)
    messages.cancel_about(f"invitation:{user.id}", reason="replaced by a newer invitation")
    invite_new([user])


def invite_new(users: Sequence[User]) -> None:
    """Mail the welcome to users who were never invited before."""
    lifetime = timedelta(hours=settings.current().invitation_hours)
    made = links.create_many([user.id for user in users], links.INVITATION, lifetime=lifetime)
    messages.queue_many(
        messages.NewMessage(
            kind="welcome",
            to=user.email,
            context={
                "name": user.full_name,
                "username": user.username,
                "hours": settings.current().invitation_hours,
            },
            secret={"link": made[user.id]},
            user_id=user.id,
            language=user.language,
            about=f"invitation:{user.id}",
            not_after=links.ends(made[user.id], lifetime),
        )
        for user in users
    )


def is_registered(user: User) -> bool:
    """Whether the user has chosen a password once."""
    return user.registered_at is not None or user.password_hash is not None


def new_link(user: User) -> links.Link:
    """A link with which the user chooses a password: a reset, or the first one."""
    purpose = links.RESET if is_registered(user) else links.INVITATION
    return links.create(user.id, purpose, lifetime=_lifetime(user))


def _lifetime(user: User) -> timedelta:
    current = settings.current()
    if is_registered(user):
        return timedelta(minutes=current.reset_minutes)
    return timedelta(hours=current.invitation_hours)
