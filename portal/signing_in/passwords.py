"""What a password must be (NIST SP 800-63B): long, and none that guessers try first.

No rules of composition. The block-list fits passwords of fifteen characters and more: they are
judged by what they are made of, not looked up one by one.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from portal.errors import Invalid
from portal.i18n import _
from portal.normal_form import normalize

SHORTEST, LONGEST = 15, 128
MOST_COMMON_WORDS = 3
FOLDER = Path(__file__).resolve().parent
# The letter that a digit or sign may replace; some replace either of two letters.
LOOK_ALIKES = (
    str.maketrans("@4301!$57", "aaeoiisst"),
    str.maketrans("@4301!|$57+2689", "aaeolllssttzgbg"),
)
ENDS = re.compile(r"[\W\d_]+$"), re.compile(r"^[\W\d_]+|[\W\d_]+$")
KEY_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "q2w3e4r5t6y7u8i9o0p",
    "qawsedrftgyhujikolp",
    "zaqxswcdevfrbgtnhymjukilop",
    "147258369147258369",
    "123654789",
    "789456123",
    "159357258456",
)
SHORTEST_WALK = 3


def normal(password: str) -> str:
    """The form of `password` that is judged and hashed: NFC, otherwise as it was typed."""
    return normalize("NFC", password)


def check(password: str, *, names: Iterable[str] = (), field: str = "password") -> None:
    """Raise `Invalid` on `field` with the reason why `password` cannot be used.

    `names` are the words a guesser would try for this user: the product, the organization, the
    locations, the username, the user's name.
    """
    reason = weakness(password, names=names)
    if reason is not None:
        raise Invalid(reason, field=field)


def weakness(password: str, *, names: Iterable[str] = ()) -> str | None:
    """Why `password` cannot be used, as a sentence; None if it can."""
    value = normal(password)
    if len(value) < SHORTEST:
        return _("Use at least %(number)s characters.", number=SHORTEST)
    if len(value) > LONGEST:
        return _("Use at most %(number)s characters.", number=LONGEST)
    if "\0" in value:
        return _("This contains a character that cannot be used.")
    forms, known = _forms(_folded(value)), _vocabulary(names)
    for form in forms:
        reason = _commonness(form, known)
        if reason is not None:
            return reason
    if any(_is_said_twice(form) for form in forms):
        return _("This repeats the same piece. Choose several different words instead.")
    return None


def _forms(plain: str) -> list[str]:
    """What `plain` may have been made of: as it is, without digits and signs at its ends, and with
    letters in place of the digits and signs that look like them."""
    cores = [plain, *(end.sub("", plain) for end in ENDS)]
    cores = [core for core in cores if 2 * len(core) >= len(plain)]
    ways = [way for core in cores for way in (core, *map(core.translate, LOOK_ALIKES))]
    return list(dict.fromkeys(map(_letters_and_digits, ways)))


def _folded(text: str) -> str:
    """Lower case without accents."""
    parts = normalize("NFKD", text.casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


def _letters_and_digits(text: str) -> str:
    """`text` without what people sprinkle between words; as it is if it is mostly signs."""
    kept = "".join(each for each in text if each.isalnum())
    return kept if 2 * len(kept) >= len(text) else text


def _vocabulary(names: Iterable[str]) -> frozenset[str]:
    """The words of `names` and each name as a whole, folded; two letters and more."""
    found: set[str] = set()
    for name in names:
        folded = _folded(name)
        found.update(re.findall(r"[^\W_]+", folded))
        found.add(_letters_and_digits(folded))
        found.add("".join(word[0] for word in re.findall(r"[^\W\d_]+", folded)))
    return frozenset(word for word in found if len(word) > 1)


def _commonness(text: str, names: frozenset[str]) -> str | None:
    if len(set(text)) < 5 and 2 * len(text) >= SHORTEST:
        return _("This repeats the same few characters. Choose several words instead.")
    if _repeats(text):
        return _("This repeats the same piece. Choose several different words instead.")
    if text in _phrases() or text.rstrip("0123456789") in _phrases():
        return _("This phrase is well known. Choose words only you would put together.")
    found = (_common_parts(way, names) for way in (text, text[::-1]))
    words = next((each for each in found if each is not None), None)
    if words is None or len(words) > MOST_COMMON_WORDS:
        return None
    if not words:
        return _(
            "This is easy to guess: it uses keys or digits in a row, or very short words. "
            "Choose other words."
        )
    return _(
        "This is easy to guess: it uses common words, names of this place, or your own name. "
        "Use other words."
    )


def _repeats(text: str) -> bool:
    """Whether `text` is one piece said twice or more, the last time perhaps not to its end."""
    return any(
        all(text[at] == text[at - step] for at in range(step, len(text)))
        for step in range(1, len(text) // 2 + 1)
    )


def _is_said_twice(text: str) -> bool:
    """Whether the letters of `text` are one piece twice or more, or forwards and backwards, with
    digits put at its ends or between."""
    letters = "".join(each for each in text if not each.isdigit())
    if 2 * len(letters) < len(text):
        return False
    return _repeats(letters) or letters == letters[::-1]


def _common_parts(text: str, names: frozenset[str]) -> frozenset[str] | None:
    """The different common words that `text` falls into: runs of keys, digits and small words are
    not among them. None if `text` cannot be divided so, because something in it is not common.
    """
    common, small = _common_words()
    longest = max(40, max(map(len, names), default=0))
    best: list[frozenset[str] | None] = [frozenset()] + [None] * len(text)
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            before, piece = best[start], text[start:end]
            if before is None:
                continue
            if piece in small or _is_walk(piece) or (piece.isdigit() and len(piece) <= 8):
                words = before
            elif piece in common or piece in names:
                words = before | {piece}
            else:
                continue
            known = best[end]
            if known is None or len(words) < len(known):
                best[end] = words
    return best[-1]


def _is_walk(piece: str) -> bool:
    """Whether `piece` runs along a row of keys, the alphabet or the digits, or is one character."""
    if len(piece) < SHORTEST_WALK:
        return False
    return len(set(piece)) == 1 or any(piece in row for row in _rows())


@cache
def _rows() -> tuple[str, ...]:
    return tuple(way for row in KEY_ROWS for way in (row, row[::-1]))


@cache
def _common_words() -> tuple[frozenset[str], frozenset[str]]:
    """The common words, and the small ones that only hold others together."""
    common: set[str] = set()
    small: set[str] = set()
    for line in (FOLDER / "common_words.txt").read_text("utf-8").splitlines():
        if line.startswith("+"):
            small.update(line[1:].split())
        elif not line.startswith("#"):
            common.update(line.split())
    return frozenset(common), frozenset(small)


@cache
def _phrases() -> frozenset[str]:
    lines = (FOLDER / "common_phrases.txt").read_text("utf-8").splitlines()
    return frozenset(_letters_and_digits(line) for line in lines if not line.startswith("#"))
