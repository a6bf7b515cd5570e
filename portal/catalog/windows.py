"""When a further dose may be given, by the facts of the product (SPEC G4).

Facts say intervals as people wrote them down: "21", or for three doses "21 (1->2); 56 (2->3)", one
interval after another.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

WHOLE = re.compile(r"\s*(\d+)")
FIRST_WITH_INTERVAL = 2


class Intervals(Protocol):
    """What is asked of a product's facts."""

    @property
    def series_doses(self) -> int | None: ...
    @property
    def recommended_interval_days(self) -> str: ...
    @property
    def grace_days(self) -> int | None: ...
    @property
    def absolute_min_interval_days(self) -> str: ...
    @property
    def max_recommended_interval_days(self) -> str: ...


@dataclass(frozen=True)
class Window:
    """The days of a dose: before `minimum` it does not count, from `earliest` on it is offered,
    `recommended` is best, and it should be given by `latest` (None: no such day is known)."""

    minimum: date
    earliest: date
    recommended: date
    latest: date | None


def window(facts: Intervals, dose_number: int, previous_day: date) -> Window | None:
    """The days of dose `dose_number` if the dose before it was given on `previous_day`.

    None where the series has no such dose, or nobody told the portal its interval. The earliest day
    is the recommended one less the days of grace, but not before the minimum.
    """
    if dose_number < FIRST_WITH_INTERVAL or dose_number > (facts.series_doses or 0):
        return None
    recommended = _interval(facts.recommended_interval_days, dose_number)
    if recommended is None:
        return None
    grace = facts.grace_days or 0
    minimum = _interval(facts.absolute_min_interval_days, dose_number)
    if minimum is None:
        minimum = recommended - grace
    latest = _interval(facts.max_recommended_interval_days, dose_number)
    return Window(
        minimum=previous_day + timedelta(days=minimum),
        earliest=previous_day + timedelta(days=max(minimum, recommended - grace)),
        recommended=previous_day + timedelta(days=recommended),
        latest=previous_day + timedelta(days=latest) if latest is not None else None,
    )


def _interval(text: str, dose_number: int) -> int | None:
    """The days between dose `dose_number` and the one before it; None where nothing is said."""
    found = list(_numbers(text))
    place = dose_number - FIRST_WITH_INTERVAL
    return found[place] if place < len(found) else None


def _numbers(text: str) -> Iterator[int]:
    for part in text.split(";"):
        number = WHOLE.match(part)
        if number:
            yield int(number[1])
