"""What a text message is made of: its letters, and in how many parts it travels.

Source: 3GPP TS 23.038, the default alphabet; TS 23.040, joined parts.
"""

import unicodedata
from dataclasses import dataclass

from portal.normal_form import normalize

LETTERS = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# These count twice.
ESCAPED = frozenset("^{}\\[~]|€")
INSTEAD = {
    **dict.fromkeys("‘’‚´`", "'"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("–—‑", "-"),
    **dict.fromkeys("\u00a0\u2009\u202f\t", " "),
    "…": "...",
}


@dataclass(frozen=True)
class Size:
    """How a text travels: `plain` letters of seven bits or Unicode, the units that count, and in
    how many parts."""

    plain: bool
    units: int
    parts: int


def is_plain(text: str) -> bool:
    """Whether phones have a letter of seven bits for each of its letters."""
    return all(letter in LETTERS or letter in ESCAPED for letter in text)


def size(text: str) -> Size:
    """How `text` travels. No letter is torn in two between parts."""
    if is_plain(text):
        weights, whole, joined = [2 if letter in ESCAPED else 1 for letter in text], 160, 153
    else:
        weights, whole, joined = [2 if letter > "\uffff" else 1 for letter in text], 70, 67
    units = sum(weights)
    if units <= whole:
        return Size(whole == 160, units, 1)
    parts, room = 1, joined
    for weight in weights:
        if weight > room:
            parts, room = parts + 1, joined
        room -= weight
    return Size(whole == 160, units, parts)


def fitted(text: str) -> str:
    """`text` on one line, with letters that need no Unicode where no word suffers from it: accents
    that phones lack are left out, as people do who type Spanish on a phone. A text that needs
    Unicode all the same keeps every letter. Never `ñ`: phones have it."""
    text = normalize("NFC", " ".join(text.split()))
    simple = "".join(map(_simple, text))
    return simple if is_plain(simple) else text


def _simple(letter: str) -> str:
    if letter in LETTERS or letter in ESCAPED:
        return letter
    if letter in INSTEAD:
        return INSTEAD[letter]
    base = unicodedata.decomposition(letter).split()
    return chr(int(base[0], 16)) if len(base) == 2 and len(base[0]) == 4 else letter
