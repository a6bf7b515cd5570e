"""Lots that look alike: one number may be a misreading of the other (O for 0, I for 1)."""

from sqlalchemy import or_, select

from blueprints.inventory.models import Quarantine, VaccineInventory
from blueprints.shipments.models import Shipment
from portal.access.scope import Scope
from portal.db import session
from portal.formats.codes import look_alike_key, lot_key
from portal.i18n import _
from portal.remembering import remembered


def doubts(scope: Scope, product_id: int, lot: str, shipment: Shipment | None) -> list[str]:
    """Whether a lot that has arrived may be another, misread: one that is held, that the location
    has already, or that the shipment was announced with. The weightiest, if there is any."""
    held = _find_held(scope, product_id, lot)
    if held is not None:
        return [
            _(
                "Lot %(held)s of %(vaccine)s is in quarantine, and this may be the same lot. "
                "Check the vial.",
                held=held.lot,
                vaccine=held.product_name,
            )
        ]
    here = _find_here(scope, product_id, lot)
    if here is not None:
        return [
            _(
                "Lot %(lot)s looks like %(other)s, which is already in your inventory. Check the "
                "vial.",
                lot=lot,
                other=here,
            )
        ]
    if shipment is not None and looks_like(lot, shipment.lot):
        return [
            _(
                "Lot %(lot)s looks like %(other)s, which the shipment was announced with. Check "
                "the vial.",
                lot=lot,
                other=shipment.lot,
            )
        ]
    return []


def looks_like(lot: str, other: str) -> bool:
    """Whether these are two lot numbers, but one may be a misreading of the other."""
    return lot_key(lot) != lot_key(other) and look_alike_key(lot) == look_alike_key(other)


@remembered("quarantine")
def _find_held(scope: Scope, product_id: int, lot: str) -> Quarantine | None:
    """A lot that is held here under a number that looks like this one, or under the same number of
    another product; None if this very lot is held, since its doses are so when they arrive."""
    active = select(Quarantine).where(
        Quarantine.released_at.is_(None),
        or_(Quarantine.location_id.is_(None), Quarantine.location_id == scope.location_id),
    )
    held = [one for one in session().scalars(active) if _key_fits(one.lot_key, lot)]
    if any((one.product_id, one.lot_key) == (product_id, lot_key(lot)) for one in held):
        return None
    return next(iter(held), None)


def _key_fits(key: str, lot: str) -> bool:
    return look_alike_key(key) == look_alike_key(lot)


@remembered("vaccine_inventory")
def _find_here(scope: Scope, product_id: int, lot: str) -> str | None:
    """A lot of the product at the present location whose number looks like this one; None if this
    very number is there, too: it was looked at when it came."""
    record = VaccineInventory
    query = select(record.lot).where(
        record.location_id == scope.location_id,
        record.product_id == product_id,
        record.doses_total > 0,
    )
    lots = list(session().scalars(query.distinct()))
    if lot_key(lot) in map(lot_key, lots):
        return None
    return next((other for other in lots if looks_like(lot, other)), None)
