"""The only source of "now". Tests travel in time by patching the system clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# How far the clocks of two machines may differ. What was noted later than this from now was noted
# while a clock ran ahead.
SKEW = timedelta(minutes=1)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def today(zone: str) -> date:
    """The calendar day it is now in the time zone `zone` (an IANA name)."""
    return now().astimezone(ZoneInfo(zone)).date()


def begin_of(day: date, zone: str) -> datetime:
    """The moment at which `day` begins in the time zone `zone`."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone))


def local(moment: datetime, zone: str) -> datetime:
    """`moment` as wall time in the time zone `zone`."""
    return moment.astimezone(ZoneInfo(zone))
