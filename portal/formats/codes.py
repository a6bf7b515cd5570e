"""Codes, dates and quantities as suppliers and spreadsheets write them.

Pure functions: a cell's value in, the normal form out. A value that cannot be understood raises
`Invalid` with a sentence that says what to enter; nothing is guessed. Cells may be text (CSV) or
whatever type Excel made of what was typed (int, float, bool, datetime).

Understood values are remembered (a supplier's file repeats its few products, dates and PINs).
Refusals are not: their sentence depends on the reader's language.
"""

import calendar
import math
import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from portal.errors import Invalid
from portal.i18n import _
from portal.normal_form import normalize

REMEMBERED = 4096
# No code or date is longer. Longer text never reaches the caches, so they stay small.
LONGEST = 100
# Blanks left out, a text may be shorter than it was typed; what is longer than this is not tried.
LONGEST_TEXT = 1_000
# No clinic handles more at once: a larger number is a lot or a code in the wrong field.
MOST_DOSES = 1_000_000
FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2100, 12, 31)

# Excel stores numbers as IEEE doubles and shows 15 digits; of a longer number typed into a cell
# the rest is replaced by zeros ("Excel specifications and limits", number precision).
EXACT_DIGITS = 15

# Excel counts days from 1899-12-30 (it believes in 1900-02-29; every serial from 61 on agrees),
# or from 1904-01-01 in workbooks made with the 1904 date system (ECMA-376 part 1, 18.17.4.1).
EPOCH_1900 = date(1899, 12, 30)
EPOCH_1904 = date(1904, 1, 1)

_SCIENTIFIC = re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?[eE][+-][0-9]+")
_EXCEL_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|#+)")
_QUOTED_FORMULA = re.compile(r"'(?=[=+\-@\t\r\n\0＝＋－＠])")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-"))
# GS1 General Specifications, table 7.11-1 (character set 82), and the space people type.
_LOT = re.compile(r"""[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z ]{1,20}""")
_LOT_LENGTH = 20


class ParsedDate(NamedTuple):
    """A day; `month_only` when only month and year were given, and `day` is that month's last."""

    day: date
    month_only: bool


def parse_text(value: object, *, limit: int = 64) -> str:
    """The cell as text of at most `limit` characters: spaces collapsed, digits exact.

    A number that Excel made of an identifier comes back digit by digit; where digits are lost for
    good (more than 15, scientific notation, a date made of a code) the cell is refused.
    """
    if isinstance(value, str):
        text = value
        if len(text) > LONGEST_TEXT:
            raise Invalid(_too_long(limit, len(text)))
    elif isinstance(value, bool) or value is None:
        text = "" if value is None else str(value).upper()
    elif isinstance(value, int):
        text = _exact_digits(value)
    elif isinstance(value, float):
        text = _exact_digits(int(value)) if _is_whole(value) else _fraction_text(value)
    else:
        raise Invalid(
            _(
                "The spreadsheet turned this into a date or time. "
                "Format the column as Text and enter the value again."
            )
        )
    text = _clean(text)
    if len(text) > limit:
        raise Invalid(_too_long(limit, len(text)))
    return text


def _too_long(limit: int, count: int) -> str:
    return _("Enter at most %(limit)s characters; these are %(count)s.", limit=limit, count=count)


def _is_whole(value: float) -> bool:
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


def _clean(text: str) -> str:
    """Spaces collapsed, compatibility forms (full width, no-break space) made plain.

    Refuses control characters, Excel's error values and numbers in scientific notation.
    """
    text = _QUOTED_FORMULA.sub("", text, count=1) if text.startswith("'") else text
    if not text.isascii():
        text = normalize("NFKC", text)
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


# Invisible but harmless: soft hyphen, zero-width characters, direction marks, byte order mark.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))


def _without_marks(text: str) -> str:
    text = text.translate(_INVISIBLE).strip()
    if not text.isprintable():
        raise Invalid(_("Remove the invisible control characters: type the value again."))
    return text


# --- NDC -----------------------------------------------------------------------------------------

_NDC_SHAPES = {(5, 4, 2), (4, 4, 2), (5, 3, 2), (5, 4, 1)}
_NDC_FIRST_WORD = re.compile(r"ndc\s*[#:]*\s*", re.IGNORECASE)


def normalise_ndc(value: object) -> str:
    """The National Drug Code in 11 digits with hyphens, 5-4-2: `59267-1000-02`.

    From 11 digits with or without hyphens, or the 10 digits of the label with hyphens (4-4-2,
    5-3-2, 5-4-1), whose short part gets the leading zero. Ten digits without hyphens fit several
    codes: see `ndc_candidates`. Raises `Invalid`.

    Source: 21 CFR 207.33 (the three 10-digit forms); 45 CFR 162.1002 and CMS billing guidance
    (11 digits, 5-4-2).
    """
    candidates = ndc_candidates(value)
    if len(candidates) > 1:
        raise Invalid(
            _(
                "This NDC fits several products. Enter it with its hyphens, "
                "for example 59267-1000-02."
            )
        )
    return candidates[0]


def ndc_candidates(value: object) -> tuple[str, ...]:
    """All 5-4-2 codes that `value` can mean: one if certain, three for ten digits run together.

    Seven to nine digits are taken for a code whose leading zeros a spreadsheet dropped (labeller
    00006 becomes 6). Match them against the catalogue; raises `Invalid` if it is no NDC at all.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = parse_text(value)
    if not isinstance(value, str) or len(value) > LONGEST:
        raise Invalid(_ndc_sentence())
    return _ndc_of(value)


@lru_cache(REMEMBERED)
def _ndc_of(text: str) -> tuple[str, ...]:
    cleaned = _NDC_FIRST_WORD.sub("", _clean(text), count=1).translate(_DASHES)
    parts = tuple(part for part in re.split(r"[ -]+", cleaned) if part)
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise Invalid(_ndc_sentence())
    if len(parts) == 1:
        return _ndc_from_digits(parts[0])
    if tuple(map(len, parts)) not in _NDC_SHAPES:
        raise Invalid(_ndc_sentence())
    labeller, product, package = parts
    return (f"{labeller:0>5}-{product:0>4}-{package:0>2}",)


def _ndc_from_digits(digits: str) -> tuple[str, ...]:
    if len(digits) == 11:
        return (f"{digits[:5]}-{digits[5:9]}-{digits[9:]}",)
    if not 7 <= len(digits) <= 10 or not digits.strip("0"):
        raise Invalid(_ndc_sentence())
    ten = digits.zfill(10)
    return tuple(
        dict.fromkeys(
            (
                f"0{ten[:4]}-{ten[4:8]}-{ten[8:]}",
                f"{ten[:5]}-0{ten[5:8]}-{ten[8:]}",
                f"{ten[:5]}-{ten[5:9]}-0{ten[9:]}",
            )
        )
    )


def _ndc_sentence() -> str:
    return _("Enter the NDC as 11 digits, 5-4-2, for example 59267-1000-02.")


# --- lots ----------------------------------------------------------------------------------------


def normalise_lot(value: object) -> str:
    """The lot number as shown: outer spaces gone, inner ones collapsed, case as printed.

    Source: GS1 General Specifications, AI (10) batch or lot: up to 20 characters of set 82.
    Raises `Invalid`.
    """
    text = parse_text(value)
    if not _LOT.fullmatch(text):
        if len(text) > _LOT_LENGTH:
            raise Invalid(_("A lot number has at most 20 characters."))
        raise Invalid(
            _(
                "Enter the lot number as printed on the package: letters, digits and signs such as "
                "- / . only, for example EL9262."
            )
        )
    return text


def lot_key(lot: str) -> str:
    """What two spellings of one lot number have in common: upper case, no spaces.

    The space is not in GS1's character set, so it can never tell two lots apart.
    """
    return "".join(lot.split()).upper()


# Letters, and the digit that each is taken for.
_LOOK_ALIKE = str.maketrans("ODQILZSGB", "000112568")


def look_alike_key(lot: str) -> str:
    """What lot numbers have in common that one may be a misreading of the other.

    O, D and Q become 0, I and L 1, Z 2, S 5, G 6 and B 8: letters that ISMP names as taken for
    digits. Signs are left out, since people type `EL-9262` for EL9262. Digits are never taken for
    each other: a maker's next lot differs in one digit. Two lots may share a key, so it only ever
    asks a question; `lot_key` says what is the same.

    Source: ISMP, Misidentification of alphanumeric symbols.
    """
    return "".join(filter(str.isalnum, lot_key(lot))).translate(_LOOK_ALIKE)


# --- Provider PIN --------------------------------------------------------------------------------


def parse_pin(value: object, prefix: str = "NCA") -> str:
    """The Provider PIN: `prefix` and six digits, `NCA650001`.

    Six bare digits get the prefix. A number (Excel drops leading zeros) is filled up to six
    digits; text is not, since a missing digit may belong anywhere. Raises `Invalid`.
    """
    if isinstance(value, float) and _is_whole(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if 0 < value < 1_000_000:
            return f"{prefix}{value:06d}"
    elif isinstance(value, str) and len(value) <= LONGEST:
        return _pin_of(value, prefix)
    raise Invalid(_pin_sentence(prefix))


@lru_cache(REMEMBERED)
def _pin_of(text: str, prefix: str) -> str:
    digits = _clean(text).translate(_DASHES)
    if digits[: len(prefix)].upper() == prefix.upper():
        digits = digits[len(prefix) :].lstrip(" -")
    if len(digits) == 6 and digits.isascii() and digits.isdigit():
        return prefix + digits
    raise Invalid(_pin_sentence(prefix))


def _pin_sentence(prefix: str) -> str:
    return _(
        "Enter the Provider PIN as %(prefix)s and six digits, for example %(prefix)s650001.",
        prefix=prefix,
    )


# --- quantities ----------------------------------------------------------------------------------

_QUANTITY = re.compile(r"(?P<whole>[0-9]{1,7}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.0{1,2})?")


def parse_quantity(value: object) -> int:
    """A count of doses, 1 to 1,000,000: `975`, `1,000`, `975.0`.

    `1.000` is refused: half the world means a thousand by it. Raises `Invalid`.
    """
    number = 0
    if isinstance(value, str):
        number = _quantity_of(value) if len(value) <= LONGEST else 0
    elif isinstance(value, float):
        number = int(value) if _is_whole(value) else 0
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    if number <= 0:
        raise Invalid(_quantity_sentence())
    if number > MOST_DOSES:
        raise Invalid(_("A quantity above 1,000,000 can't be right. Check the number of doses."))
    return number


@lru_cache(REMEMBERED)
def _quantity_of(text: str) -> int:
    match = _QUANTITY.fullmatch(_clean(text))
    if match is None:
        raise Invalid(_quantity_sentence())
    return int(match["whole"].replace(",", ""))


def _quantity_sentence() -> str:
    return _("Enter a whole number of doses, 1 or more, for example 975.")


# --- dates ---------------------------------------------------------------------------------------

_MONTHS = {
    name.lower(): number
    for names in (
        "January February March April May June July August September October November December",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    )
    for number, name in enumerate(names.split(), 1)
} | {"sept": 9}
_TIME = r"(?:[T ]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?[AaPp]\.?[Mm]\.?)?Z?)?"
_US = re.compile(r"(?P<m>[0-9]{1,2})([/-])(?P<d>[0-9]{1,2})\2(?P<y>[0-9]{4}|[0-9]{2})" + _TIME)
_ISO = re.compile(r"(?P<y>[0-9]{4})([/-])(?P<m>[0-9]{1,2})\2(?P<d>[0-9]{1,2})" + _TIME)
_BASIC = re.compile(r"(?P<y>2[01][0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})")
_DAY_NAMED = re.compile(
    r"(?P<d>[0-9]{1,2})[ -](?P<name>[A-Za-z]{3,9})\.?[ ,-]+(?P<y>[0-9]{4}|[0-9]{2})" + _TIME
)
_NAMED_DAY = re.compile(
    r"(?P<name>[A-Za-z]{3,9})\.?[ -](?P<d>[0-9]{1,2})(?:st|nd|rd|th)?(?:, ?| |-)(?P<y>[0-9]{4})"
    + _TIME
)
_FULL_DATES = (_US, _ISO, _BASIC, _DAY_NAMED, _NAMED_DAY)
_MONTH_DATES = (
    re.compile(r"(?P<m>[0-9]{1,2})[/-](?P<y>[0-9]{4})"),
    re.compile(r"(?P<y>[0-9]{4})[/-](?P<m>[0-9]{1,2})"),
    re.compile(r"(?P<name>[A-Za-z]{3,9})\.?[ ,/-]+(?P<y>[0-9]{4})"),
)
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")


def parse_date(value: object, *, allow_month: bool = False, epoch_1904: bool = False) -> ParsedDate:
    """The day meant by `value`, between 2000 and 2100; a time of day is dropped.

    Read are US dates (`6/30/2021`, `06-30-21`), ISO dates (`2021-06-30`, `20210630`), named months
    (`30-Jun-2021`, `June 30, 2021`), Excel serials (days since 1899-12-30, or since 1904-01-01 if
    `epoch_1904`) and the date objects an xlsx reader returns. With `allow_month`, for expirations,
    also `06/2021`, `2021-06` and `Jun 2021`: a product is usable through the month's last day
    (CDC Vaccine Storage and Handling Toolkit). Raises `Invalid`.
    """
    if isinstance(value, datetime):
        return _sane(value.date(), allow_month)
    if isinstance(value, date):
        return _sane(value, allow_month)
    if isinstance(value, str) and len(value) <= LONGEST:
        return _date_of(value, allow_month, epoch_1904)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _date_of_number(value, allow_month, epoch_1904)
    raise Invalid(_date_sentence(allow_month))


@lru_cache(REMEMBERED)
def _date_of(text: str, allow_month: bool, epoch_1904: bool) -> ParsedDate:
    text = _clean(text).translate(_DASHES)
    for pattern in _FULL_DATES:
        if match := pattern.fullmatch(text):
            return _day(match, allow_month)
    if _SERIAL.fullmatch(text):
        return _date_of_number(float(text), allow_month, epoch_1904)
    for pattern in _MONTH_DATES:
        if match := pattern.fullmatch(text):
            if not allow_month:
                raise Invalid(_("The day is missing. ") + _date_sentence(allow_month))
            return _month_end(match)
    raise Invalid(_date_sentence(allow_month))


def _date_of_number(number: float, allow_month: bool, epoch_1904: bool) -> ParsedDate:
    if number == number and 20000101 <= number <= 21001231 and number == int(number):
        return _date_of(str(int(number)), allow_month, epoch_1904)
    # The bounds are those of the year 2100; beyond them the date arithmetic could overflow.
    if not 0 < number < 80_000:
        raise Invalid(_date_sentence(allow_month))
    day = (EPOCH_1904 if epoch_1904 else EPOCH_1900) + timedelta(days=int(number))
    return _sane(day, allow_month)


def _day(match: re.Match[str], allow_month: bool) -> ParsedDate:
    # Only a year of two digits is short for one after 2000: the year 0021 is none of ours.
    year = int(match["y"]) + (2000 if len(match["y"]) == 2 else 0)
    if year == 0:
        raise Invalid(_year_sentence(match["y"]) + _date_sentence(allow_month))
    month = _month(match, allow_month)
    try:
        day = date(year, month, int(match["d"]))
    except ValueError:
        raise Invalid(
            _("There is no such day in the calendar. ") + _date_sentence(allow_month)
        ) from None
    return _sane(day, allow_month)


def _month_end(match: re.Match[str]) -> ParsedDate:
    year, month = int(match["y"]), _month(match, True)
    if not (1 <= month <= 12 and FIRST_DAY.year <= year <= LAST_DAY.year):
        raise Invalid(
            (
                _("There is no such month in the calendar. ")
                if FIRST_DAY.year <= year <= LAST_DAY.year
                else _year_sentence(match["y"])
            )
            + _date_sentence(True)
        )
    return ParsedDate(date(year, month, calendar.monthrange(year, month)[1]), True)


def _month(match: re.Match[str], allow_month: bool) -> int:
    groups = match.groupdict()
    if groups.get("m"):
        return int(groups["m"])
    number = _MONTHS.get(groups["name"].lower())
    if number is None:
        raise Invalid(_date_sentence(allow_month))
    return number


def _sane(day: date, allow_month: bool) -> ParsedDate:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Invalid(_year_sentence(f"{day.year:04}") + _date_sentence(allow_month))
    return ParsedDate(day, False)


def _year_sentence(year: str) -> str:
    return _(
        "The year %(year)s is not accepted, only %(first)s to %(last)s. ",
        year=year,
        first=str(FIRST_DAY.year),
        last=str(LAST_DAY.year),
    )


def _date_sentence(allow_month: bool) -> str:
    if allow_month:
        return _(
            "Enter the date as MM/DD/YYYY, for example 06/30/2021; if only the month is "
            "printed, as MM/YYYY."
        )
    return _("Enter the date as MM/DD/YYYY, for example 06/30/2021.")
