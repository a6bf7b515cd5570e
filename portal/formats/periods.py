"""Stretches of days as people write them: a day, or a month alone, which is all of its days."""

import calendar
import re
from datetime import date
from typing import NamedTuple

from portal.errors import Invalid
from portal.formats.birthdays import MONTHS, parse_birthday
from portal.formats.dates import parse_date
from portal.i18n import _

LONGEST = 40
_MONTH_OF_BIRTH = (
    re.compile(r"(?P<m>\d{1,2})[/-](?P<y>(?:19|20)\d{2})", re.ASCII),
    re.compile(r"(?P<y>(?:19|20)\d{2})[/-](?P<m>\d{1,2})", re.ASCII),
    re.compile(r"(?P<name>[A-Za-z]{3,9})\.?[ ,/-]+(?P<y>(?:19|20)\d{2})", re.ASCII),
)
# What may stand for a day or a month among the words of a search. Numbers with hyphens that are
# no whole date stay words: suppliers number by year and month, too.
_NAME = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
_IN_TEXT = re.compile(
    r"(?<![\w/.-])(?:"
    r"[0-9]{1,2}/[0-9]{1,2}/(?:[0-9]{4}|[0-9]{2})|[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}"
    r"|[0-9]{4}([/-])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}/[0-9]{4}"
    rf"|{_NAME}[ -][0-9]{{1,2}}(?:st|nd|rd|th)?(?:, ?| |-)[0-9]{{4}}"
    rf"|[0-9]{{1,2}}[ -]{_NAME}[ ,-]+[0-9]{{4}}|{_NAME}[ ,/-]+[0-9]{{4}}"
    r")(?![\w/-])",
    re.IGNORECASE,
)


class Period(NamedTuple):
    """The days from `first` to `last`, both included."""

    first: date
    last: date


def parse_period(text: str, *, birthdays: bool = False) -> Period:
    """The days that `text` means: one day in the ways that `parse_date` reads (`12/31/27`,
    `2027-12-31`, `Dec 31 2027`), or a whole month (`10/2026`, `October 2026`).

    With `birthdays` the year is one from 1900 on, of four digits. Raises `Invalid` with a sentence.
    """
    if birthdays:
        return _of_birth(text)
    day, month_only = parse_date(text, allow_month=True)
    return Period(day.replace(day=1) if month_only else day, day)


def _of_birth(text: str) -> Period:
    plain = " ".join(text[:LONGEST].split())
    for pattern in _MONTH_OF_BIRTH:
        match = pattern.fullmatch(plain)
        if match is None:
            continue
        named = match.groupdict().get("name")
        short = named.lower()[:3] if named else ""
        month = MONTHS.index(short) + 1 if short in MONTHS else 0 if named else int(match["m"])
        if 1 <= month <= 12:
            year = int(match["y"])
            return Period(
                date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
            )
        raise Invalid(
            _("There is no such month in the calendar. ")
            + _("Enter the date as MM/DD/YYYY, for example 01/31/1950.")
        )
    day = parse_birthday(text)
    return Period(day, day)


def periods_in(text: str) -> tuple[list[tuple[Period, str]], str]:
    """The days and months that stand in `text` among other words, each with how it is written, and
    the rest of `text`."""
    found: list[tuple[Period, str]] = []

    def take(match: re.Match[str]) -> str:
        try:
            found.append((parse_period(match[0]), match[0]))
        except Invalid:
            return match[0]
        return " "

    return found, _IN_TEXT.sub(take, text)
