"""Sentences about records, with the way to each.

A `Linked` is a text like any other, so that it may be asked, refused with and joined; where pages
show it, `components/ways.html` adds its links.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True)
class Way:
    """The way to a record: what the link says, and the page it leads to."""

    label: str
    endpoint: str
    arguments: Mapping[str, int] = field(default_factory=dict)


class Linked(str):
    """A sentence, or several, and the `ways` to the records it is about."""

    __slots__ = ("ways",)
    ways: tuple[Way, ...]

    def __new__(cls, text: str, ways: Iterable[Way] = ()) -> Self:
        made = super().__new__(cls, text)
        made.ways = tuple(ways)
        return made


def joined(texts: Iterable[str]) -> Linked:
    """Sentences as one text, with the ways of all."""
    texts = list(texts)
    ways = [way for text in texts if isinstance(text, Linked) for way in text.ways]
    return Linked(" ".join(texts), ways)
