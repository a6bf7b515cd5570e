"""Sample inventory for practice mode: shipments received, doses given, wasted and returned."""

from datetime import date, timedelta
from random import Random

from sqlalchemy import select

from blueprints.inventory.adding.deliveries import SEPARATE, Delivery
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind, proposed_name
from blueprints.inventory.services import add_delivery
from blueprints.shipments.models import Shipment
from portal.access.scope import Scope
from portal.accounts.practice import manager_of
from portal.db import session, unit_of_work
from portal.places.models import Location

UNDERWAY = timedelta(days=6)
FRIDAY = 4


def fill() -> None:
    """Receive all but the newest shipments and use up a part of their doses."""
    random = Random(650_002)
    with unit_of_work(write=False) as current:
        locations = list(current.scalars(select(Location.id).order_by(Location.id)))
    for location_id in locations:
        with unit_of_work():
            scope = manager_of(location_id)
            if scope is not None:
                _receive(scope, random)


def _receive(scope: Scope, random: Random) -> None:
    day = scope.today()
    shipments = session().scalars(
        select(Shipment)
        .where(Shipment.location_id == scope.location_id, Shipment.date_shipped <= day - UNDERWAY)
        .order_by(Shipment.date_shipped, Shipment.id)
    )
    for number, shipment in enumerate(shipments):
        part = shipment.doses_shipped if number % 7 else shipment.doses_shipped // 2
        record = add_delivery(
            scope,
            Delivery(
                product_id=shipment.product_id,
                doses=part,
                lot=shipment.lot,
                name=proposed_name(shipment.product_name, shipment.lot),
                serial_number="",
                expiration_date=shipment.expiration_date,
                location_id=scope.location_id,
                shipment_id=shipment.id,
                unable_to_locate_shipment=False,
                received_on=shipment.date_shipped + timedelta(days=2),
                duplicate=SEPARATE,
                confirmed=True,
            ),
        )
        _use(scope, record, random, shipment.date_shipped + timedelta(days=2), day)


def _use(scope: Scope, record: VaccineInventory, random: Random, received: date, day: date) -> None:
    """Spend doses of a record between the day it came in and today."""
    left = int(record.doses_total * random.choice((0.0, 0.3, 0.6, 0.85, 0.97)))
    last = min(day, record.expiration_date)
    days = max((last - received).days, 1)
    clinics = sorted(
        _workday(received + timedelta(days=random.randrange(days)), received)
        for _clinic in range(7)
    )
    for number, clinic in enumerate(clinics):
        doses = min(left, random.randint(1, 2 * left // (len(clinics) - number) + 1))
        _spend(scope, record, Kind.ADMINISTERED, doses, clinic)
        left -= doses
    _spend(scope, record, Kind.WASTED, random.choice((0, 0, 1, 3)), clinics[-1], "open_vial")


def _workday(day: date, earliest: date) -> date:
    """The day, or the Friday before it, unless that is too early."""
    friday = day - timedelta(days=max(day.weekday() - FRIDAY, 0))
    return max(friday, earliest)


def _spend(
    scope: Scope,
    record: VaccineInventory,
    kind: Kind,
    doses: int,
    day: date,
    reason: str = "",
) -> None:
    if 0 < doses <= record.doses_available:
        movement = ledger.Movement(kind=kind, doses=doses, happened_on=day, reason=reason)
        ledger.post(scope.user, record.id, movement)
        session().refresh(record)
