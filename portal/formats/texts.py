"""Cells as text: what people and spreadsheets put around a value taken off, its characters kept.

Full-width forms become plain ones. Nothing else is folded: a raised figure is a footnote's mark,
and no digit of the value beside it.
"""

import math
import re
from functools import lru_cache

from portal.errors import Invalid
from portal.i18n import _
from portal.normal_form import normalize

REMEMBERED = 4096
# No code or date is longer. Longer text never reaches the caches, so they stay small.
LONGEST = 100
# Blanks left out, a text may be shorter than it was typed; what is longer than this is not tried.
LONGEST_TEXT = 1_000

# Excel stores numbers as IEEE doubles and shows 15 digits; of a longer number typed into a cell
# the rest is replaced by zeros ("Excel specifications and limits", number precision).
EXACT_DIGITS = 15

_SCIENTIFIC = re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?[eE][+-][0-9]+")
_EXCEL_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|#+)")
# What keeps a spreadsheet from changing a value: ="007012", '007012.
_QUOTED_VALUE = re.compile(r'=\s*"((?:[^"]|"")*)"')
_APOSTROPHES = "'\u2018\u2019"
# A line break as xlsx writes it (ECMA-376 part 1, 22.9.2.19), copied on by programs that do not
# know it.
_WRITTEN_BREAK = re.compile(r"_x000[9ADad]_")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-"))


class ShownNumber(float):
    """A number of a cell whose format shows more, or less, than its digits: 7012 as `007012`."""

    __slots__ = ("shown",)
    shown: str

    def __new__(cls, value: float, shown: str) -> "ShownNumber":
        """The number `value`, shown as `shown`."""
        made = super().__new__(cls, value)
        made.shown = shown
        return made


def parse_text(value: object, *, limit: int = 64) -> str:
    """The cell as text of at most `limit` characters: spaces collapsed, digits exact.

    A number that Excel made of an identifier comes back digit by digit, or as its cell shows it;
    where digits are lost for good (more than 15, scientific notation, a date made of a code) the
    cell is refused.
    """
    if isinstance(value, str):
        text = value
        if len(text) > LONGEST_TEXT:
            raise Invalid(_too_long(limit, len(text)))
    elif isinstance(value, bool) or value is None:
        text = "" if value is None else str(value).upper()
    elif isinstance(value, int):
        text = _exact_digits(value)
    elif isinstance(value, ShownNumber):
        text = value.shown
    elif isinstance(value, float):
        text = _exact_digits(int(value)) if is_whole(value) else _fraction_text(value)
    else:
        raise Invalid(made_a_date())
    text = clean(text)
    if len(text) > limit:
        raise Invalid(_too_long(limit, len(text)))
    return text


def made_a_date() -> str:
    """What is said of a code that has become a date or time."""
    return _(
        "The spreadsheet turned this into a date or time. "
        "Format the column as Text and enter the value again."
    )


def _too_long(limit: int, count: int) -> str:
    return _("Enter at most %(limit)s characters; these are %(count)s.", limit=limit, count=count)


def is_whole(value: float) -> bool:
    """Whether the number has no fraction."""
    return math.isfinite(value) and value == int(value)


def _exact_digits(value: int) -> str:
    # Compared as a number: turning a hostile number of a million digits into text takes minutes.
    if abs(value) >= 10**EXACT_DIGITS:
        raise Invalid(
            _(
                "The spreadsheet keeps only the first 15 digits of a number, so the rest of this "
                "one is lost. Format the column as Text and enter the value again."
            )
        )
    return str(value)


def _fraction_text(value: float) -> str:
    if not math.isfinite(value) or "e" in repr(value):
        raise Invalid(_damaged())
    return repr(value)


def _damaged() -> str:
    return _(
        "The spreadsheet shortened this number (as in 4.49E+14) and its digits are lost. "
        "Format the column as Text and enter the value again."
    )


def clean(text: str) -> str:
    """The value in a cell's text: spaces collapsed, full-width forms plain, and without what keeps
    a spreadsheet from changing it (`="007012"`, `'007012`).

    Refuses formulas, control characters, Excel's error values and numbers in scientific notation.
    """
    text = unwrapped(text)
    if not text.isascii():
        text = normalize("NFC", text.translate(_FULL_WIDTH))
    text = " ".join(text.split())
    if not text.isprintable():
        text = _without_marks(text)
    if text.startswith("#") and _EXCEL_ERROR.fullmatch(text):
        raise Invalid(
            _(
                "The spreadsheet shows the error %(error)s here. Enter the value itself.",
                error=text[:20],
            )
        )
    if text and text[-1] in "0123456789" and _SCIENTIFIC.fullmatch(text):
        raise Invalid(_damaged())
    return text


def unwrapped(text: str) -> str:
    """The text in its `="…"` or behind its apostrophe; lines stay apart. Refuses formulas."""
    if "_x000" in text:
        text = _WRITTEN_BREAK.sub("\n", text)
    text = text.strip()
    if quoted := _QUOTED_VALUE.fullmatch(text):
        return quoted[1].replace('""', '"').strip()
    if text[:1] in _APOSTROPHES and text[-1:] not in _APOSTROPHES:
        return text[1:].strip()
    if text.startswith(("=", "＝")) and len(text) > 1:
        raise Invalid(_("This is a formula. Enter the value itself."))
    return "" if text in _APOSTROPHES else text


# Invisible but harmless: soft hyphen, zero-width characters, direction marks, byte order mark.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))


def _without_marks(text: str) -> str:
    text = text.translate(_INVISIBLE).strip()
    if not text.isprintable():
        raise Invalid(_("Remove the invisible control characters: type the value again."))
    return text


@lru_cache(REMEMBERED)
def word(text: str) -> str:
    """A text reduced to its plain letters and digits in lower case, for comparing."""
    return re.sub("[^a-z0-9]", "", text.casefold())
