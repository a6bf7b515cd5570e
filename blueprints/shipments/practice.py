"""Three months of sample shipments for practice mode, taken in from a supplier's files."""

import io
import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from random import Random

from sqlalchemy import select

from blueprints.shipments.importing import IMPORT
from blueprints.shipments.inbox import SOURCE
from portal.access.scope import Place
from portal.catalog.models import Product, ProductFacts, ProductPackage
from portal.db import session, unit_of_work
from portal.diary import DAYS, DiaryEvent, Past
from portal.imports.receiving import receive_file
from portal.imports.running import process
from portal.settings import current
from portal.sheets.writer import write_csv

EACH = 18
EVENING = 18 * 60
HEADER = (
    "Shipment ID",
    "ExIS Order Number",
    "Provider PIN",
    "NDC",
    "Manufacturer",
    "Lot Number",
    "Expiration Date",
    "Quantity Shipped",
    "Date Shipped",
    "Carrier",
    "Tracking Number",
)
# NDC of the carton, manufacturer, doses in a carton, beginning of lot numbers, and how many cartons
# come at once. The large carton goes to one delivery in twelve: few clinics use up 1,170 doses.
VACCINES = (
    *(("59267-1000-03", "Pfizer-BioNTech", 150, "EN", (1, 1, 2)),) * 4,
    *(("80777-0273-99", "Moderna", 100, "0", (1, 2, 3)),) * 4,
    *(("59676-0580-15", "Janssen", 50, "18", (1, 2)),) * 3,
    ("59267-1000-02", "Pfizer-BioNTech", 1170, "EL", (1,)),
)
# Every fifth delivery is flu vaccine, in cartons of ten syringes.
FLU, TURNS, SYRINGES = "FLU", 5, 10
# What is shipped after the third month lasts to the next year's June.
SPRING = 3
# Carriers of vaccine take it from Monday to Thursday, so that no box waits over a weekend.
LAST_SHIPPING_DAY = 3


def shipping_days(past: Past) -> Iterator[date]:
    """The days on which something was shipped to each location, the last one yesterday or before
    the weekend."""
    for number in range(EACH):
        day = past.day(1 + (EACH - 1 - number) * DAYS // EACH, past.places[0])
        yield day - timedelta(days=max(day.weekday() - LAST_SHIPPING_DAY, 0))


def diary(past: Past) -> Iterator[DiaryEvent]:
    """The supplier's file comes on the evening of a day on which something was shipped."""
    random, count = Random(650_001), itertools.count(101)
    for number, shipped in enumerate(shipping_days(past)):
        at = past.at(shipped, EVENING + random.randrange(60), past.places[0])
        orders = enumerate(past.places, 4400 + number // 2 * len(past.places))
        boxes = [(next(count), order, place) for order, place in orders]
        yield DiaryEvent(at, partial(_take_in, random, number, shipped, boxes))


def _take_in(
    random: Random, number: int, shipped: date, boxes: list[tuple[int, int, Place]]
) -> None:
    settings = current()
    with unit_of_work():
        season = _season(shipped) if number % TURNS == 1 else None
        rows = [
            _flu(season, shipped, *box) if season else _row(random, number, shipped, *box)
            for box in boxes
        ]
        content = io.BytesIO(b"".join(write_csv(HEADER, rows)))
        name = f"shipments {shipped:%Y-%m-%d}.csv"
        run_id = receive_file(IMPORT, settings, None, name=name, content=content, source=SOURCE).id
    process(settings, run_id)


def _season(day: date) -> tuple[str, str] | None:
    """NDC and manufacturer of the flu vaccine in single-dose syringes that came last in the product
    list; None if it has none."""
    found = session().execute(
        select(ProductPackage.ndc, Product.manufacturer)
        .join(Product, Product.id == ProductPackage.product_id)
        .join(ProductFacts, ProductFacts.product_id == Product.id)
        .where(
            Product.vaccine_group == FLU,
            Product.orderable,
            ProductFacts.doses_per_vial == 1,
            ProductFacts.valid_from <= day,
        )
        .order_by(ProductFacts.valid_from.desc(), Product.id)
        .limit(1)
    )
    row = found.first()
    return (row.ndc, row.manufacturer) if row else None


def _flu(
    season: tuple[str, str], shipped: date, count: int, order: int, place: Place
) -> tuple[object, ...]:
    """Some cartons of the season's flu vaccine, which lasts to the end of a June."""
    ndc, maker = season
    year = shipped.year + (shipped.month > SPRING)
    return (
        *_order(shipped, count, order, place),
        ndc,
        maker,
        f"UT{7000 + count}{'AB'[count % 2]}A",
        date(year, 6, 30),
        SYRINGES * (2 + count % 4),
        shipped,
        "FedEx",
        f"{770000000000 + count * 7919}",
    )


def _order(shipped: date, count: int, order: int, place: Place) -> tuple[str, str, str]:
    """Shipment ID, order number and PIN."""
    return f"SHP-{shipped.year}-{count:06}", f"EX{shipped:%y}-{order:06}", place.pin


def _row(
    random: Random, number: int, shipped: date, count: int, order: int, place: Place
) -> tuple[object, ...]:
    ndc, maker, carton, lot, cartons = random.choice(VACCINES)
    return (
        *_order(shipped, count, order, place),
        ndc,
        maker,
        f"{lot}{random.randrange(1000, 9999)}{'ABJK'[number % 4]}",
        shipped + timedelta(days=random.choice((75, 95, 120, 180, 270))),
        carton * random.choice(cartons),
        shipped,
        ("UPS", "FedEx")[number % 2],
        f"1Z999AA1{random.randrange(10**9, 10**10 - 1)}"
        if number % 2 == 0
        else f"{random.randrange(10**14, 10**15 - 1)}",
    )
