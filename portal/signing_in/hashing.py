"""Argon2id, at most two at once in a process: each takes 19 MiB and some 20 ms of a core."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from portal.errors import Unavailable
from portal.i18n import _
from portal.signing_in.passwords import normal

AT_ONCE = 2
LONGEST_WAIT = 10.0

_hasher = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
_places = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=LONGEST_WAIT):
        raise Unavailable(_("The portal is very busy at the moment. Please try again."))
    try:
        yield
    finally:
        _places.release()


def hash_password(password: str) -> str:
    """The hash of `password` for storage. Raises `Unavailable` after ten seconds in the queue.

    Never call this inside a writing unit of work: on SQLite all others would wait.
    """
    with _place():
        return _hasher.hash(normal(password))


def verify(stored: str | None, password: str) -> bool:
    """Whether `password` is the one whose hash is `stored`.

    Without a stored hash the same work is done on a dummy, so that the time tells nothing.
    """
    with _place():
        try:
            matches = _hasher.verify(stored or _dummy(), normal(password))
        except (VerificationError, InvalidHashError):
            return False
    return matches and bool(stored)


def is_outdated(stored: str) -> bool:
    """Whether `stored` was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def _dummy() -> str:
    return _hasher.hash("no user has this password")
