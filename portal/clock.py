"""The only source of "now". Tests travel in time by patching the system clock.

While the sample clinics of practice mode are filled the clock is put to the moments that they live
through (`practice_clock`). Nothing else ever moves it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from portal.settings import Settings

# How far the clocks of two machines may differ. What was noted later than this from now was noted
# while a clock ran ahead.
SKEW = timedelta(minutes=1)

_lived_through: ContextVar[datetime | None] = ContextVar("lived_through", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _lived_through.get() or datetime.now(UTC)


@contextmanager
def practice_clock(settings: "Settings") -> Iterator[Callable[[datetime], None]]:
    """A clock that is put from one moment of the past to the next by the function it gives; only
    for whatever runs within, and only where practice mode is filled. Afterwards it is the present.

    Raises `RuntimeError` for an instance that is not a practice instance, where doses and people
    are real, and `ValueError` for a moment that lies ahead or before the last one.
    """
    if not settings.practice:
        raise RuntimeError("The clock of a portal with real data cannot be moved.")
    present = datetime.now(UTC)

    def put_to(moment: datetime) -> None:
        last = _lived_through.get()
        if moment > present or (last is not None and moment < last):
            raise ValueError(f"the clock cannot be put from {last} to {moment}")
        _lived_through.set(moment.astimezone(UTC))

    before = _lived_through.set(None)
    try:
        yield put_to
    finally:
        _lived_through.reset(before)


def today(zone: str) -> date:
    """The calendar day it is now in the time zone `zone` (an IANA name)."""
    return now().astimezone(ZoneInfo(zone)).date()


def begin_of(day: date, zone: str) -> datetime:
    """The moment at which `day` begins in the time zone `zone`."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone))


def local(moment: datetime, zone: str) -> datetime:
    """`moment` as wall time in the time zone `zone`."""
    return moment.astimezone(ZoneInfo(zone))
