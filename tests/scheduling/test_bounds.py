"""Doses bound the bookings (SPEC G12): as plain values, against a model that tries every way."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from blueprints.scheduling.bounds import DoseBook, Promised, UsableDoses, shortages
from tests.effort import amount

TODAY = date(2026, 12, 1)
Lot = tuple[int, int, int]
Booking = tuple[int, int | None]


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def book_of(lots: list[Lot], bookings: list[Booking], products: frozenset[int]) -> DoseBook:
    made = DoseBook(TODAY, [UsableDoses(1, p, day(last), n) for p, last, n in lots], products)
    for on, product in bookings:
        made.promise(day(on), product)
    return made


def served(lots: list[Lot], bookings: list[Booking], products: frozenset[int]) -> list[bool]:
    """Who gets a dose, the earlier first, if doses are handed round as long as that helps."""
    doses = [(product, last) for product, last, count in lots for _one in range(count)]
    holder: dict[int, int] = {}

    def fits(booking: Booking, dose: tuple[int, int]) -> bool:
        on, product = booking
        if product is None:
            return dose[1] >= on and (not products or dose[0] in products)
        return dose[1] >= on and dose[0] == product

    def give(number: int, seen: set[int]) -> bool:
        for which, dose in enumerate(doses):
            if which in seen or not fits(bookings[number], dose):
                continue
            seen.add(which)
            if which not in holder or give(holder[which], seen):
                holder[which] = number
                return True
        return False

    return [give(number, set()) for number in range(len(bookings))]


LOTS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 6), st.integers(1, 3)), max_size=5)
WANTS = st.tuples(st.integers(0, 7), st.sampled_from([None, None, 1, 2, 3]))
PRODUCTS = st.sampled_from([frozenset[int](), frozenset({1}), frozenset({1, 2})])


@settings(max_examples=amount(short=150, full=3_000))
@given(LOTS, st.lists(WANTS, max_size=8), PRODUCTS, WANTS)
def test_as_many_are_free_as_can_be_served_with_all_others(
    lots: list[Lot], wants: list[Booking], products: frozenset[int], one: Booking
) -> None:
    kept: list[Booking] = []
    for want in wants:
        if all(served(lots, [*kept, want], products)):
            kept.append(want)
    free = book_of(lots, kept, products).free(day(one[0]), one[1])
    assert all(served(lots, [*kept, *[one] * free], products))
    assert not all(served(lots, [*kept, *[one] * (free + 1)], products))


@settings(max_examples=amount(short=150, full=3_000))
@given(LOTS, st.lists(WANTS, max_size=10), PRODUCTS)
def test_shortages_are_of_those_who_come_after_the_last_dose(
    lots: list[Lot], wants: list[Booking], products: frozenset[int]
) -> None:
    ordered = sorted(wants, key=lambda want: (want[0], want[1] is None))
    got = served(lots, ordered, products)
    missing: dict[date, int] = {}
    for want, has in zip(ordered, got, strict=True):
        if not has:
            missing[day(want[0])] = missing.get(day(want[0]), 0) + 1
    promised = [Promised(1, day(on), product) for on, product in wants]
    found = shortages(book_of(lots, [], products), promised, TODAY)
    assert {each.day: each.missing for each in found} == missing


def test_a_dose_that_expires_is_for_whoever_comes_before() -> None:
    book = book_of([(1, 3, 2), (1, 6, 1)], [(2, None), (3, None)], frozenset())
    assert [book.free(day(on)) for on in (0, 3, 4, 6, 7)] == [1, 1, 1, 1, 0]


def test_what_a_later_day_was_promised_is_not_given_sooner() -> None:
    book = book_of([(1, 6, 1)], [(6, None)], frozenset())
    assert book.free(day(0)) == 0
