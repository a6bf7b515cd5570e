"""Numbers that name something: shipments, orders, parcels, lots. One cell, one number, as printed.

What may be meant in two ways raises `Invalid` with a sentence that says what to enter.
"""

import re
import unicodedata

from portal.errors import Invalid
from portal.formats.dates import is_date_or_time
from portal.formats.texts import DASHES, made_a_date, parse_text, unwrapped, word
from portal.i18n import _

_FOOTNOTE_MARKS = "*†‡§¶"
_ENDS_IN_ZERO = re.compile(r"(?<=[0-9])\.0+$")
# What people write where they have no number (yet).
_PLACEHOLDERS = frozenset(
    (
        *("na", "nan", "none", "nil", "null", "nothing", "blank", "empty", "missing", "pending"),
        *("tbd", "tba", "tbc", "tobedetermined", "tobeannounced", "tofollow", "unknown", "unk"),
        *("notavailable", "notapplicable", "notassigned", "notknown", "notlisted", "notyet"),
        *("various", "varies", "mixed", "multiple", "several", "many", "same", "ditto", "xx"),
        *("seebelow", "seeabove", "seeattached", "seenote", "seenotes", "asabove", "sameasabove"),
        *("xxx", "xxxx", "xxxxx", "xxxxxx", "test", "lot", "batch", "lotnumber"),
    )
)


def parse_code(value: object, *, limit: int = 64) -> str:
    """The number as text of at most `limit` characters; see `parse_text`.

    Refuses dates and times, footnote marks, several lines, and what stands for "no number".
    """
    if isinstance(value, str) and len(value) <= limit * 4 and has_lines(value):
        raise Invalid(_("There are several lines in this cell. Enter one number only."))
    text = parse_text(value, limit=limit)
    if not text:
        return text
    if text[-1] in _FOOTNOTE_MARKS or not (text.isascii() or _digits_are_plain(text)):
        raise Invalid(
            _("There is a footnote mark or a special figure here. Enter the number without it.")
        )
    if is_date_or_time(text):
        raise Invalid(made_a_date())
    if not word(text) and text.isascii() or word(text) in _PLACEHOLDERS:
        raise Invalid(placeholder())
    return text


def placeholder() -> str:
    """What is said of "N/A", "TBD", "-" and the like."""
    return _(
        "This says that there is no number (yet). Enter the number as printed, or leave the row "
        "out until it is known."
    )


def has_lines(text: str) -> bool:
    """Whether the text in the cell is more than one line."""
    return "\n" in (inner := unwrapped(text).replace("\r", "\n")) and bool(inner)


def _digits_are_plain(text: str) -> bool:
    """Whether all that counts as a number is one of the digits 0 to 9, and no mark is a footnote's.

    Unicode category N holds raised, lowered and circled figures, fractions, Roman numerals, and
    the digits of other scripts.
    """
    return not any(
        character in _FOOTNOTE_MARKS
        or (not character.isascii() and unicodedata.category(character).startswith("N"))
        for character in text
    )


def number_key(number: str) -> str:
    """What two spellings of one shipment or order number have in common: upper case, one kind of
    dash, no `.0` that a spreadsheet put behind it."""
    return _ENDS_IN_ZERO.sub("", " ".join(number.translate(DASHES).split())).upper()
