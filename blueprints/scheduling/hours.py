"""Hours as people write them: "8:00 AM – 12:00 PM, 1:00 PM – 5:00 PM"."""

import re
from collections.abc import Iterable

from blueprints.scheduling.rules import Hours, check_hours
from portal.errors import Invalid
from portal.i18n import _

RANGES = re.compile(r"[,;\n]| and | & ")
BETWEEN = re.compile(r" ?(?:[-–—]| to | until ) ?")
CLOCK = re.compile(r"(\d{1,2})(?:[:.]?(\d{2}))? ?(?:([ap])\.?(?: ?m)?\.?)?")
NAMED = {"noon": 720, "midnight": 1440}
NOON = 12
HALF_DAY = 720
MOST_RANGES = 6


def parse_hours(text: str, *, field: str = "hours") -> tuple[Hours, ...]:
    """The ranges in `text`, in order; none for blank text or "closed".

    Raises `Invalid` on `field` for what is no time of day, has no AM or PM where it needs one, ends
    before it begins or overlaps.
    """
    plain = " ".join(text.casefold().split())
    if plain in {"", "closed", "-"}:
        return ()
    parts = [part.strip() for part in RANGES.split(plain) if part.strip()]
    if len(parts) > MOST_RANGES:
        raise _unclear(field)
    return check_hours([_range(part, field) for part in parts], field=field)


def _range(text: str, field: str) -> Hours:
    ends = BETWEEN.split(text)
    if len(ends) != 2:  # noqa: PLR2004
        raise _unclear(field)
    opens, closes = (_minute(end.strip(), field) for end in ends)
    # Midnight is the end of the day where a range ends with it, and its beginning else.
    return Hours(0 if opens == 2 * HALF_DAY else opens, closes or 2 * HALF_DAY)


def _minute(text: str, field: str) -> int:
    if text in NAMED:
        return NAMED[text]
    found = CLOCK.fullmatch(text)
    if found is None:
        raise _unclear(field)
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
    most = NOON if half else 2 * NOON
    if hour > most or minute > 59 or (half and not hour) or (hour == 2 * NOON and minute):  # noqa: PLR2004
        raise _unclear(field)
    if half:
        return hour % NOON * 60 + minute + (HALF_DAY if half == "p" else 0)
    if 0 < hour <= NOON:
        raise Invalid(_("Add AM or PM to each time, for example 8:00 AM – 5:00 PM."), field=field)
    return hour * 60 + minute


def _unclear(field: str) -> Invalid:
    return Invalid(_("Enter hours such as 8:00 AM – 12:00 PM, 1:00 PM – 5:00 PM."), field=field)


def clock_text(minute: int) -> str:
    """A minute of the day as clocks show it: 9:05 AM; the end of the day is 12:00 AM."""
    hour, rest = divmod(minute % (2 * HALF_DAY), 60)
    return f"{hour % NOON or NOON}:{rest:02} {'PM' if hour >= NOON else 'AM'}"


def hours_text(hours: Iterable[Hours]) -> str:
    """Ranges as `parse_hours` reads them; blank for none."""
    return ", ".join(f"{clock_text(each.opens)} – {clock_text(each.closes)}" for each in hours)
