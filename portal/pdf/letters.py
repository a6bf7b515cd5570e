"""The font that is embedded in every PDF, and what it can print.

DejaVu Sans has the letters of Latin (Vietnamese, too), Greek, Cyrillic, Armenian and Georgian.
What is written from the right, or has letters that change with their neighbours, it would print
wrong: that is never printed, and whoever asks is told.
"""

import unicodedata
from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from portal.normal_form import normalize

FONT = "DejaVuSans"
FILE = Path(__file__).parent / "font" / "DejaVuSans.ttf"
FROM_THE_RIGHT = frozenset({"R", "AL", "AN"})


@cache
def font() -> TTFont:
    """The font, read once a process."""
    found = TTFont(FONT, str(FILE))
    pdfmetrics.registerFont(found)
    return found


def printed(text: str) -> str:
    """`text` as it is given to the font: letters in one piece, no line breaks or controls."""
    whole = normalize("NFC", text)
    return " ".join(
        "".join(" " if unicodedata.category(one) == "Cc" else one for one in whole).split()
    )


def not_printable(text: str) -> str:
    """The letters of `text` that the font cannot print right, each once; empty if it can."""
    known = font().face.charToGlyph
    lost = [
        one
        for one in printed(text)
        if not known.get(ord(one)) or unicodedata.bidirectional(one) in FROM_THE_RIGHT
    ]
    return "".join(dict.fromkeys(lost))


def width(text: str, size: float) -> float:
    """How wide a text is, in points."""
    font()
    return float(pdfmetrics.stringWidth(text, FONT, size))


def lines(text: str, size: float, room: float) -> list[str]:
    """`text` in lines of at most `room` points, broken between words, and within a word only where
    it is wider than that."""
    found: list[str] = []
    line = ""
    for word in printed(text).split(" "):
        longer = f"{line} {word}".strip()
        if width(longer, size) <= room:
            line = longer
            continue
        if line:
            found.append(line)
        line = word
        while width(line, size) > room:
            cut = _fitting(line, size, room)
            found.append(line[:cut])
            line = line[cut:]
    return [*found, line] if line or not found else found


def _fitting(word: str, size: float, room: float) -> int:
    """How many letters of `word` fit, one at least."""
    cut = len(word) - 1
    while cut > 1 and width(word[:cut], size) > room:
        cut -= 1
    return cut
