"""The usable doses of locations, and the appointments that were promised some (SPEC G12).

Doses come from whoever fills the slot `schedule.doses`, appointments from `schedule.promises`, or
else from the places that are taken. Where nobody counts doses only places count.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from blueprints.scheduling.bounds import DoseBook, Promised, Shortage, UsableDoses, shortages
from blueprints.scheduling.models import Schedule, ScheduleProduct, Slot
from blueprints.scheduling.rules import DosesBound
from portal.db import session
from portal.module import current, load

DOSES, PROMISES = "schedule.doses", "schedule.promises"


@dataclass(frozen=True)
class DosesAsked:
    """The subject of both slots: which locations, and from which day on."""

    location_ids: tuple[int, ...]
    first: date


@dataclass(frozen=True)
class Wish:
    """What a place is wanted for: a dose of this product, or any. `leaves` is the appointment that
    moves, whose own dose is free again."""

    product_id: int | None = None
    leaves: Promised | None = None


ANYTHING = Wish()


def are_counted() -> bool:
    """Whether any module counts doses."""
    return bool(current().fills(DOSES))


def _asked(slot: str, asked: DosesAsked) -> list[Any]:
    found: list[Any] = []
    for fill in current().fills(slot):
        found += load(fill.function)(None, asked)["rows"]
    return found


def _usable(asked: DosesAsked) -> list[UsableDoses]:
    return [UsableDoses(*row) for row in _asked(DOSES, asked)]


def _promised(asked: DosesAsked) -> list[Promised]:
    if current().fills(PROMISES):
        return [Promised(*row) for row in _asked(PROMISES, asked)]
    rows = session().execute(
        select(Slot.location_id, Slot.day, func.sum(Slot.taken))
        .where(Slot.location_id.in_(asked.location_ids), Slot.day >= asked.first, Slot.taken > 0)
        .group_by(Slot.location_id, Slot.day)
    )
    return [Promised(place, day, None, int(count)) for place, day, count in rows]


def _products(location_ids: Collection[int]) -> dict[int, frozenset[int]]:
    rows = session().execute(
        select(Schedule.location_id, ScheduleProduct.product_id)
        .join(ScheduleProduct, ScheduleProduct.schedule_id == Schedule.id)
        .where(Schedule.location_id.in_(location_ids))
    )
    found: dict[int, set[int]] = {}
    for place, product in rows:
        found.setdefault(place, set()).add(product)
    return {place: frozenset(products) for place, products in found.items()}


def books_of(todays: Mapping[int, date], wish: Wish = ANYTHING) -> dict[int, DoseBook]:
    """The books of locations, given the present day of each: three statements for any number."""
    if not todays:
        return {}
    asked = DosesAsked(tuple(sorted(todays)), min(todays.values()))
    usable, promised = _usable(asked), _promised(asked)
    products = _products(asked.location_ids)
    books = {
        place: DoseBook(
            today,
            [each for each in usable if each.location_id == place],
            products.get(place, frozenset()),
        )
        for place, today in todays.items()
    }
    for each in promised:
        books[each.location_id].promise(each.day, each.product_id, each.count)
    left = wish.leaves
    if left is not None and left.location_id in books:
        books[left.location_id].promise(left.day, left.product_id, -left.count)
    return books


def book_of(location_id: int, today: date, wish: Wish = ANYTHING) -> DoseBook:
    """The books of one location."""
    return books_of({location_id: today}, wish)[location_id]


def short_days(location_id: int, today: date, bound: str) -> list[Shortage]:
    """The days from today on on which the location has promised more doses than it has; none where
    its schedule does not mind."""
    if bound == DosesBound.OFF or not are_counted():
        return []
    asked = DosesAsked((location_id,), today)
    products = _products(asked.location_ids).get(location_id, frozenset())
    return shortages(DoseBook(today, _usable(asked), products), _promised(asked), today)
