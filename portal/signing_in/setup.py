"""The first start: while there is no user, one page makes the first organization, location and
programme administrator. A code that only the server prints keeps strangers out."""

import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, text

from portal import clock, settings, throttle
from portal.access.profiles import Profile
from portal.audit.services import record
from portal.db import is_sqlite, run_sparingly, session, unit_of_work
from portal.errors import Conflict, Invalid, TooMany
from portal.i18n import _
from portal.networks import bucket
from portal.people import queries, rules
from portal.people.models import User, UserLocation
from portal.places import services as places
from portal.places.services import NewLocation
from portal.signing_in import hashing, passwords

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LOCK = 4_170_001
TRIES = ((20, timedelta(minutes=5)),)


@dataclass(frozen=True, kw_only=True)
class Administrator:
    """The first user, as typed; `works_here` if they also manage the location they set up."""

    username: str
    first_name: str
    last_name: str
    email: str
    works_here: bool = False


def is_due() -> bool:
    """Whether the installation has no user yet."""
    return session().scalar(select(User.id).limit(1)) is None


def code() -> str:
    """The one-time code of the page `/setup`, made at first use; empty once there is a user."""
    with unit_of_work(write=False):
        due = is_due()
    path = _path()
    if not due:
        path.unlink(missing_ok=True)
        return ""
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        pass
    letters = "".join(secrets.choice(ALPHABET) for _each in range(12))
    fresh = "-".join((letters[:4], letters[4:8], letters[8:]))
    descriptor = None
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, f"{fresh}\n".encode("ascii"))
    except FileExistsError:
        return path.read_text("ascii").strip()
    finally:
        if descriptor is not None:
            os.close(descriptor)
    return fresh


def prepare(typed_code: str, password: str, *, names: tuple[str, ...], address: str) -> str:
    """Before the transaction: compare the code, judge the password, make its hash.

    Raises `TooMany` or `Invalid` on `code` or `password`.
    """
    tries = bucket(address)
    wait = run_sparingly(lambda: throttle.take("setup", tries, TRIES), keep=lambda _done: True)
    if wait:
        raise TooMany(_("Too many attempts. Please wait a few minutes."), retry_after=wait)
    expected = code().replace("-", "")
    given = "".join(each for each in typed_code.upper() if each.isalnum())
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Invalid(
            _("This is not the code that the server printed when it started."), field="code"
        )
    passwords.check(password, names=(*names, *queries.names_of_product()), field="new_password")
    return hashing.hash_password(password)


def complete(
    *, organization: str, location: NewLocation, administrator: Administrator, password_hash: str
) -> User:
    """Make the three. Raises `Conflict` if somebody else was first, `Invalid` for bad fields."""
    if not is_sqlite():
        session().execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
    if not is_due():
        raise Conflict(_("The portal has already been set up. Sign in."))
    made = places.add_location(None, places.find_or_add_organization(None, organization), location)
    user = User(
        username=rules.clean_username(administrator.username),
        first_name=rules.clean_name(administrator.first_name, field="first_name"),
        last_name=rules.clean_name(administrator.last_name, field="last_name"),
        email=rules.clean_email(administrator.email),
        profile=Profile.ADMINISTRATOR,
        password_hash=password_hash,
        current_location_id=made.id,
        registered_at=clock.now(),
    )
    if administrator.works_here:
        user.location_profile = Profile.MANAGER
        user.memberships = [UserLocation(location_id=made.id)]
    session().add(user)
    session().flush()
    there = user.location_profile or ""
    record(
        queries.actor_of(user),
        "user.added",
        subject="user",
        subject_id=user.id,
        location_id=None,
        summary="first start",
        after={
            "username": user.username,
            "profile": user.profile,
            **({"profile_there": there, "locations": [made.id]} if there else {}),
        },
    )
    return user


def _path() -> Path:
    return settings.current().instance / "setup-code"
