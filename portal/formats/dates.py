"""Dates as suppliers, spreadsheets and people write them."""

import calendar
import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from portal.errors import Invalid
from portal.formats.texts import DASHES, LONGEST, REMEMBERED, ShownNumber, clean
from portal.i18n import _

FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2100, 12, 31)

# Excel counts days from 1899-12-30 (it believes in 1900-02-29; every serial from 61 on agrees),
# or from 1904-01-01 in workbooks made with the 1904 date system (ECMA-376 part 1, 18.17.4.1).
EPOCH_1900 = date(1899, 12, 30)
EPOCH_1904 = date(1904, 1, 1)


class ParsedDate(NamedTuple):
    """A day; `month_only` when only month and year were given, and `day` is that month's last."""

    day: date
    month_only: bool


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
# A day without its year: 5-Jun, June 5.
_NO_YEAR = re.compile(
    r"[0-9]{1,2}[ -](?P<name>[A-Za-z]{3,9})\.?|(?P<first>[A-Za-z]{3,9})\.?[ -][0-9]{1,2}"
)
_TIME_ALONE = re.compile(r"[0-9]{1,3}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?[AaPp]\.?[Mm]\.?)?")
_TWO_NUMBERS = re.compile(
    r"(?P<a>[0-9]{1,2})([/.-])(?P<b>[0-9]{1,2})\2(?:[0-9]{4}|[0-9]{2})" + _TIME
)

Order = Literal["day_first", "month_first", "either"]


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
    if isinstance(value, ShownNumber):
        return _date_of(value.shown[:LONGEST], allow_month, epoch_1904)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _date_of_number(value, allow_month, epoch_1904)
    raise Invalid(_date_sentence(allow_month))


@lru_cache(REMEMBERED)
def _date_of(text: str, allow_month: bool, epoch_1904: bool) -> ParsedDate:
    text = clean(text).translate(DASHES)
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
    if _is_without_year(text):
        raise Invalid(_("The year is missing. ") + _date_sentence(allow_month))
    raise Invalid(_date_sentence(allow_month))


def _is_without_year(text: str) -> bool:
    found = _NO_YEAR.fullmatch(text)
    return found is not None and (found["name"] or found["first"]).lower() in _MONTHS


def is_date_or_time(text: str) -> bool:
    """Whether a text is a date or time, such as a spreadsheet makes of a code: `5-Mar`, `12:30`."""
    if len(text) > LONGEST or text.isalnum():
        return False
    if text[0].isalpha() and text[:3].lower() not in _MONTHS:
        return False
    text = text.translate(DASHES)
    if _TIME_ALONE.fullmatch(text):
        return True
    if found := _NO_YEAR.fullmatch(text):
        return "-" in text and (found["name"] or found["first"]).lower() in _MONTHS
    if two := _TWO_NUMBERS.fullmatch(text):
        return "." not in two[0] and min(int(two["a"]), int(two["b"])) in range(1, 13)
    try:
        parsed = parse_date(text, allow_month=True)
    except Invalid:
        return False
    # Suppliers number by year and month, too: 2021-06 is no date.
    return not parsed.month_only or "/" in text or text[0].isalpha()


def order_of(value: object) -> Order | None:
    """In which order a cell may have day and month: one of them beyond 12, or either.

    None for what shows no order: a named month, the year in front, 05/05/2021. A cell that is a
    date already was made one by a spreadsheet, in an order nobody knows.
    """
    if isinstance(value, datetime | date):
        return "either" if value.day <= 12 and value.day != value.month else None
    if not isinstance(value, str) or len(value) > LONGEST:
        return None
    try:
        return _order_of(value)
    except Invalid:
        return None


@lru_cache(REMEMBERED)
def _order_of(text: str) -> Order | None:
    found = _TWO_NUMBERS.fullmatch(clean(text).translate(DASHES))
    if found is None:
        return None
    first, second = int(found["a"]), int(found["b"])
    if first > 12:
        return "day_first" if 1 <= second <= 12 and first <= 31 else None
    if second > 12:
        return "month_first"
    return "either" if first != second else None


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
