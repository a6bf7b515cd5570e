"""Which articles answer some words: without accents, by the beginnings of words, the best first."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from portal.searching.text import fold

WORD = re.compile(r"\w+")
# Of an article's title, of its keywords, of its text; what only begins so counts half.
TITLE, KEYWORD, TEXT = 8.0, 6.0, 1.0
LONGEST_QUESTION = 400
MOST_WORDS = 12
SHORTEST, FEW = 3, 3
# What an article must reach before it is offered to somebody who asks the help desk.
WORTH_OFFERING = 9.0


@dataclass(frozen=True)
class Findable:
    """The folded words of one article in one language, each with its weight."""

    weights: Mapping[str, float]


@lru_cache(maxsize=1000)
def findable(title: str, keywords: str, text: str) -> Findable:
    """What an article is found by."""
    weights: Counter[str] = Counter()
    for weight, source in ((TEXT, text), (KEYWORD, keywords), (TITLE, title)):
        for word in WORD.findall(fold(source)):
            weights[word] = max(weights[word], weight)  # type: ignore[assignment]
    return Findable(dict(weights))


def words_of(question: str) -> tuple[str, ...]:
    """The different words of a question, folded, in their order."""
    found = dict.fromkeys(WORD.findall(fold(question[:LONGEST_QUESTION])))
    return tuple(found)[:MOST_WORDS]


def rank(
    question: str, entries: Mapping[str, Iterable[Findable]], *, offering: bool = False
) -> list[str]:
    """The keys of `entries` that answer `question`, the best first.

    A search of a few words wants every one; a sentence, or where no article has all, any. An offer
    is made only of what is clearly about the question.
    """
    words = words_of(question)
    if offering:
        words = tuple(word for word in words if len(word) >= SHORTEST)
    if not words:
        return []
    known = {key: tuple(value) for key, value in entries.items()}
    hits = {word: {key: _weight(word, found) for key, found in known.items()} for word in words}
    rarity = {
        word: 0.01 + math.log(len(known) / max(1, sum(1 for one in by_key.values() if one)))
        for word, by_key in hits.items()
    }
    scored = {}
    for key in known:
        matched = [word for word in words if hits[word][key]]
        if matched:
            score = sum(hits[word][key] * rarity[word] for word in matched)
            scored[key] = (len(matched) == len(words), score)
    if offering:
        keys = [key for key, (_all, score) in scored.items() if score >= WORTH_OFFERING]
    else:
        every = [key for key, (whole, _score) in scored.items() if whole and len(words) <= FEW]
        keys = every or list(scored)
    return sorted(keys, key=lambda key: (-scored[key][1], key))


def _weight(word: str, entries: Iterable[Findable]) -> float:
    best = 0.0
    for each in entries:
        exact = each.weights.get(word)
        if exact is not None:
            best = max(best, exact)
            continue
        for known, weight in each.weights.items():
            if known.startswith(word):
                best = max(best, weight / 2)
    return best
