"""What a proof shows, and which proof of a person it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256


@dataclass(frozen=True)
class ProvenDose:
    """A dose as a proof shows it. `reported`: given elsewhere, and recorded as it was told.

    `source` stands for product and place: a location or product that is renamed makes no paper
    another one.
    """

    number: int
    product: str
    lot: str
    given_on: date
    place: str
    reported: bool
    source: str

    @property
    def fact(self) -> tuple[object, ...]:
        """What makes it another dose if it changes."""
        return self.number, self.source, self.lot, self.given_on, self.reported


def version_of(parts: Iterable[object]) -> int:
    """A number of 32 bits that is another one when any of the parts is."""
    text = "\0".join(str(part) for part in parts)
    return int.from_bytes(sha256(text.encode()).digest()[:4], "big")


def initials(first_name: str, last_name: str) -> str:
    """The first letters of both names, for who holds the paper with the whole of them."""
    return " ".join(f"{name[0].upper()}." for name in (first_name, last_name) if name)
