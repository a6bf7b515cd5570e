"""Confirmation numbers: what people read to each other on the phone (SPEC G3).

Nine signs, written in threes. The alphabet has neither look-alikes (0 and O, 1, I and L) nor A and
U, so that no words come about. The last sign is a check: with 29 signs and a weight for each place
every single wrong sign and every two that were swapped are noticed. A number is no credential.
"""

import secrets

from portal.errors import Invalid
from portal.i18n import _

ALPHABET = "23456789BCDEFGHJKMNPQRSTVWXYZ"
DRAWN = 8
LENGTH = DRAWN + 1
GROUP = 3


def new_number() -> str:
    """A random number with its check sign."""
    drawn = "".join(secrets.choice(ALPHABET) for _place in range(DRAWN))
    return drawn + check_sign(drawn)


def check_sign(drawn: str) -> str:
    """The sign that belongs behind these eight."""
    return ALPHABET[-_sum(drawn) * pow(LENGTH, -1, len(ALPHABET)) % len(ALPHABET)]


def _sum(signs: str) -> int:
    return sum(place * ALPHABET.index(sign) for place, sign in enumerate(signs, 1))


def spoken(number: str) -> str:
    """A number as people see it: K7M-4QX-9TQ."""
    return "-".join(number[at : at + GROUP] for at in range(0, len(number), GROUP))


def read_number(text: str) -> str:
    """The number that was typed, in upper or lower case, with or without its hyphens.

    Raises `Invalid` where it cannot be one, with a sentence that says what to look at.
    """
    signs = "".join(sign for sign in text.upper() if sign.isalnum())
    if len(signs) != LENGTH:
        raise Invalid(
            _("A confirmation number has nine letters and digits, for example K7M-4QX-9TQ."),
            field="number",
        )
    if set(signs) - set(ALPHABET):
        raise Invalid(
            _("Confirmation numbers have no A, I, L, O or U, and no 0 or 1. Check the number."),
            field="number",
        )
    if _sum(signs) % len(ALPHABET):
        raise Invalid(
            _("There is a typing error in this confirmation number. Check each letter and digit."),
            field="number",
        )
    return signs
