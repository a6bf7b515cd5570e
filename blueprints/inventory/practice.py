"""Sample inventory for practice mode: shipments received and put away, doses given day by day."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from random import Random

from sqlalchemy import select

from blueprints.inventory.adding.deliveries import SEPARATE, Delivery
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind, proposed_name
from blueprints.inventory.services import add_delivery
from blueprints.inventory.storage import put_into
from blueprints.shipments.models import Shipment
from blueprints.shipments.practice import shipping_days
from portal.access.scope import Scope
from portal.catalog.queries import facts_on
from portal.db import session
from portal.diary import FRIDAY, DiaryEvent, Past

# What was shipped so few days ago is still on its way.
UNDERWAY = 4
# From when on the driver comes to each location, and when clinics begin and end; minutes of a day.
DRIVER = range(9 * 60, 11 * 60, 30)
LATE_MORNING, QUARTER_TO_FOUR = 11 * 60, 15 * 60 + 45
# At so many clinics doses of a record are given.
CLINICS = 6
UNITS = {"frozen": "Freezer", "ultra-cold": "Ultra-cold freezer"}
REFRIGERATOR = "Refrigerator 1"


@dataclass(frozen=True)
class Clinics:
    """Which doses of which records are to be given on a day, by location and day."""

    past: Past
    random: Random
    planned: dict[tuple[int, date], list[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )


def diary(past: Past) -> Iterator[DiaryEvent]:
    """Boxes come on the morning after the day on which they were shipped."""
    clinics = Clinics(past, Random(650_002))
    random = clinics.random
    for number, shipped in enumerate(shipping_days(past)):
        for minute, place in zip(DRIVER, past.places, strict=False):
            if shipped < past.day(UNDERWAY, place):
                at = past.at(shipped + timedelta(days=1), minute + random.randrange(25), place)
                receive = partial(_receive, clinics, shipped, number % 7 == 0)
                yield DiaryEvent(at, receive, may="inventory.add", place=place.id)


def _receive(
    clinics: Clinics, shipped: date, incomplete: bool, scope: Scope
) -> Iterator[DiaryEvent]:
    """Add what was shipped on that day, or only half of it, and plan its use."""
    shipments = session().scalars(
        select(Shipment)
        .where(Shipment.location_id == scope.location_id, Shipment.date_shipped == shipped)
        .order_by(Shipment.id)
    )
    for shipment in shipments:
        record = add_delivery(
            scope,
            Delivery(
                product_id=shipment.product_id,
                doses=shipment.doses_shipped // 2 if incomplete else shipment.doses_shipped,
                lot=shipment.lot,
                name=proposed_name(shipment.product_name, shipment.lot),
                serial_number="",
                expiration_date=shipment.expiration_date,
                location_id=scope.location_id,
                shipment_id=shipment.id,
                unable_to_locate_shipment=False,
                duplicate=SEPARATE,
                confirmed=True,
            ),
        )
        put_away(scope, record)
        yield from _use(clinics, scope, record)


def put_away(scope: Scope, record: VaccineInventory) -> None:
    """Put the box of a record where its vaccine belongs."""
    facts = facts_on(record.product_id, scope.today())
    put_into(scope, record, UNITS.get(facts.storage_class if facts else "", REFRIGERATOR))


def _use(clinics: Clinics, scope: Scope, record: VaccineInventory) -> Iterator[DiaryEvent]:
    """Clinics at which doses of a record are given, between the day it came in and today."""
    past, random, received = clinics.past, clinics.random, scope.today()
    left = int(record.doses_total * random.choice((0.0, 0.3, 0.6, 0.85, 0.97)))
    last = min(past.day(0, scope.place), record.expiration_date)
    days = [received + timedelta(days=number) for number in range(max((last - received).days, 1))]
    workdays = [day for day in days if day.weekday() <= FRIDAY]
    for number, day in enumerate(sorted(random.choice(workdays) for _clinic in range(CLINICS))):
        doses = min(left, random.randint(1, 2 * left // (CLINICS - number) + 1))
        left -= doses
        planned = clinics.planned[scope.location_id, day]
        planned.append((record.id, doses))
        if len(planned) == 1:
            at = past.at(day, random.randrange(LATE_MORNING, QUARTER_TO_FOUR), scope.place)
            spend = partial(_spend, planned)
            yield DiaryEvent(at, spend, may="administration.give", place=scope.location_id)


def _spend(planned: Sequence[tuple[int, int]], scope: Scope) -> None:
    """Give what is planned of each record, as far as it is still there."""
    given: list[tuple[int, ledger.Movement]] = []
    for record_id, doses in planned:
        available = session().get_one(VaccineInventory, record_id).doses_available
        if 0 < doses <= available and record_id not in [known for known, _movement in given]:
            movement = ledger.Movement(
                kind=Kind.ADMINISTERED, doses=doses, happened_on=scope.today()
            )
            given.append((record_id, movement))
    if given:
        ledger.post_all(scope.user, given)
