"""Days and times as cells of the calendar component."""

from calendar import monthrange
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, timedelta

from blueprints.scheduling.hours import clock_text
from blueprints.scheduling.queries import Day, Time, Why
from portal.i18n import ngettext
from portal.web.calendar import DayCell, HourCell, Month, month_title


def month_bounds(day: date) -> tuple[date, date]:
    """The first and the last day of the month of `day`."""
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def month_before(day: date) -> date:
    """A day of the month before that of `day`."""
    return day.replace(day=1) - timedelta(days=1)


def month_after(day: date) -> date:
    """The first day of the month after that of `day`."""
    return month_bounds(day)[1] + timedelta(days=1)


def month_of(
    days: Sequence[Day],
    link: Callable[[date], str],
    *,
    chosen: date | None = None,
    earlier: str = "",
    later: str = "",
    also: Collection[Why] = (),
) -> Month:
    """The days of a month; `link` gives the address of one that can be chosen. Days that cannot
    for one of the reasons `also` are links all the same."""
    return Month(
        title=month_title(days[0].day),
        cells=[_day_cell(day, link, chosen, also) for day in days],
        earlier=earlier,
        later=later,
    )


def _day_cell(
    day: Day, link: Callable[[date], str], chosen: date | None, also: Collection[Why]
) -> DayCell:
    if not day.free:
        note = "" if day.why is Why.OVER else day.why.label
        href = link(day.day) if day.why in also else ""
        return DayCell(
            day.day,
            href=href,
            note=note,
            reason=day.reason,
            chosen=bool(href) and day.day == chosen,
        )
    return DayCell(
        day.day,
        href=link(day.day),
        note=f"{day.free:,}",
        reason=places_text(day.free),
        chosen=day.day == chosen,
    )


def hours_of(times: Iterable[Time], link: Callable[[Time], str]) -> list[HourCell]:
    """The times of a day; `link` gives the address of one that can be chosen, or nothing."""
    return [
        HourCell(
            clock_text(time.minute),
            href=link(time) if time.free else "",
            note=places_text(time.free) if time.free else time.why.label,
            reason=time.reason,
        )
        for time in times
    ]


def places_text(free: int) -> str:
    """How many places are free, in words."""
    return ngettext("%(num)s place", "%(num)s places", free)
