"""How many more appointments the usable doses allow, over plain values (SPEC G12).

A dose serves an appointment on any day through its last one. So the doses suffice exactly if for
every day there are as many doses usable on it or later as appointments on it or later; for each
product as well, because a second dose is of the product of the first. Both sums only need to be
looked at where a lot has expired.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

ANY = None


@dataclass(frozen=True)
class UsableDoses:
    """Doses of a product at a location that can be given through `last_day`."""

    location_id: int
    product_id: int
    last_day: date
    doses: int


@dataclass(frozen=True)
class Promised:
    """So many appointments on a day; `product_id` is None where any offered product will do."""

    location_id: int
    day: date
    product_id: int | None
    count: int = 1


@dataclass(frozen=True)
class Shortage:
    """A day with more appointments than doses: how many there are, and for how many none is left
    once everybody before them got one."""

    day: date
    booked: int
    missing: int


class DoseBook:
    """Doses and appointments of one location from `today` on. `products` are those that anybody
    can be given; none means all."""

    def __init__(
        self, today: date, usable: Iterable[UsableDoses], products: frozenset[int] = frozenset()
    ) -> None:
        self.products = products
        lots = [lot for lot in usable if lot.last_day >= today]
        # The first day, and those on which there is less than the day before.
        self.marks = sorted({today, *(lot.last_day + timedelta(days=1) for lot in lots)})
        # Of each product, the doses usable from each mark on without those promised from then on.
        self.balance: dict[int, list[int]] = defaultdict(self._zeros)
        for lot in lots:
            self._add(self.balance[lot.product_id], lot.last_day, lot.doses)
        self.wanted = self._zeros()

    def _zeros(self) -> list[int]:
        return [0] * len(self.marks)

    def _add(self, row: list[int], day: date, count: int) -> None:
        """Count something that lasts through `day` at every mark until then."""
        for number in range(bisect_right(self.marks, day)):
            row[number] += count

    def promise(self, day: date, product_id: int | None, count: int = 1) -> None:
        """Take `count` more appointments on that day into the books; fewer than none takes them
        out."""
        if product_id is ANY:
            self._add(self.wanted, day, count)
        else:
            self._add(self.balance[product_id], day, -count)

    def free(self, day: date, product_id: int | None = ANY) -> int:
        """How many more appointments on `day` there are doses for, that of this product or any."""
        last = bisect_right(self.marks, day) - 1
        if last < 0:
            return 0
        # A dose for a later day can be given sooner, so the least from today on counts.
        spare = {product: list(accumulate(row, min)) for product, row in self.balance.items()}
        offered = [row for product, row in spare.items() if self._is_offered(product)]
        left: list[int] = [
            sum(here) - want for *here, want in zip(*offered, self.wanted, strict=True)
        ]
        if product_id is ANY:
            return max(0, min(left[: last + 1]))
        own = spare.get(product_id)
        if own is None:
            return 0
        most: int = own[last]
        if self._is_offered(product_id):
            most = min(most, *left[: last + 1])
            # What is taken here may be missing where others of a later day count on it.
            for number in range(last + 1, len(self.marks)):
                later = min(self.balance[product_id][last + 1 : number + 1])
                most = min(most, own[last] - min(later, own[number] - left[number]))
        return max(0, most)

    def _is_offered(self, product_id: int) -> bool:
        return not self.products or product_id in self.products


def shortages(book: DoseBook, promised: Iterable[Promised], today: date) -> list[Shortage]:
    """The days from today on with more appointments than doses. `book` has no promises yet."""
    by_day: dict[date, list[Promised]] = defaultdict(list)
    for each in promised:
        if each.day >= today:
            by_day[each.day].append(each)
    found = []
    for day in sorted(by_day):
        booked = missing = 0
        # Whoever needs one product comes before those who can be given any.
        for each in sorted(by_day[day], key=lambda one: one.product_id is ANY):
            served = min(each.count, book.free(day, each.product_id))
            book.promise(day, each.product_id, served)
            booked += each.count
            missing += each.count - served
        if missing:
            found.append(Shortage(day, booked, missing))
    return found
