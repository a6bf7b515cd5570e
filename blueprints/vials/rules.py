"""How long a punctured vial may be used, and which vial a dose came from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class VialState(StrEnum):
    """What became of a vial."""

    OPEN = "open"
    USED_UP = "used_up"
    WASTED = "wasted"


# One duration and nothing that would make it another: "6 hours", "12 h after first puncture",
# "6 h at 2..25 C after dilution", "6 h (12 h from 2021-04)".
LIMIT = re.compile(
    r"(?P<number>[1-9][0-9]{0,2}) ?(?P<unit>min|minutes?|h|hours?|d|days?)"
    r"(?: at [0-9]{1,2}\.\.[0-9]{1,2} C)?"
    r"(?: after (?:first puncture|puncture|dilution))?"
    r"(?: \((?P<later>[1-9][0-9]{0,2}) (?P<later_unit>h|d) from (?P<since>20[0-9]{2}-[01][0-9])\))?"
)
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def limit_of(text: str, day: date) -> timedelta | None:
    """How long after its puncture on `day` a vial may be used, by the words of the product data.

    None for no words, and for all that leave a choice: two temperatures, other labels. A longer
    limit that holds "from" a month counts after that month, whose day nobody told.
    """
    found = LIMIT.fullmatch(text.strip())
    if found is None:
        return None
    since = found["since"]
    if since and f"{day:%Y-%m}" > since:
        return _duration(found["later"], found["later_unit"])
    return _duration(found["number"], found["unit"])


def _duration(number: str, unit: str) -> timedelta:
    return timedelta(**{UNITS[unit[0]]: int(number)})


@dataclass(frozen=True)
class Punctured:
    """A vial as a dose may have come from it. `same_day` says that it was punctured on the day of
    the dose, `empty` that nothing is left in it, `own` that whoever gave the dose punctured it."""

    id: int
    punctured_at: datetime
    beyond_use_at: datetime | None
    same_day: bool
    empty: bool
    own: bool = False


def vial_of(vials: Sequence[Punctured], at: datetime, limit: timedelta | None) -> int | None:
    """The vial that a dose given `at` came from. None: one was opened for it.

    Of the vials in use then it is the one that whoever gave the dose punctured, else the one
    punctured first; else one that was noted as punctured later, but within the limit (without a
    limit: on the same day). Its clock began earlier, then.
    """
    usable = [one for one in vials if not one.empty and may_hold(one, at, limit)]
    usable.sort(key=lambda one: (not one.own, one.punctured_at, one.id))
    return usable[0].id if usable else None


def may_hold(one: Punctured, at: datetime, limit: timedelta | None) -> bool:
    """Whether a dose given `at` can have come from this vial, by the clock."""
    if one.punctured_at <= at:
        return one.beyond_use_at is None or at < one.beyond_use_at
    return (one.punctured_at < at + limit) if limit else one.same_day


def left_in(doses: int | None, taken: int, wasted: int, available: int) -> int:
    """The doses left in a vial: what is neither taken nor wasted, and never more than are
    available on the record. Of a vial whose doses are not known: those available."""
    if doses is None:
        return max(0, available)
    return max(0, min(doses - taken - wasted, available))
