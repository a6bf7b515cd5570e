"""Temporary passwords, for who registers at the help desk (SPEC H1): good once, for a day, and only
for choosing a password of one's own."""

import secrets
from datetime import timedelta

from sqlalchemy.orm.attributes import flag_modified

from portal import links
from portal.db import session
from portal.people import sessions
from portal.people.models import User
from portal.signing_in.by_password import TEMPORARY

LIFETIME = timedelta(hours=24)
# Without letters and digits that look alike.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP = 5, 4


def generate() -> str:
    """A fresh temporary password of 99 random bits; make its hash before the transaction."""
    return "-".join(
        "".join(secrets.choice(ALPHABET) for _letter in range(GROUP)) for _group in range(GROUPS)
    )


def give(user: User, password_hash: str) -> None:
    """Make a temporary password the user's only one. Ends the user's sessions and links."""
    sessions.end_all(user.id)
    links.withdraw(user.id)
    user.password_hash = password_hash
    user.must_change_password = True
    # Written even if it was so before: the work tells nobody who had such a password already.
    flag_modified(user, "password_hash")
    session().flush()
    links.create(user.id, TEMPORARY, lifetime=LIFETIME)
