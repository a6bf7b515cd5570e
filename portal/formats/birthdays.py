"""Birthdays, in the ways people write them: years 1900 to now, always with four digits."""

import re
from datetime import date

from portal.errors import Invalid
from portal.i18n import _

FIRST_YEAR = 1900
LONGEST = 40
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_NUMERIC = (
    re.compile(r"(?P<m>\d{1,2})(?P<sep>[/.-])(?P<d>\d{1,2})(?P=sep)(?P<y>\d{4})", re.ASCII),
    re.compile(r"(?P<y>\d{4})(?P<sep>[/.-])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})", re.ASCII),
    re.compile(r"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)", re.ASCII),
    re.compile(r"(?P<m>\d\d)(?P<d>\d\d)(?P<y>\d{4})", re.ASCII),
)
_NAME = r"(?P<name>[A-Za-z]{3,9})"
_NAMED = (
    re.compile(rf"{_NAME}\.?[ ,-]+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ ,-]+(?P<y>\d{{4}})", re.ASCII),
    re.compile(rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ ,-]*{_NAME}\.?[ ,-]+(?P<y>\d{{4}})", re.ASCII),
)
_SHORT_YEAR = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}", re.ASCII)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))


def parse_birthday(text: str) -> date:
    """The day that `text` means: `01/31/1950`, `1-31-1950`, `1950-01-31`, `01311950` (as typed on
    a number pad), `January 31, 1950`. Whether it is past is the rules' business.

    Raises `Invalid` with a sentence for what is no day from 1900 on, and for a year of two digits:
    `50` may be a child or somebody's grandmother.
    """
    plain = " ".join(text.translate(_DASHES).split())
    if len(plain) <= LONGEST:
        for pattern in (*_NUMERIC, *_NAMED):
            if match := pattern.fullmatch(plain):
                return _day(match)
    if _SHORT_YEAR.fullmatch(plain):
        raise Invalid(_("Enter the year with four digits, for example 01/31/1950."))
    raise Invalid(_sentence())


def birthday_in(text: str) -> tuple[date | None, str]:
    """The first day that stands in `text` among other words, and the rest of `text`.

    None and `text` if there is none.
    """
    plain = text.translate(_DASHES)
    for pattern in (*_NUMERIC, *_NAMED):
        for match in re.finditer(rf"(?<![\w/.-])(?:{pattern.pattern})(?![\w/-])", plain):
            try:
                day = _day(match)
            except Invalid:
                continue
            return day, f"{plain[: match.start()]} {plain[match.end() :]}".strip(" ,;")
    return None, text


def _day(match: re.Match[str]) -> date:
    named = match.groupdict().get("name")
    month = _month(named) if named else int(match["m"])
    year = int(match["y"])
    if year < FIRST_YEAR:
        raise Invalid(_("Enter a year from 1900 on, for example 01/31/1950."))
    try:
        return date(year, month, int(match["d"]))
    except ValueError:
        raise Invalid(_("There is no such day in the calendar. ") + _sentence()) from None


def _month(name: str) -> int:
    short = name.lower()[:3]
    if short not in MONTHS:
        raise Invalid(_sentence())
    return MONTHS.index(short) + 1


def _sentence() -> str:
    return _("Enter the date as MM/DD/YYYY, for example 01/31/1950.")
