"""Doses for tests: deliveries and movements through the services, and what the database holds."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from blueprints.inventory.adding.deliveries import Delivery
from blueprints.inventory.checks import ledger_sums, received_of_shipments
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import COUNTERS, Kind
from blueprints.inventory.services import add_delivery
from blueprints.shipments.models import Shipment
from portal.access.scope import Scope
from portal.catalog.models import Product
from portal.clock import today
from portal.db import unit_of_work
from portal.people import sessions
from portal.people.models import User, UserLocation
from portal.web.login import scope_of
from tests.personas import Personas

FAR = date(2027, 6, 30)
MODERNA = "80777-0273-10"


def scope_for(personas: Personas, who: str) -> Scope:
    """The scope of a persona, as a request of theirs would have it; within the application."""
    with unit_of_work() as session:
        user = session.get_one(User, personas.users[who])
        user.acts_at_location = who == "both_as_manager"
        token = sessions.start(user.id)
    with unit_of_work(write=False):
        live = sessions.find(token, idle=timedelta(hours=1), longest=timedelta(hours=1))
        assert live is not None
        return scope_of(live)


def scope_at(personas: Personas, who: str, letter: str) -> Scope:
    """The scope of a persona that works at the location of that letter, too; of a manager there
    who is made for it, if there is no such persona."""
    place = personas.locations[letter]
    with unit_of_work() as session:
        user = session.get(User, personas.users.get(who, 0))
        if user is None:
            user = User(
                username=who.replace("_", "."),
                first_name="Manager",
                last_name=letter,
                email=f"{who}@example.org",
                profile="manager",
            )
            session.add(user)
            session.flush()
            personas.users[who] = user.id
        session.add(UserLocation(user_id=user.id, location_id=place))
        user.current_location_id = place
    return scope_for(personas, who)


def day(back: int = 0) -> date:
    """Today at the clinics, or so many days back."""
    return today("America/New_York") - timedelta(days=back)


def product_id(key: str = MODERNA) -> int:
    """The id of a product of the catalogue; within the application."""
    with unit_of_work(write=False) as session:
        return session.scalars(select(Product.id).where(Product.key == key)).one()


def delivery(scope: Scope, product: int, **changes: Any) -> Delivery:
    """A delivery of 100 doses without a shipment record, with `changes`."""
    values: dict[str, Any] = {
        "product_id": product,
        "doses": 100,
        "lot": "011J20A",
        "name": "Moderna – 011J20A",
        "serial_number": "",
        "expiration_date": FAR,
        "location_id": scope.location_id,
        "shipment_id": None,
        "unable_to_locate_shipment": changes.get("shipment_id") is None,
        # Vials arrive whole; tests of other things need few doses.
        "confirmed": changes.get("doses", 100) % 10 != 0 or "product_id" in changes,
    }
    return Delivery(**{**values, **changes})


def add(scope: Scope, **changes: Any) -> int:
    """Add a delivery in a unit of its own; the record's id."""
    product = product_id()
    with unit_of_work():
        made = add_delivery(scope, delivery(scope, product, **changes))
        return made.id


def post(
    scope: Scope | None, record: int, kind: Kind, doses: int, *, back: int = 0, **more: Any
) -> int:
    """Write an entry in a unit of its own; its id."""
    movement = ledger.Movement(kind=kind, doses=doses, happened_on=day(back), **more)
    with unit_of_work():
        return ledger.post(scope.user if scope else None, record, movement).id


def reverse(scope: Scope, entry: int, *, back: int = 0, doses: int | None = None) -> int:
    """Reverse an entry in a unit of its own; the reversal's id."""
    with unit_of_work():
        done = ledger.reverse(scope.user, entry, happened_on=day(back), note="mistake", doses=doses)
        return done.id


def counters(record: int) -> dict[str, int]:
    """The counters of a record."""
    with unit_of_work(write=False) as session:
        found = session.get_one(VaccineInventory, record)
        return {name: getattr(found, name) for name in COUNTERS}


def entries(record: int) -> list[tuple[int, str, int]]:
    """Id, kind and doses of a record's entries."""
    with unit_of_work(write=False) as session:
        rows = session.execute(
            select(DoseEntry.id, DoseEntry.kind, DoseEntry.doses)
            .where(DoseEntry.inventory_id == record)
            .order_by(DoseEntry.id)
        )
        return [(number, kind, doses) for number, kind, doses in rows]


@dataclass
class ShipmentState:
    received: int
    status: str


def shipment_state(shipment: int) -> ShipmentState:
    """What has been received of a shipment."""
    with unit_of_work(write=False) as session:
        found = session.get_one(Shipment, shipment)
        return ShipmentState(found.doses_received, found.status)


def wrong() -> list[str]:
    """What `portal check` would find in the inventory; within the application."""
    with unit_of_work(write=False):
        return [*ledger_sums(), *received_of_shipments()]


def shipment_id(app: Flask, number: str = "SHP-1") -> int:
    """The id of the shipment with that number."""
    with app.app_context(), unit_of_work(write=False) as session:
        return session.scalars(select(Shipment.id).where(Shipment.number == number)).one()
