"""What the inventory shows on other modules' pages."""

from typing import Any

from flask import url_for

from blueprints.inventory.cases import carried_record
from blueprints.inventory.ledger.balance import balance_here, totals
from blueprints.inventory.quarantine.queries import count_held_here, list_held_here
from blueprints.inventory.queries import (
    is_empty_here,
    list_doses_by_product,
    list_expiring,
    list_low_stock,
    list_of_shipment,
    list_usable_through,
)
from blueprints.inventory.rules import usable_on
from blueprints.inventory.settings import thresholds, warn_days
from blueprints.shipments.models import Shipment
from portal.access.scope import Scope
from portal.i18n import _
from portal.remedies import Carried

IN_THE_MAIL = 20
ON_A_CARD = 5


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
    """The doses of the location by vaccine, and how those available come about (SPEC D14)."""
    return {
        "lines": list_doses_by_product(scope),
        "balance": balance_here(scope),
        "proven": _("The records add up"),
        "address": lambda kind: url_for("inventory.ledger", kind=kind),
    }


def expiry_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """Lots with doses left that are expired or expire soon; nothing if there are none."""
    if scope.location is None:
        return None
    records = list_expiring(scope, warn_days=warn_days(scope.location_id), most=ON_A_CARD + 1)
    day = scope.today()
    if not records:
        return None
    return {
        "records": [
            (record, usable_on(record.expiration_date, day)) for record in records[:ON_A_CARD]
        ],
        "more": len(records) > ON_A_CARD,
    }


def held_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """Lots with doses left that are in quarantine; nothing if there are none."""
    records = list_held_here(scope, most=ON_A_CARD) if scope.location else ()
    if not records:
        return None
    more = count_held_here(scope) - ON_A_CARD if len(records) == ON_A_CARD else 0
    return {"records": records, "more": max(0, more), "status": _("Quarantine")}


def low_stock_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """Vaccines of which few usable doses are left; nothing if there are none."""
    if scope.location is None:
        return None
    least = thresholds(scope.location_id).low_doses
    low = list_low_stock(scope, least=least)
    return {"low": low, "least": least} if low else None


def usable_doses(_scope: None, asked: Any) -> dict[str, Any]:
    """The doses that appointments can be promised, by location, product and last day."""
    return {"rows": list_usable_through(asked.location_ids, asked.first)}


def digest(scope: Scope, _subject: object) -> dict[str, Any]:
    """What the daily e-mail says of the inventory."""
    day, lines = scope.today(), []
    own = thresholds(scope.location_id)
    expiring = list_expiring(scope, warn_days=own.expiry_days, most=IN_THE_MAIL + 1)
    for record in expiring[:IN_THE_MAIL]:
        facts = {
            "name": record.name,
            "lot": record.lot,
            "doses": f"{record.doses_available:,}",
            "day": record.expiration_date.strftime("%m/%d/%Y"),
        }
        lines.append(
            _("Expires on %(day)s: %(name)s, lot %(lot)s, doses: %(doses)s", **facts)
            if usable_on(record.expiration_date, day)
            else _("Expired on %(day)s: %(name)s, lot %(lot)s, doses: %(doses)s", **facts)
        )
    if len(expiring) > IN_THE_MAIL:
        lines.append(_("… and more lots that expire: see the Vaccine Inventory."))
    for product, doses in list_low_stock(scope, least=own.low_doses):
        lines.append(
            _(
                "Low stock: %(product)s, usable doses: %(doses)s",
                product=product,
                doses=f"{doses:,}",
            )
        )
    return {"lines": lines}


def list_actions(scope: Scope, _subject: object) -> dict[str, Any]:
    """The ways from the list to the account page and to the history of all doses."""
    place = scope.location
    seen = place is not None and scope.can("locations.view")
    return {
        "account": url_for("locations.account", location_id=place.id) if place and seen else "",
        "place": place,
        "href": url_for("inventory.ledger"),
    }


def quarantine_action(_scope: Scope, _subject: object) -> dict[str, Any]:
    """The way to the lots that are held at all locations."""
    return {"href": url_for("inventory.quarantines")}


def of_case(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """The record, as the page of a case shows it."""
    found = carried_record(scope, carried)
    if found is None:
        return None
    record = found[1]
    return {
        "href": url_for("inventory.record", inventory_id=record.id),
        "title": _("Vaccine inventory %(name)s", name=record.name),
    }


def receive_step(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """To receive the first shipment, as long as the location never had any vaccine."""
    if not is_empty_here(scope):
        return None
    return {
        "href": url_for("inventory.add"),
        "title": _("Receive the first shipment"),
        "why": _("Add it to Vaccine Inventory when the box is here."),
    }
