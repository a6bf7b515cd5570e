"""A delivery as a manager enters it: what is wrong with it, what is unusual (SPEC D2)."""

from dataclasses import dataclass
from datetime import date

from blueprints.inventory.adding import look_alikes, plausible
from blueprints.inventory.counted import counted_since
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.queries import find_lot_of_another_product, list_same_lot
from blueprints.inventory.rules import (
    ensure_doses,
    ensure_not_in_future,
    ensure_shipment,
    names_another_lot,
    still_named,
    usable_on,
)
from blueprints.shipments.models import Shipment
from blueprints.shipments.queries import closing_of, find_open_shipment_of_lot, get_shipment
from blueprints.shipments.rules import still_expected
from portal.access.scope import Scope
from portal.catalog.models import Product
from portal.catalog.queries import find_product
from portal.clock import local
from portal.errors import Invalid
from portal.formats.codes import lot_key, normalise_lot
from portal.i18n import _, ngettext

SEPARATE = "separate"
# More than a small clinic is ever brought at once: a full shipper of the largest packages holds
# 5 trays of 195 vials, up to 5,850 doses. Nothing announced the number: it may be another one.
MANY_DOSES = 6_000


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What a manager enters about doses that have arrived (SPEC D2).

    `duplicate` answers the question about a lot that is there already: the id of the record to
    add the doses to, or "separate". `seen_received` is how many doses of the shipment the manager
    knew to be received; `confirmed` that these are others, more than were announced, or that
    whatever else is unlikely about them is meant. Without `received_on` they came today.
    """

    product_id: int
    doses: int
    lot: str
    name: str
    serial_number: str
    expiration_date: date
    expiration_month_only: bool = False
    location_id: int
    shipment_id: int | None
    unable_to_locate_shipment: bool
    received_on: date | None = None
    duplicate: str = ""
    seen_received: int | None = None
    confirmed: bool = False


@dataclass(frozen=True)
class Checked:
    """A delivery whose parts were found, and what the manager should look at before saving.

    `doubts` are what is more likely a mistake than meant: they must be confirmed.
    """

    product: Product
    shipment: Shipment | None
    lot: str
    same_lot: list[VaccineInventory]
    warnings: list[str]
    doubts: list[str]


def check_delivery(scope: Scope, delivery: Delivery) -> Checked:
    """Find the parts of a delivery. Raises `Invalid` naming the field that cannot be right."""
    scope.require("inventory.add")
    if delivery.location_id != scope.location_id:
        raise Invalid(
            _("You are working at another location. Switch Location to add inventory there."),
            field="account",
        )
    product = find_product(delivery.product_id)
    if product is None or not product.orderable:
        raise Invalid(_("Choose a product from the list."), field="product")
    ensure_doses(delivery.doses)
    day = scope.today()
    received_on = delivery.received_on or day
    ensure_not_in_future(received_on, day, field="date_received")
    still_named(delivery.name)
    lot = normalise_lot(delivery.lot)
    shipment = _shipment(scope, delivery, product)
    same_lot = list_same_lot(scope, product.id, lot_key(lot), delivery.expiration_date)
    same_date = [one for one in same_lot if one.expiration_date == delivery.expiration_date]
    if same_lot and not same_date:
        raise Invalid(
            _(
                "Lot %(lot)s is already in your inventory with the expiration date %(day)s. "
                "Check the package; if the other record is wrong, ask the help desk.",
                lot=lot,
                day=same_lot[0].expiration_date.strftime("%m/%d/%Y"),
            ),
            field="expiration_date",
        )
    return Checked(
        product=product,
        shipment=shipment,
        lot=lot,
        same_lot=same_date,
        warnings=[
            *_about_name(delivery, product, lot),
            *_warnings(scope, delivery, lot, shipment),
        ],
        doubts=[
            *_doubts(scope, delivery, lot, shipment),
            *plausible.doubts(product.id, delivery.doses, received_on, day, shipment),
            *counted_since(scope, [one.id for one in same_lot], received_on),
        ],
    )


def _about_name(delivery: Delivery, product: Product, lot: str) -> list[str]:
    if not names_another_lot(delivery.name, product.name, lot):
        return []
    return [_("The name mentions a different lot. Change the name or the lot number.", lot=lot)]


def _shipment(scope: Scope, delivery: Delivery, product: Product) -> Shipment | None:
    ensure_shipment(delivery.shipment_id, unable_to_locate=delivery.unable_to_locate_shipment)
    if delivery.shipment_id is None:
        return None
    shipment = get_shipment(scope, delivery.shipment_id)
    if shipment.product_id != product.id:
        raise Invalid(
            _(
                "Shipment %(number)s has %(vaccine)s, which is not the product above.",
                number=shipment.number,
                vaccine=shipment.product_name,
            ),
            field="shipment",
        )
    return shipment


def _warnings(scope: Scope, delivery: Delivery, lot: str, shipment: Shipment | None) -> list[str]:
    """What differs from the announcement, and what follows from it."""
    found = []
    if not usable_on(delivery.expiration_date, scope.today()):
        found.append(_("This lot has expired. Its doses cannot be administered."))
    if shipment is None:
        return found
    if lot_key(lot) != lot_key(shipment.lot):
        found.append(_("The shipment was announced with the lot %(lot)s.", lot=shipment.lot))
    if delivery.expiration_date != shipment.expiration_date:
        found.append(
            _(
                "The shipment was announced with the expiration date %(day)s.",
                day=shipment.expiration_date.strftime("%m/%d/%Y"),
            )
        )
    if delivery.received_on is not None and delivery.received_on < shipment.date_shipped:
        found.append(
            _(
                "The shipment was sent on %(day)s, after the date received.",
                day=shipment.date_shipped.strftime("%m/%d/%Y"),
            )
        )
    missing = still_expected(shipment.doses_shipped, shipment.doses_received) - delivery.doses
    if missing > 0:
        found.append(
            _(
                "Doses that will still be expected: %(missing)s. Enter damaged doses as "
                "received, then as wastage.",
                missing=f"{missing:,}",
            )
        )
    return found


def _doubts(scope: Scope, delivery: Delivery, lot: str, shipment: Shipment | None) -> list[str]:
    """What looks like doses entered twice or under the wrong product, or a number misread."""
    found = look_alikes.doubts(scope, delivery.product_id, lot, shipment)
    other = find_lot_of_another_product(scope, delivery.product_id, lot_key(lot))
    if other is not None:
        found.append(
            _(
                "Lot %(lot)s is in your inventory as %(vaccine)s. Check the product.",
                lot=lot,
                vaccine=other.product_name,
            )
        )
    if shipment is None:
        if delivery.doses > MANY_DOSES:
            found.append(
                ngettext(
                    "%(doses)s dose is unusually many for one delivery. Check the number.",
                    "%(doses)s doses is unusually many for one delivery. Check the number.",
                    delivery.doses,
                    doses=f"{delivery.doses:,}",
                )
            )
        waiting = find_open_shipment_of_lot(scope, delivery.product_id, lot)
        if waiting is not None and waiting.closed:
            found.append(
                _(
                    "Shipment %(number)s has this lot and was closed before all its doses "
                    "arrived. Choose it as the shipment record, unless these are other doses.",
                    number=waiting.number,
                )
            )
        elif waiting is not None:
            found.append(
                _(
                    "Shipment %(number)s has this lot. Doses still expected: %(expected)s. "
                    "Choose it as the shipment record, unless these are other doses.",
                    number=waiting.number,
                    expected=f"{waiting.doses_expected:,}",
                )
            )
    elif shipment.closed:
        found.append(_closed(scope, shipment))
    elif shipment.doses_expected == 0:
        found.append(
            _(
                "All doses of this shipment (%(doses)s) are already in the inventory.",
                doses=f"{shipment.doses_shipped:,}",
            )
        )
    elif delivery.doses > shipment.doses_expected:
        found.append(
            _(
                "Doses of this shipment still expected: %(expected)s of %(shipped)s.",
                expected=f"{shipment.doses_expected:,}",
                shipped=f"{shipment.doses_shipped:,}",
            )
        )
    return found


def _closed(scope: Scope, shipment: Shipment) -> str:
    closing = closing_of(shipment)
    assert closing is not None
    return _(
        "This shipment was closed on %(day)s by %(user)s (%(reason)s). Saving reopens it: any "
        "doses not yet received will be expected again.",
        day=local(closing.closed_at, scope.place.time_zone).strftime("%m/%d/%Y"),
        user=closing.closed_by,
        reason=closing.reason.label,
    )


def ensure_meant(delivery: Delivery, checked: Checked) -> None:
    """Keep one shipment from being received twice, by two managers or by mistake.

    Raises `Invalid` with the field "confirmed" unless the manager has said that it is meant, and
    nothing of the shipment has come in since.
    """
    shipment, doubts = checked.shipment, list(checked.doubts)
    seen = delivery.seen_received
    if shipment is None or seen is None or shipment.doses_received == seen:
        if delivery.confirmed:
            return
    else:
        doubts.insert(
            0,
            _(
                "Someone else added doses of this shipment. Received now: %(received)s of "
                "%(shipped)s.",
                received=f"{shipment.doses_received:,}",
                shipped=f"{shipment.doses_shipped:,}",
            ),
        )
    if doubts:
        doubts.append(_("If the doses really are here, check this box and save again."))
        raise Invalid(" ".join(doubts), field="confirmed")
