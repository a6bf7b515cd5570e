"""Names as they are compared: folded words, nicknames, and words one typing error apart."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from portal.searching.text import fold

# A shorter word is another word if a letter of it is wrong.
SHORTEST_NEAR = 4
SHORTEST_PREFIX = 3
MOST_WORDS = 6
NICKNAMES = Path(__file__).with_name("nicknames.txt")

EXACT, NICKNAME, BEGINNING, NEAR = 0, 1, 1, 2

_JOINED = re.compile(r"['’.]")
_BETWEEN = re.compile(r"[^\w]+|_")


def split(name: str) -> tuple[str, ...]:
    """The folded words of a name: `O’Brien-García` is `obrien`, `garcia`."""
    return tuple(word for word in _BETWEEN.split(_JOINED.sub("", fold(name))) if word)


def joined(name: str) -> str:
    """The folded name in one piece."""
    return "".join(split(name))


def words_of(*names: str) -> frozenset[str]:
    """The words under which somebody with these names is found.

    Of a name of several words each is one, all of them in one piece, and what stands beside each
    other: `de la Cruz` is found as `dela cruz`, too.
    """
    found: set[str] = set()
    for name in names:
        parts = split(name)
        found.update(parts, ("".join(parts),) if parts else ())
        found.update(a + b for a, b in zip(parts, parts[1:], strict=False))
    return frozenset(word[:80] for word in found)


def rests(word: str) -> frozenset[str]:
    """`word` and what is left of it when one letter is left out."""
    if len(word) < SHORTEST_NEAR:
        return frozenset((word,))
    return frozenset((word, *(word[:at] + word[at + 1 :] for at in range(len(word)))))


def near(one: str, other: str) -> bool:
    """Whether one typing error makes `other` of `one`: a letter more, less, another, or two letters
    that changed places."""
    if one == other:
        return True
    if min(len(one), len(other)) < SHORTEST_NEAR - 1 or max(len(one), len(other)) < SHORTEST_NEAR:
        return False
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at + 1 : at + 2] + short[at : at + 1] + short[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped == long[at:]


@cache
def _groups() -> dict[str, frozenset[str]]:
    known: dict[str, set[str]] = {}
    for line in NICKNAMES.read_text("utf-8").splitlines():
        group = line.partition("#")[0].split()
        for word in group[1:]:
            known.setdefault(word, set()).add(group[0])
            known.setdefault(group[0], set()).add(word)
    return {word: frozenset(others) for word, others in known.items()}


def nicknames(word: str) -> frozenset[str]:
    """What somebody called `word` may be called too: the short forms of a full name, or the full
    names of a short form."""
    return _groups().get(word, frozenset())


def cost(sought: str, word: str) -> int | None:
    """How far `word` is from what is sought; None if it is not meant."""
    if sought == word:
        return EXACT
    if word in nicknames(sought):
        return NICKNAME
    if len(sought) >= SHORTEST_PREFIX and word.startswith(sought):
        return BEGINNING
    return NEAR if near(sought, word) else None


def distance(sought: Sequence[str], words: Iterable[str]) -> int | None:
    """How far all the words sought are from somebody's words: the sum, 0 if each is there as it is.

    None if one of them is not meant at all, or more than one is misspelled.
    """
    known = tuple(words)
    total = misspelled = 0
    for one in sought:
        costs = [found for word in known if (found := cost(one, word)) is not None]
        if not costs:
            return None
        best = min(costs)
        misspelled += best == NEAR
        total += best
    return None if misspelled > 1 else total


def spellings(sought: Sequence[str]) -> list[tuple[str, ...]]:
    """The words sought as typed, then with two neighbors in one piece: `mary ann` is `maryann`."""
    typed = tuple(sought)
    return [typed] + [
        (*typed[:at], typed[at] + typed[at + 1], *typed[at + 2 :]) for at in range(len(typed) - 1)
    ]


def similar(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two first and last names differ by no more than a typing error, a nickname or their
    order."""
    first, last = one
    return any(
        _alike(first, a) and _alike(last, b) and not (_misspelled(first, a, last, b))
        for a, b in (other, other[::-1])
    )


def _alike(one: str, other: str) -> bool:
    """Whether two names are, word by word, so close that they may be the same."""
    whole, others = joined(one), joined(other)
    if not whole or not others:
        return False
    if near(whole, others) or others in nicknames(whole):
        return True
    # One part of a double name, or a first name with and without the second one.
    fewer, more = sorted((set(split(one)), set(split(other))), key=len)
    return all(any(word == each or each in nicknames(word) for each in more) for word in fewer)


def _misspelled(first: str, a: str, last: str, b: str) -> bool:
    """Whether both names are only near each other: two errors are one too many."""
    pairs = ((joined(first), joined(a)), (joined(last), joined(b)))
    return all(
        one != other and other not in nicknames(one) and near(one, other) for one, other in pairs
    )
