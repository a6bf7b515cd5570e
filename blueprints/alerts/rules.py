"""When the daily e-mail is due."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR = time(7, 0)


def next_due(after: datetime, zone: str) -> datetime:
    """The first 7:00 in the morning in the time zone `zone` after the moment `after`, in UTC.

    On the days when clocks change it is that day's own 7:00.
    """
    place = ZoneInfo(zone)
    day = after.astimezone(place).date()
    while True:
        due = datetime.combine(day, HOUR, place).astimezone(UTC)
        if due > after:
            return due
        day += timedelta(days=1)
