"""What `components/calendar.html` shows: a month of days, and the hours of one of them.

A day or hour with an `href` can be chosen. One without says why in `reason`, a sentence, and in
`note`, a word or two for where there is little room.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from babel.dates import format_skeleton, get_day_names
from flask_babel import get_locale

SUNDAY = 6


@dataclass(frozen=True)
class DayCell:
    """A day of the calendar; of one that can be chosen `reason` says how many places it has."""

    day: date
    href: str = ""
    note: str = ""
    reason: str = ""
    chosen: bool = False

    @property
    def name(self) -> str:
        """The day's accessible name: Friday, March 5: 12 places."""
        return f"{long_day(self.day)}: {self.reason}" if self.reason else long_day(self.day)

    @property
    def number(self) -> str:
        """What stands in its cell."""
        return str(self.day.day)


@dataclass(frozen=True)
class HourCell:
    """A time of the chosen day, as text."""

    text: str
    href: str = ""
    note: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Month:
    """Days one after another below a title; weeks begin on Sunday. `earlier` and `later` are the
    addresses of the months before and after, empty where there is nothing."""

    title: str
    cells: Sequence[DayCell]
    earlier: str = ""
    later: str = ""

    @property
    def start(self) -> int:
        """In which column of the week the first day stands, from 1."""
        return (self.cells[0].day.weekday() - SUNDAY) % 7 + 1

    @property
    def weekdays(self) -> list[str]:
        """The short names of the days of the week."""
        names = get_day_names("abbreviated", locale=get_locale() or "en")
        return [names[(SUNDAY + number) % 7] for number in range(7)]

    @property
    def reasons(self) -> list[str]:
        """What is to be said of days that cannot be chosen beyond the words in their cells."""
        found = [cell.reason for cell in self.cells if not cell.href and len(cell.reason) > 24]
        return list(dict.fromkeys(found))


def long_day(day: date) -> str:
    """A day as people say it: Friday, March 5."""
    return _long_day(day, str(get_locale() or "en"))


@lru_cache(1_000)
def _long_day(day: date, locale: str) -> str:
    # Not in one skeleton: for some languages that shortens the name of the day.
    name = get_day_names("wide", locale=locale)[day.weekday()]
    return f"{name}, {format_skeleton('MMMMd', day, locale=locale)}"


def month_title(day: date) -> str:
    """The month of a day: March 2027."""
    return format_skeleton("yMMMM", day, locale=get_locale() or "en")
