"""Transfers for `bench.lists`: between two clinics, one record in each box, listed at both."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from portal.searching.text import join

Rows = Iterator[tuple[Any, ...]]
SORTS = ("number", "sent", "sender", "receiver", "product", "lot", "doses", "status")
STATES = (*["received"] * 46, "refused", "cancelled", "partly_refused", "in_transit")
PRODUCTS = (
    ("Pfizer-BioNTech COVID-19 Vaccine", "Pfizer"),
    ("Moderna COVID-19 Vaccine", "Moderna"),
    ("Janssen COVID-19 Vaccine", "Janssen"),
    ("Comirnaty 12 years and older", "Pfizer"),
    ("Spikevax Bivalent", "Moderna"),
)
MOMENT = "2026-11-01 12:00:00+00:00"


def sent_on(number: int) -> date:
    """The day a transfer left."""
    return date(2021, 1, 1) + timedelta(days=number * 7919 % 1500)


def lot_of(number: int, rows: int) -> str:
    """The lot of a transfer; every lot was sent twenty times."""
    lots = max(rows // 20, 1)
    return f"E{'KLMNPRTW'[number * 7919 % lots % 8]}{number * 7919 % lots:05}"


def documents(rows: int) -> Rows:
    """What was submitted."""
    for number in range(1, rows + 1):
        place = 1 + number % 2
        yield number, "transfer", place, sent_on(number), "surplus", "", "", MOMENT, 1


def transfers(rows: int) -> Rows:
    """From the first clinic to the second, and back."""
    for number in range(1, rows + 1):
        here = 1 + number % 2
        yield number, number, here, 3 - here, sent_on(number), MOMENT


def sides(rows: int) -> Rows:
    """What each of the two reads of them."""
    chance = random.Random(7)
    for number in range(1, rows + 1):
        here = 1 + number % 2
        product, maker = chance.choice(PRODUCTS)
        state, doses, lot = chance.choice(STATES), chance.randrange(1, 40) * 5, lot_of(number, rows)
        for way, place in (("out", here), ("in", 3 - here)):
            there = 3 - place
            found = join((f"T-{number:06}", f"Clinic {there}", f"NCA65000{there}"))
            yield (
                number * 2 - (way == "out"),
                number,
                place,
                way,
                number,
                f"T-{number:06}",
                sent_on(number),
                f"Clinic {here}",
                f"Clinic {3 - here}",
                product,
                lot,
                doses,
                state,
                f"{found}\x1f{join((product, maker, lot))}",
            )


SIDE = (
    "id, transfer_id, location_id, direction, document_id, number, sent_on, sender, receiver, "
    "product, lot, doses, state, search"
)
TABLES: Sequence[tuple[str, str, Callable[[int], Rows]]] = (
    (
        "stock_document",
        "id, kind, location_id, happened_on, reason, vial, note, created_at, created_by_id",
        documents,
    ),
    (
        "transfer",
        "id, document_id, from_location_id, to_location_id, sent_on, created_at",
        transfers,
    ),
    (
        "transfer_side",
        SIDE,
        sides,
    ),
)


def requests(lot: str) -> dict[str, str]:
    """What is asked for, by name."""
    made = {"first": "view=all"}
    made |= {f"by {key}": f"view=all&sort={key}" for key in SORTS}
    made |= {f"by {key}, last": f"view=all&sort=-{key}&before=end" for key in ("status", "lot")}
    return made | {
        "last": "view=all&before=end",
        "ties, middle": "view=all&sort=status&after=received~300000",
        "on their way here": "view=inbound",
        "sent from here": "view=outbound",
        "sent from here, by product": "view=outbound&sort=product",
        "search, ~20 hits": f"view=all&q={lot}",
        "search, product": "view=all&q=pfizer",
        "search, two letters": "view=all&q=zq",
        "search, nothing": "view=all&q=nothing-like-it",
        "search, a day": "view=all&q=2/3/2021",
        "search, received": "view=all&q=received",
        "search, in transit": "view=all&q=in+transit",
        "recently viewed": "view=recent",
    }
