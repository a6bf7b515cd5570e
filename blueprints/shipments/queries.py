"""Reading shipments and orders."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from blueprints.shipments.models import Order, Shipment, ShipmentClosing
from blueprints.shipments.rules import TO_BE_RECEIVED, ClosingReason, Status
from portal.access.scope import Scope
from portal.db import session
from portal.errors import NotFound
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.listviews.counts import RowTotal, capped
from portal.listviews.definition import Clauses
from portal.lookups.search import Choice
from portal.people.models import User
from portal.places.models import Location
from portal.remembering import remembered
from portal.searching.hits import only_hits
from portal.searching.text import words

SHOWN = 20
HITS_SORTED = 500


def is_none_announced() -> bool:
    """Whether there is no shipment at all, of any location."""
    return session().scalar(select(Shipment.id).limit(1)) is None


def get_shipment(scope: Scope, shipment_id: int) -> Shipment:
    """The shipment, if it goes to the present location. Raises `NotFound`."""
    scope.require("shipments.view")
    shipment = session().get(Shipment, shipment_id)
    scope.require_location(shipment.location_id if shipment else None)
    assert shipment is not None
    return shipment


def ensure_entered(scope: Scope, shipment_id: int) -> None:
    """Raise `NotFound` unless there is such a shipment, to whatever location; for who enters
    shipments for all of them."""
    scope.require("shipments.import")
    if session().get(Shipment, shipment_id) is None:
        raise NotFound


def find_of_location(scope: Scope, shipment_id: int) -> Shipment | None:
    """The shipment, if it goes to the present location, else None."""
    shipment = session().get(Shipment, shipment_id)
    if shipment is None or shipment.location_id != scope.location_id:
        return None
    return shipment


@dataclass(frozen=True)
class Closing:
    """Why no more doses of a shipment are expected, who said so and when."""

    reason: ClosingReason
    note: str
    closed_at: datetime
    closed_by: str


def closing_of(shipment: Shipment) -> Closing | None:
    """Why the shipment is closed; None if it is not."""
    if not shipment.closed:
        return None
    row = (
        session()
        .execute(
            select(ShipmentClosing, User.first_name, User.last_name)
            .join(User, User.id == ShipmentClosing.closed_by_id)
            .where(ShipmentClosing.shipment_id == shipment.id)
        )
        .one_or_none()
    )
    if row is None:
        return None
    closing, first, last = row
    return Closing(
        reason=ClosingReason(closing.reason),
        note=closing.note,
        closed_at=closing.closed_at,
        closed_by=f"{first} {last}",
    )


@remembered("shipment")
def find_open_shipment_of_lot(scope: Scope, product_id: int, lot: str) -> Shipment | None:
    """The oldest shipment of this lot to the present location of which doses are expected, else
    one that was closed before all of its doses came."""
    return session().scalar(
        select(Shipment)
        .where(
            Shipment.location_id == scope.location_id,
            Shipment.lot == lot,
            Shipment.product_id == product_id,
            Shipment.doses_received < Shipment.doses_shipped,
        )
        .order_by(Shipment.status == Status.CLOSED, Shipment.date_shipped, Shipment.id)
        .limit(1)
    )


def lots_shipped(scope: Scope, lots: Collection[str]) -> set[str]:
    """Those of `lots` that were shipped to the present location."""
    query = select(Shipment.lot).where(
        Shipment.location_id == scope.location_id, Shipment.lot.in_(lots)
    )
    return set(session().scalars(query.distinct()))


def get_order(scope: Scope, order_id: int) -> Order:
    """The order, if the present location placed it. Raises `NotFound`."""
    scope.require("shipments.view")
    order = session().get(Order, order_id)
    scope.require_location(order.location_id if order else None)
    assert order is not None
    return order


def list_shipments_of_order(scope: Scope, order: Order) -> list[Shipment]:
    """The shipments of an order, newest first."""
    scope.require_location(order.location_id)
    return list(
        session().scalars(
            select(Shipment)
            .where(Shipment.order_id == order.id)
            .order_by(Shipment.date_shipped.desc(), Shipment.id.desc())
            .limit(200)
        )
    )


def to_be_received(_scope: Scope) -> Clauses:
    """Doses of the shipment are expected."""
    return (Shipment.status.in_(TO_BE_RECEIVED),)


def count_to_be_received(scope: Scope) -> RowTotal:
    """Of how many shipments to the present location doses are expected, as their list counts."""
    here = Shipment.location_id == scope.location_id
    return capped(select(Shipment.id).where(here, *to_be_received(scope)))


def look_up_shipments(scope: Scope, text: str) -> list[Choice]:
    """Up to 20 shipments to the present location that hold every word, those still open first.

    Of many hits the first found are sorted; whoever gets 20 should type more.
    """
    hits = only_hits(
        select(Shipment.id).where(Shipment.location_id == scope.location_id),
        Shipment.id,
        Shipment.search,
        words(text),
        scope.location_id,
    ).limit(HITS_SORTED)
    query = (
        select(Shipment)
        .where(Shipment.id.in_(hits))
        .order_by(
            Shipment.status.not_in(TO_BE_RECEIVED),
            Shipment.date_shipped.desc(),
            Shipment.id.desc(),
        )
        .limit(SHOWN)
    )
    return [shipment_choice(shipment) for shipment in session().scalars(query)]


def find_shipment_choice(scope: Scope, identity: int | str) -> Choice | None:
    """The shipment with this id as a choice, if it goes to the present location."""
    shipment_id = record_number(str(identity))
    return shipment_choice(get_shipment(scope, shipment_id)) if shipment_id else None


def shipment_choice(shipment: Shipment) -> Choice:
    """How a look-up shows a shipment."""
    return Choice(
        id=shipment.id,
        label=f"{shipment.number} – {shipment.lot}",
        detail=_(
            "%(vaccine)s, shipped %(day)s, doses still expected: %(expected)s of %(shipped)s",
            vaccine=shipment.product_name,
            day=shipment.date_shipped.strftime("%m/%d/%Y"),
            expected=f"{shipment.doses_expected:,}",
            shipped=f"{shipment.doses_shipped:,}",
        ),
    )


@dataclass(frozen=True)
class NamedShipment:
    """A shipment by its ID, and the location it goes to."""

    id: int
    number: str
    location_id: int
    pin: str


def named(ids: set[int]) -> list[NamedShipment]:
    """The shipments with these ids, to whatever location; for who enters them for all of them."""
    rows = session().execute(
        select(Shipment.id, Shipment.number, Shipment.location_id, Location.pin)
        .join(Location, Location.id == Shipment.location_id)
        .where(Shipment.id.in_(ids))
    )
    return [NamedShipment(*row) for row in rows]
