"""Coolers of the sample clinics: each lent one a month ago, which came back, and one lately."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

from clinic_coolers.services import get_cooler, lend, take_back

from portal.access.scope import Scope
from portal.clock import now
from portal.diary import DiaryEvent, Past

MAY = "coolers.lend"


def diary(past: Past) -> Iterator[DiaryEvent]:
    """Lend two coolers at each location."""
    for place in past.places:
        for back, due in ((30, 12), (8, -20)):
            at = past.at(past.workday(back, place), 10 * 60 + 30, place)
            go = partial(_lend, f"{place.name} {back}", past.day(due, place))
            yield DiaryEvent(at, go, may=MAY, place=place.id)


def _lend(label: str, due_on: date, scope: Scope) -> Iterator[DiaryEvent]:
    cooler = lend(
        scope.location_id, label=label, borrower="ann@example.org", pager="", due_on=due_on
    )
    comes_back = partial(_take_back, cooler.id)
    yield DiaryEvent(now() + timedelta(days=18), comes_back, may=MAY, place=scope.location_id)


def _take_back(number: int, scope: Scope) -> None:
    take_back(get_cooler(scope, number))
