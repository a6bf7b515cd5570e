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
from portal.access.profiles import Profile
from portal.access.scope import Actor, Place, Scope
from portal.db import session, unit_of_work
from portal.people.models import User, UserLocation
from portal.places.models import Location
from portal.web.context import registry

UNDERWAY = timedelta(days=6)


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


def manager_of(location_id: int) -> Scope | None:
    """The scope of a location manager at the location; its first manager, or any."""
    location = session().get_one(Location, location_id)
    manager = (
        session()
        .scalars(
            select(User)
            .where(User.profile == Profile.MANAGER)
            .outerjoin(UserLocation, UserLocation.user_id == User.id)
            .order_by(UserLocation.location_id != location_id, User.id)
            .limit(1)
        )
        .first()
    )
    if manager is None:
        return None
    place = Place(
        id=location.id,
        name=location.name,
        pin=location.pin,
        time_zone=location.time_zone,
        organization_id=location.organization_id,
    )
    return Scope(
        user=Actor(
            id=manager.id,
            username=manager.username,
            full_name=manager.full_name,
            email=manager.email,
            profile=Profile(manager.profile),
        ),
        location=place,
        locations=(place,),
        capabilities=registry().capabilities_of(Profile.MANAGER),
    )


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
    given = int(record.doses_total * random.choice((0.0, 0.3, 0.6, 0.85, 0.97)))
    last = min(day, record.expiration_date)
    days = max((last - received).days, 1)
    clinics = sorted(received + timedelta(days=random.randrange(days)) for _clinic in range(4))
    for clinic in clinics:
        _spend(scope, record, Kind.ADMINISTERED, given // 4, clinic)
    _spend(scope, record, Kind.WASTED, random.choice((0, 0, 1, 3)), clinics[-1], "open_vial")


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
