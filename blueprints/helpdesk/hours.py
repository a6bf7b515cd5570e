"""Hours of the help line: clocks of cases run only while somebody is there."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LINE = re.compile(
    r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? "
    r"(?P<from>\d{1,2}:\d{2})-(?P<to>\d{1,2}:\d{2})"
)
# A clock that no hour of two years moves would never end.
FARTHEST = 800

Week = Mapping[int, Sequence[tuple[time, time]]]


def read_week(lines: Sequence[str]) -> Week:
    """The hours of each weekday (0 is Monday) from lines such as "mon-fri 7:00-19:00".

    Raises `ValueError` with a sentence for a line that cannot be read, and for a week without an
    hour.
    """
    week: dict[int, list[tuple[time, time]]] = {}
    for line in lines:
        found = LINE.fullmatch(line.strip().lower())
        if found is None or {found["first"], found["last"] or found["first"]} - set(DAYS):
            raise ValueError(f'{line!r} is not like "mon-fri 7:00-19:00".')
        first, last = DAYS.index(found["first"]), DAYS.index(found["last"] or found["first"])
        opens, closes = _clock(found["from"]), _clock(found["to"])
        if first > last or opens >= closes:
            raise ValueError(f"{line!r} ends before it begins.")
        for day in range(first, last + 1):
            week.setdefault(day, []).append((opens, closes))
    if not week:
        raise ValueError("The help line needs at least one hour a week.")
    return {day: sorted(spans) for day, spans in week.items()}


def _clock(text: str) -> time:
    hour, minute = map(int, text.split(":"))
    return time(hour, minute)


def after_hours(start: datetime, hours: float, *, week: Week, zone: str) -> datetime:
    """The moment when so many open hours have passed since `start`."""
    left = timedelta(hours=hours)
    for begins, ends in _spans(start, week, zone):
        begins = max(begins, start)
        if ends - begins >= left:
            return begins + left
        left -= max(ends - begins, timedelta())
    return start + timedelta(days=FARTHEST)


def open_between(start: datetime, end: datetime, *, week: Week, zone: str) -> timedelta:
    """How much open time lies between two moments."""
    passed = timedelta()
    for begins, ends in _spans(start, week, zone):
        if begins >= end:
            break
        passed += max(min(ends, end) - max(begins, start), timedelta())
    return passed


def _spans(start: datetime, week: Week, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """The open spans that end after `start`, as moments in UTC: the changes of clocks count."""
    here = ZoneInfo(zone)
    day = start.astimezone(here).date()
    for _number in range(FARTHEST):
        for opens, closes in week.get(day.weekday(), ()):
            begins, ends = _moment(day, opens, here), _moment(day, closes, here)
            if ends > start:
                yield begins, ends
        day += timedelta(days=1)


def _moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)
