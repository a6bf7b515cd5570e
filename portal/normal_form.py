"""Unicode normal forms, in time that grows with the text and no faster.

`unicodedata.normalize` sorts the marks above and below a letter one by one, and lets no other
thread run: 60,000 marks on one letter stop the whole portal for ten seconds. No language puts
more than a few on one letter, so what goes beyond 30 is left out.

Source: Unicode Standard Annex 15, section 13 (stream-safe text format).
"""

import unicodedata
from functools import lru_cache
from typing import Literal

MOST_MARKS = 30

Form = Literal["NFC", "NFKC", "NFD", "NFKD"]


def normalize(form: Form, text: str) -> str:
    """`text` in a Unicode normal form, at most 30 marks on one letter."""
    if text.isascii():
        return text
    if len(text) > MOST_MARKS:
        text = _with_few_marks(text)
    return unicodedata.normalize(form, text)


def _with_few_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if _is_mark(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return text if len(kept) == len(text) else "".join(kept)


@lru_cache(4096)
def _is_mark(character: str) -> bool:
    """Whether it is, or falls into, marks that are sorted (U+0F73 is two of them)."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) != 0
