"""GS1 codes on packages: what a scanner types, or somebody pastes, as product, lot, expiry, serial.

Pure functions. Understood are the element strings as scanners send them, the text in brackets that
is printed below a code, GS1 Digital Link addresses, and the bare GTIN of a linear barcode. What
cannot be understood raises `Invalid` with a sentence.

An element of variable length ends at a separator (FNC1, sent as the control character
GS) or where the code ends. Keyboards and browsers often lose the separator; then one code can have
several readings, and `read` gives all of them. Nothing is guessed.

Source: GS1 General Specifications: 3.2 (application identifiers), 3.4.7 (expiration date), 5.1.1
(symbology identifiers), 7.8 (element strings, predefined lengths, separators), 7.9 (check digit),
7.11 (character set 82), 7.12 (century of two-digit years); GS1 Digital Link Standard: URI Syntax.
"""

import calendar
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count, islice
from typing import NamedTuple
from urllib.parse import unquote

from portal.catalog import ndc
from portal.errors import Invalid
from portal.formats.codes import ParsedDate
from portal.i18n import _

LONGEST = 300
# More readings than this are no choice that a person can make.
MOST_READINGS = 12
# Elements that are tried while cutting; a package's code needs a few dozen.
MOST_TRIES = 1_000

GTIN, LOT, EXPIRES, SERIAL = "01", "10", "17", "21"
# Where a separator was lost, these may begin the next element. They are what medicine packages
# carry (21 U.S.C. 360eee: product, serial number, lot, expiration date).
_CARRIED = (GTIN, LOT, EXPIRES, SERIAL)

# Characters of an element, its identifier included, by its first two (General Specifications, table
# of element strings with predefined length). All others are of variable length.
_PREDEFINED = {
    "00": 20,
    **dict.fromkeys(("01", "02", "03"), 16),
    "04": 18,
    **{str(number): 8 for number in range(11, 20)},
    "20": 4,
    **{str(number): 10 for number in range(31, 37)},
    "41": 16,
}

# The first two digits of identifiers that are assigned, or of a length that is fixed in advance. A
# text that begins otherwise is another number, and no part of it is a lot.
_ASSIGNED = frozenset(_PREDEFINED) | frozenset(
    (LOT, SERIAL, "22", "23", "24", "25", "30", "37", "39", "40", "42", "43")
    + ("70", "71", "72", "80", "81", "82", *map(str, range(90, 100)))
)

_SET_82 = re.compile(r"""[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}""")
# A symbology identifier, as in `]d2` (GS1 DataMatrix), `]C1` (GS1-128), `]Q3` (GS1 QR Code).
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")
# What is read as FNC1: any control character, its picture (`␝`), what scanners and programs put in
# its place, and blanks. Nothing of this is in the character set 82, so it cannot be data.
_SEPARATORS = re.compile(
    r"(?:[\s\x00-\x1f\x7f\u2400-\u2421↔|]|\^\]|\^FNC1|~1|\{(?:GS|FNC1)\}|\[(?:GS|FNC1)\])+", re.I
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_BRACKET = re.compile(r"(?<!\\)\(([0-9]{2,4})\)")
_LINK = re.compile(r"https?://[^/?#]+(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?", re.I)
_IDENTIFIER = re.compile("[0-9]{2}")
_BARE_GTIN = re.compile("[0-9]{12,14}")


@dataclass(frozen=True)
class Reading:
    """What a code says of a package. What it does not say is empty."""

    gtin: str = ""
    lot: str = ""
    expires: ParsedDate | None = None
    serial: str = ""

    def bracketed(self) -> str:
        """The reading as text: `(01)00359267100013(17)270630(10)EL9262`.

        A bracket in a lot or serial number is written `\\(`, as the GS1 Barcode Syntax Engine does.
        """
        day = ""
        if self.expires:
            whole, only = self.expires.day, self.expires.month_only
            day = f"{whole:%y%m}00" if only else f"{whole:%y%m%d}"
        parts = ((GTIN, self.gtin), (EXPIRES, day), (LOT, self.lot), (SERIAL, self.serial))
        return _in_brackets(Element(ai, value) for ai, value in parts if value)

    def is_within(self, other: "Reading") -> bool:
        """Whether `other` says all of this, and perhaps more."""
        return self._over(other) == other

    def joined(self, other: "Reading") -> "Reading | None":
        """What both say together; None if they contradict. Some packages have product and date in
        one code, lot and serial number in another."""
        whole = self._over(other)
        return whole if other.is_within(whole) else None

    def _over(self, other: "Reading") -> "Reading":
        """This reading, and where it is empty, the other."""
        return Reading(
            self.gtin or other.gtin,
            self.lot or other.lot,
            self.expires or other.expires,
            self.serial or other.serial,
        )


class Element(NamedTuple):
    """One element string: its application identifier (of an unknown one the first two digits are
    enough), and its value."""

    ai: str
    value: str


Elements = tuple[Element, ...]


def read(text: str, *, today: date) -> tuple[Reading, ...]:
    """Everything that `text` can mean: one reading, or several if separators were lost.

    `today` decides on the century of the expiration date. Raises `Invalid`.
    """
    if len(text) > LONGEST:
        raise Invalid(_("This is longer than a code on a package. Please scan the package again."))
    text = _INVISIBLE.sub("", text).strip()
    text = _SYMBOLOGY.sub("", text, count=1) if _SYMBOLOGY.match(text) else text
    if link := _LINK.fullmatch(text):
        return (_reading(_of_link(link["path"], link["query"] or ""), today),)
    parts = [part for part in _SEPARATORS.split(text) if part]
    if parts and _BRACKET.match(parts[0]):
        return (_reading(_of_brackets(parts), today),)
    if not parts or not all(_IDENTIFIER.match(part) for part in parts):
        raise Invalid(_unknown())
    if len(parts) > 1 and not ndc.read(text):
        return (_reading(tuple(each for part in parts for each in _strictly(part)), today),)
    return _all_readings("".join(parts), today)


def in_brackets(text: str) -> str:
    """A code that lost no separator, as `Reading.bracketed` writes it, all elements included: it
    has one reading then, whatever its lot looks like. As it is, if it is no GS1 code."""
    try:
        return _in_brackets(
            element for part in _SEPARATORS.split(text) if part for element in _strictly(part)
        )
    except Invalid:
        return text


def _all_readings(text: str, today: date) -> tuple[Reading, ...]:
    """The readings of a code in which no separator is left: as it is, and for every place
    where one may be missing."""
    found: dict[Reading, None] = {}
    if _BARE_GTIN.fullmatch(text) and check_digit(text[:-1]) == text[-1]:
        found[Reading(gtin=text.zfill(14))] = None
    refusal: Invalid | None = None
    try:
        found[_reading(_strictly(text), today)] = None
    except Invalid as error:
        refusal = error
    cuts = list(islice(_cuts(text, frozenset(), today, count(1)), 2 * MOST_READINGS))
    for elements in cuts:
        if any(each.ai in _CARRIED for each in elements):
            found[_reading(elements, today)] = None
    if ndc.read(text):
        raise refusal or Invalid(_unknown())
    if len(found) > MOST_READINGS or len(cuts) == 2 * MOST_READINGS:
        raise Invalid(_too_many())
    if not found:
        raise refusal or Invalid(_unknown())
    return tuple(found)


def _strictly(text: str) -> Elements:
    """The elements between two separators: one of variable length takes all that follows."""
    elements = []
    while text:
        if text[:2] not in _ASSIGNED:
            raise Invalid(_unknown())
        length = _PREDEFINED.get(text[:2], len(text))
        if len(text) < max(length, 3):
            raise Invalid(_("The code is not complete. Please scan it again."))
        elements.append(Element(text[:2], text[2:length]))
        text = text[length:]
    return tuple(elements)


def _cuts(text: str, used: frozenset[str], today: date, tries: Iterator[int]) -> Iterator[Elements]:
    """Every way to cut `text` into elements that are right, if all separators were lost.

    `tries` counts the elements tried. Raises `Invalid` if they are too many.
    """
    if not text:
        yield ()
        return
    ai = text[:2]
    if ai in used or ai not in _ASSIGNED:
        return
    length = _PREDEFINED.get(ai)
    ends = [length] if length else [*_starts(text, used | {ai}), len(text)]
    for end in ends:
        if next(tries) > MOST_TRIES:
            raise Invalid(_too_many())
        element = Element(ai, text[2:end])
        if len(text) < end or not _is_right(element, today):
            continue
        for more in _cuts(text[end:], used | ({ai} & set(_CARRIED)), today, tries):
            yield (element, *more)


def _starts(text: str, used: frozenset[str]) -> Iterator[int]:
    for at in range(3, len(text) - 2):
        if text[at : at + 2] in _CARRIED and text[at : at + 2] not in used:
            yield at


def _is_right(element: Element, today: date) -> bool:
    if not element.value:
        return False
    try:
        _reading((element,), today, bare=True)
    except Invalid:
        return False
    return True


def _of_brackets(parts: list[str]) -> Elements:
    """The elements of `(01)…(17)…(10)…`; separators and blanks between them mean nothing."""
    elements = []
    pieces = _BRACKET.split("".join(parts))
    for ai, value in zip(pieces[1::2], pieces[2::2], strict=True):
        elements.append(Element(ai, value.replace("\\(", "(")))
    return tuple(elements)


def _of_link(path: str, query: str) -> Elements:
    """The elements of an address: `…/01/GTIN/10/LOT/21/SERIAL?17=YYMMDD`."""
    steps = path.split("/")
    key = next(
        (at for at in range(len(steps) - 1) if steps[at] == GTIN and steps[at + 1].isdecimal()),
        None,
    )
    if key is None:
        raise Invalid(_unknown())
    elements = [Element(GTIN, steps[key + 1].zfill(14))]
    for ai, value in zip(steps[key + 2 :: 2], steps[key + 3 :: 2], strict=False):
        elements.append(Element(ai, unquote(value)))
    for pair in query.split("&"):
        ai, _equals, value = pair.partition("=")
        elements.append(Element(ai, unquote(value)))
    return tuple(elements)


def _in_brackets(elements: Iterable[Element]) -> str:
    escaped = ((ai, value.replace("(", "\\(")) for ai, value in elements)
    return "".join(f"({ai}){value}" for ai, value in escaped)


# --- elements ------------------------------------------------------------------------------------


def _reading(elements: Elements, today: date, *, bare: bool = False) -> Reading:
    """The reading that `elements` give; with `bare` it may be empty. Raises `Invalid`."""
    values: dict[str, str] = {}
    for ai, value in elements:
        if ai in _CARRIED and values.setdefault(ai, value) != value:
            raise Invalid(
                _("The code gives two different values for one thing. Please scan it again.")
            )
    if not values and not bare:
        raise Invalid(
            _(
                "This code has no product, lot, expiration date or serial number. Scan the "
                "square code on the vial or carton."
            )
        )
    return Reading(
        gtin=_gtin(values[GTIN]) if GTIN in values else "",
        lot=_text(values[LOT]) if LOT in values else "",
        expires=expiration(values[EXPIRES], today=today) if EXPIRES in values else None,
        serial=_text(values[SERIAL]) if SERIAL in values else "",
    )


def _gtin(value: str) -> str:
    if not re.fullmatch("[0-9]{14}", value) or check_digit(value[:-1]) != value[-1]:
        raise Invalid(
            _(
                "The product number %(gtin)s (GTIN) was misread: its check digit is wrong. "
                "Please scan it again.",
                gtin=value[:20],
            )
        )
    return value


def _text(value: str) -> str:
    if not _SET_82.fullmatch(value):
        raise Invalid(
            _(
                "The code contains “%(text)s”, which is not a lot or serial number: those have "
                "at most 20 letters, digits and signs. Please scan it again.",
                text=value[:40],
            )
        )
    return value


def expiration(digits: str, *, today: date) -> ParsedDate:
    """The day that YYMMDD means; DD 00 is the month's last day. Raises `Invalid`.

    The year is the one with these digits from 49 years back to 50 years ahead of `today`.

    Source: GS1 General Specifications 3.4.7 and 7.12.
    """
    if re.fullmatch("[0-9]{6}", digits):
        year = today.year - today.year % 100 + int(digits[:2])
        apart = int(digits[:2]) - today.year % 100
        year += 100 if apart <= -50 else -100 if apart >= 51 else 0
        month, day = int(digits[2:4]), int(digits[4:])
        if 1 <= month <= 12:
            last = calendar.monthrange(year, month)[1]
            if day <= last:
                return ParsedDate(date(year, month, day or last), day == 0)
    raise Invalid(
        _(
            "The expiration date in the code, “%(digits)s”, is not a date. Please scan it again.",
            digits=digits[:20],
        )
    )


def check_digit(digits: str) -> str:
    """The check digit that follows `digits` in a GTIN.

    Source: GS1 General Specifications 7.9.1: from the right, every other digit counts three times.
    """
    total = sum(int(digit) * (1 if at % 2 else 3) for at, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def ndc_of(gtin: str) -> str | None:
    """The ten digits of the National Drug Code in a GTIN of 14 digits, or None.

    A GTIN made of one is an indicator digit, the GS1 prefix 03, the NDC, and the check digit; where
    the NDC's hyphens belong it does not tell.

    Source: GS1 Healthcare US, Implementation Guideline: NDC within a GTIN.
    """
    return gtin[3:13] if gtin[1:3] == "03" else None


def _too_many() -> str:
    return _(
        "The scanner left out the separators in this code, so the code can be read in too many "
        "ways. Set the scanner to send them, or fill in the fields by hand."
    )


def _unknown() -> str:
    return _(
        "This is not a GS1 code. Scan the square code on the vial or carton, or fill in the "
        "fields by hand."
    )
