"""What the inventory shows on other modules' pages."""

from typing import Any

from flask import url_for

from blueprints.inventory.queries import (
    list_doses_by_product,
    list_expiring,
    list_of_shipment,
    totals,
)
from blueprints.inventory.rules import usable_on
from blueprints.inventory.settings import warn_days
from blueprints.shipments.models import Shipment
from portal.clock import today
from portal.places.scope import Scope


def shipment_actions(_scope: Scope, shipment: Shipment) -> dict[str, Any] | None:
    """`Add to Inventory`, foremost as long as doses of the shipment are expected."""
    return {
        "href": url_for("inventory.add", shipment=shipment.id),
        "all_received": shipment.doses_expected == 0,
    }


def shipment_records(scope: Scope, shipment: Shipment) -> dict[str, Any] | None:
    """The records that doses of the shipment were added to."""
    return {"records": list_of_shipment(scope, shipment.id)}


def location_totals(scope: Scope, _location: object) -> dict[str, Any] | None:
    """The doses of the location, received and on hand (SPEC D9)."""
    return {"totals": totals(scope)}


def location_inventory(scope: Scope, _location: object) -> dict[str, Any] | None:
    """The doses of the location by vaccine."""
    return {"lines": list_doses_by_product(scope)}


def expiry_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """Lots with doses left that are expired or expire soon; nothing if there are none."""
    if scope.location is None:
        return None
    records = list_expiring(scope, warn_days=warn_days())
    day = today(scope.location.time_zone)
    if not records:
        return None
    return {
        "records": [(record, usable_on(record.expiration_date, day)) for record in records[:5]],
        "more": len(records) > 5,
    }
