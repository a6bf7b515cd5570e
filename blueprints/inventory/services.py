"""Use cases that change the vaccine inventory."""

from typing import Any

from sqlalchemy import select

from blueprints.inventory.adding.deliveries import (
    SEPARATE,
    Checked,
    Delivery,
    check_delivery,
    ensure_meant,
)
from blueprints.inventory.correcting.services import Adjustment, adjust
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.ledger.reasons import EXTRA_DOSE
from blueprints.inventory.models import StockDocument, VaccineInventory
from blueprints.inventory.quarantine.services import hold_lot, is_held
from blueprints.inventory.queries import list_same_lot
from blueprints.inventory.rules import (
    Kind,
    still_named,
)
from blueprints.shipments.closing import reopen
from blueprints.shipments.models import Shipment
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.audit.services import seal
from portal.db import lock, session
from portal.errors import Conflict
from portal.formats.codes import lot_key
from portal.i18n import _
from portal.places.models import Location
from portal.searching.text import fold, join


def add_delivery(scope: Scope, delivery: Delivery) -> VaccineInventory:
    """Put the doses of a delivery into the inventory: a new record, or more on one of the lot.
    A closed shipment that they came with is open again.

    Raises `Invalid` (with the field "confirmed" if doses of the shipment have come in since, or
    these are more than were announced, and nobody has said that this is meant), or `Conflict` if
    the lot has come in since and nobody was asked.
    """
    lock_delivery(scope, delivery.shipment_id)
    checked = check_delivery(scope, delivery)
    ensure_meant(delivery, checked)
    if checked.shipment is not None and checked.shipment.closed:
        reopen(scope.user, checked.shipment)
    target = _target(delivery, checked)
    if target is None:
        target = _new_record(scope, delivery, checked)
    ledger.post(
        scope.user,
        target.id,
        ledger.Movement(
            kind=Kind.RECEIVED,
            doses=delivery.doses,
            happened_on=delivery.received_on or scope.today(),
            shipment_id=delivery.shipment_id,
        ),
    )
    audit(
        scope.user,
        "inventory.received",
        subject="inventory",
        subject_id=target.id,
        location_id=target.location_id,
        summary=f"{target.name}: {delivery.doses}",
        after={"doses": delivery.doses, "shipment_id": delivery.shipment_id},
    )
    return target


def add_extra_dose(scope: Scope, inventory_id: int) -> StockDocument:
    """Add one dose that a vial held beyond its label, found today. Raises what `adjust` raises."""
    found = Adjustment(
        inventory_id=inventory_id, doses=1, happened_on=scope.today(), reason=EXTRA_DOSE
    )
    return adjust(scope, found)


def lock_arrivals(scope: Scope) -> None:
    """Let one delivery or transfer at a time come into a location: one lot makes one record."""
    place = select(Location.id).where(Location.id == scope.location_id)
    lock(place, name=("location", scope.location_id))


def lock_delivery(scope: Scope, shipment_id: int | None) -> None:
    """Let one delivery at a time come in, and keep the supplier's corrections off the shipment
    until it is saved."""
    lock_arrivals(scope)
    _lock_shipment(shipment_id)


def _lock_shipment(shipment_id: int | None) -> None:
    if shipment_id is not None:
        shipment = select(Shipment).where(Shipment.id == shipment_id)
        lock(shipment, name=("shipment", shipment_id))


def _target(delivery: Delivery, checked: Checked) -> VaccineInventory | None:
    """The record to add to, or None for a new one. Asks first if the lot is there already."""
    if not checked.same_lot:
        return None
    if delivery.duplicate == SEPARATE:
        return None
    for record in checked.same_lot:
        if delivery.duplicate == str(record.id):
            return record
    raise Conflict(
        _("This lot is already in your inventory. Choose what to do with the doses."),
        field="duplicate",
    )


def _new_record(scope: Scope, delivery: Delivery, checked: Checked) -> VaccineInventory:
    return _add_record(
        scope,
        checked.same_lot,
        name=still_named(delivery.name),
        product_id=checked.product.id,
        product_name=checked.product.name,
        manufacturer=checked.product.manufacturer,
        lot=checked.lot,
        serial_number=delivery.serial_number,
        expiration_date=delivery.expiration_date,
        expiration_month_only=delivery.expiration_month_only,
        shipment_id=delivery.shipment_id,
        unable_to_locate_shipment=delivery.unable_to_locate_shipment,
    )


def record_for_arrival(scope: Scope, sent: VaccineInventory) -> VaccineInventory:
    """The present location's record for doses that another location sent from its record `sent`:
    the one of the same lot and expiration date, or a new one. The caller holds the arrivals."""
    same_lot = list_same_lot(scope, sent.product_id, sent.lot_key, sent.expiration_date)
    for record in same_lot:
        if record.expiration_date == sent.expiration_date:
            return record
    return _add_record(
        scope,
        same_lot,
        name=sent.name,
        product_id=sent.product_id,
        product_name=sent.product_name,
        manufacturer=sent.manufacturer,
        lot=sent.lot,
        serial_number=sent.serial_number,
        expiration_date=sent.expiration_date,
        expiration_month_only=sent.expiration_month_only,
    )


def _add_record(
    scope: Scope, same_lot: list[VaccineInventory], *, name: str, lot: str, **facts: Any
) -> VaccineInventory:
    name = _own_name(name, same_lot)
    key = lot_key(lot)
    hold_lot(facts["product_id"], key)
    record = VaccineInventory(
        location_id=scope.location_id,
        name=name,
        name_key=_name_key(name),
        lot=lot,
        lot_key=key,
        quarantined=is_held(scope.location_id, facts["product_id"], key),
        created_by_id=scope.user.id,
        **facts,
    )
    record.search = _search_text(record)
    session().add(record)
    session().flush()
    seal(record)
    return record


def _own_name(name: str, same_lot: list[VaccineInventory]) -> str:
    """`name`, with a number if another record of the lot has it already."""
    taken = {record.name for record in same_lot}
    number, own = 1, name
    while own in taken:
        number += 1
        own = f"{name[:112]} ({number})"
    return own


def _name_key(name: str) -> str:
    """What the list sorts by; folding may make a name longer than its column."""
    return fold(name)[:160]


def _search_text(record: VaccineInventory) -> str:
    return join(
        (
            record.name,
            record.product_name,
            record.manufacturer,
            record.lot,
            record.serial_number,
        )
    )


def put_name(record: VaccineInventory, name: str) -> None:
    """Name a record, and let it be found by that and by what else it says now."""
    record.name = name
    record.name_key = _name_key(name)
    record.version += 1
    record.search = _search_text(record)


def rename(scope: Scope, record: VaccineInventory, name: str) -> None:
    """Give a record another name, the one thing that may be edited after saving (SPEC D4)."""
    scope.require("inventory.rename")
    scope.require_location(record.location_id)
    before, name = record.name, still_named(name)
    if name == before:
        return
    put_name(record, name)
    session().flush()
    audit(
        scope.user,
        "inventory.renamed",
        subject="inventory",
        subject_id=record.id,
        location_id=record.location_id,
        summary=name,
        before={"name": before},
        after={"name": name},
    )
