"""Registering at the help desk (SPEC H1): a registration code gives an account that sees only its
own cases. The answer is the same whether the e-mail address is known or not, and so is the work."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select

from blueprints.helpdesk.models import Requester
from blueprints.helpdesk.queries import location_with_pin
from blueprints.helpdesk.settings import HelpDeskSettings
from portal import messages, settings, throttle
from portal.access.profiles import Profile
from portal.audit.services import record
from portal.db import run_sparingly, session, unit_of_work
from portal.errors import Invalid, TooMany
from portal.i18n import _
from portal.networks import bucket
from portal.people import rules
from portal.people.models import User
from portal.places.rules import clean_pin
from portal.settings import of_module
from portal.signing_in import hashing, recovery, temporary

A_DAY = ((200, timedelta(days=1)),)
REGISTERED = "helpdesk_registered"
KNOWN = "helpdesk_known"
LONGEST_USERNAME = 64


@dataclass(frozen=True, kw_only=True)
class NewRequester:
    """Who registers, as typed."""

    first_name: str
    last_name: str
    email: str
    code: str


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """What is known before the transaction: the temporary password and its hash, which takes its
    time, or that the code is wrong, or the refusal of who asks all the time."""

    password: str = ""
    password_hash: str = ""
    refusal: Invalid | TooMany | None = None


class _Undone(Exception):
    """Undoes what was done only to do the same for everybody."""


def prepare(code: str, *, address: str) -> Admitted:
    """Count the attempt and judge the code. Opens its own units of work."""
    limits = (*recovery.ASKED_FROM_ONE_ADDRESS, *A_DAY)
    wait = run_sparingly(
        lambda: throttle.take("registering", bucket(address), limits), keep=lambda _done: True
    )
    if wait:
        sentence = _("Too many attempts. Please wait a few minutes and try again.")
        return Admitted(refusal=TooMany(sentence, retry_after=wait))
    try:
        with unit_of_work(write=False):
            _location_of(code)
    except Invalid as refusal:
        return Admitted(refusal=refusal)
    password = temporary.generate()
    return Admitted(password=password, password_hash=hashing.hash_password(password))


def is_generic(code: str) -> bool:
    """Whether this is the configured code of people without a Provider PIN."""
    generic = of_module(HelpDeskSettings).registration_code
    return bool(generic) and _plain(code) == _plain(generic)


def _plain(code: str) -> str:
    return re.sub(r"[\s-]", "", code).upper()


def _location_of(code: str) -> int | None:
    """The location with this Provider PIN; None for the code of those without one. Raises `Invalid`
    on `code`."""
    if is_generic(code):
        return None
    wrong = Invalid(
        _(
            "This registration code is not known. Enter your Provider PIN with the letters in "
            "front, for example %(prefix)s650001.",
            prefix=settings.current().pin_prefix,
        ),
        field="code",
    )
    try:
        place = location_with_pin(clean_pin(code, prefix=settings.current().pin_prefix))
    except Invalid as error:
        raise wrong from error
    if place is None:
        raise wrong
    return place.id


def register(new: NewRequester, admitted: Admitted) -> None:
    """Make the account, and mail its username and temporary password; who has an account is mailed
    that, and nothing is changed. Raises `Invalid` on the field at fault, and what refused before.

    At most three mails in 15 minutes and ten a day go to one mailbox; beyond that nothing is sent,
    silently.
    """
    if admitted.refusal is not None:
        raise admitted.refusal
    first = rules.clean_name(new.first_name, field="first_name")
    last = rules.clean_name(new.last_name, field="last_name")
    email = rules.clean_email(new.email)
    location_id = _location_of(new.code)
    allowed = not throttle.take("mail", email, recovery.MAILS)
    known = session().scalar(
        select(User)
        .where(or_(User.email == email, User.username == email))
        .order_by((User.email == email).desc())
        .limit(1)
    )
    known_id = known.id if known else None
    # Everybody's registration takes the same steps; those that are not meant are undone.
    with _tried(keep=known is None and allowed):
        user = _make(first, last, email if known is None else _nobody(), location_id)
        _give(user, admitted)
        if known is None:
            _meet(user, admitted, wanted=False)
    if known is not None:
        _meet(known, admitted, wanted=allowed)
    record(
        None,
        "user.registered_at_desk",
        subject="user",
        subject_id=known_id,
        location_id=location_id,
    )


def _nobody() -> str:
    return f"{secrets.token_hex(16)}@example.invalid"


def _make(first: str, last: str, email: str, location_id: int | None) -> User:
    user = User(
        username=_free_username(email),
        first_name=first,
        last_name=last,
        email=email,
        profile=Profile.REQUESTER,
    )
    session().add(user)
    session().flush()
    session().add(Requester(user_id=user.id, location_id=location_id))
    session().flush()
    return user


def _free_username(email: str) -> str:
    """The e-mail address, if it can be a username, or something like it that nobody has."""
    plain = re.sub(r"[^a-z0-9._@-]", ".", email)[: LONGEST_USERNAME - 9].lstrip("._@-") or "user"
    taken = select(User.id).where(or_(User.username == plain, User.email == plain))
    if plain == email and session().scalar(taken.limit(1)) is None:
        return plain
    return f"{plain.partition('@')[0]}-{secrets.token_hex(4)}"


def _give(user: User, admitted: Admitted) -> None:
    temporary.give(user, admitted.password_hash)
    messages.queue(
        REGISTERED,
        user.email,
        context={
            "name": user.full_name,
            "username": user.username,
            "hours": int(temporary.LIFETIME / timedelta(hours=1)),
        },
        secret={"password": admitted.password},
        user_id=user.id,
        about=f"user:{user.id}",
    )


def _meet(user: User, admitted: Admitted, *, wanted: bool) -> None:
    """Who registered but never chose a password gets another temporary one; everybody else a note.
    A deactivated user gets nothing."""
    waits = user.held_profile is Profile.REQUESTER and user.must_change_password
    wanted = wanted and user.active
    with _tried(keep=wanted and not waits):
        messages.queue(
            KNOWN,
            user.email,
            context={"name": user.full_name, "username": user.username},
            user_id=user.id,
            about=f"user:{user.id}",
        )
    with _tried(keep=wanted and waits):
        messages.cancel_about(f"user:{user.id}", reason="registered again", kinds=[REGISTERED])
        _give(user, admitted)


@contextmanager
def _tried(*, keep: bool) -> Iterator[None]:
    """Undo what the block does, unless it is to be kept: it is done either way."""
    try:
        with session().begin_nested():
            yield
            if not keep:
                raise _Undone
    except _Undone:
        pass
