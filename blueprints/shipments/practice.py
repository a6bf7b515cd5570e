"""Three months of sample shipments for practice mode, taken in as a supplier's file would be."""

import io
from datetime import date, timedelta
from random import Random

from sqlalchemy import select

from blueprints.shipments.importing import IMPORT
from portal.clock import today
from portal.db import unit_of_work
from portal.imports.receiving import receive_file
from portal.imports.running import process
from portal.places.models import Location
from portal.settings import current
from portal.sheets.writer import write_csv

DAYS = 90
EACH = 18
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
# Carriers of vaccine take it from Monday to Thursday, so that no box waits over a weekend.
LAST_SHIPPING_DAY = 3


def fill() -> None:
    """Take in the sample file."""
    settings = current()
    day = today(settings.time_zone)
    with unit_of_work() as session:
        pins = list(session.scalars(select(Location.pin).order_by(Location.pin)))
        content = io.BytesIO(b"".join(write_csv(HEADER, _rows(pins, day, Random(650_001)))))
        run_id = receive_file(
            IMPORT, settings, None, name="practice shipments.csv", content=content, source="command"
        ).id
    process(settings, run_id)


def _rows(pins: list[str], day: date, random: Random) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for pin in pins:
        for number in range(EACH):
            ndc, maker, carton, lot, cartons = random.choice(VACCINES)
            shipped = day - timedelta(days=DAYS - number * DAYS // EACH)
            shipped -= timedelta(days=max(shipped.weekday() - LAST_SHIPPING_DAY, 0))
            count = len(rows) + 101
            rows.append(
                (
                    f"SHP-{shipped.year}-{count:06}",
                    f"EX{shipped:%y}-{4400 + count // 2:06}",
                    pin,
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
            )
    return rows
