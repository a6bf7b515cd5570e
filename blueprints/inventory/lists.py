"""The list views of the `Vaccine Inventory` tab."""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import select, true
from sqlalchemy.orm import Bundle

from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Expiry, expiry_of
from blueprints.inventory.settings import warn_days
from blueprints.shipments.models import Shipment
from portal.access.scope import Scope
from portal.clock import today
from portal.i18n import _, _l
from portal.listviews.definition import Clauses, Column, ListDefinition, Tone
from portal.web.context import scope


def _expiry(expiration_date: date) -> Expiry:
    place = scope().location
    assert place is not None
    return expiry_of(expiration_date, today(place.time_zone), warn_days=warn_days(place.id))


def _words(expiry: Expiry, *, quarantined: bool) -> str:
    """What may not be used is not called usable; what is held and expired is called both."""
    words = {
        Expiry.USABLE: _("Usable"),
        Expiry.EXPIRING: _("Expires soon"),
        Expiry.EXPIRED: _("Expired"),
    }[expiry]
    if not quarantined:
        return words
    if expiry is Expiry.USABLE:
        return _("Quarantine")
    return _("Quarantine, %(expiry)s", expiry=words)


def status_label(standing: tuple[date, bool]) -> str:
    """The words for a lot as it is today at the present location: its expiration date, and
    whether it is in quarantine."""
    expiration_date, quarantined = standing
    return _words(_expiry(expiration_date), quarantined=quarantined)


def status_tone(standing: tuple[date, bool]) -> Tone:
    """The colour of those words."""
    expiration_date, quarantined = standing
    tones: dict[Expiry, Tone] = {
        Expiry.USABLE: "warning" if quarantined else "success",
        Expiry.EXPIRING: "warning",
        Expiry.EXPIRED: "danger",
    }
    return tones[_expiry(expiration_date)]


def statuses(scope: Scope) -> Mapping[str, Clauses]:
    """The words for a status, as somebody may search for it, and the records meant."""
    if scope.location is None:
        return {}
    day = scope.today()
    last = day + timedelta(days=warn_days(scope.location.id))
    expires, held = VaccineInventory.expiration_date, VaccineInventory.quarantined == true()
    expiring, expired = (expires >= day, expires <= last), (expires < day,)
    return {
        _("Usable"): (expires > last, ~held),
        _("Expires soon"): expiring,
        _("Expired"): expired,
        _("Quarantine"): (held,),
        _words(Expiry.EXPIRING, quarantined=True): (held, *expiring),
        _words(Expiry.EXPIRED, quarantined=True): (held, *expired),
    }


INVENTORY = ListDefinition(
    name="inventory",
    title=_l("Vaccine Inventory"),
    all_label=_l("All Vaccine Inventories"),
    model=VaccineInventory,
    columns=(
        Column(
            key="name",
            label=_l("Vaccine Inventory Name"),
            attribute=VaccineInventory.name,
            order=VaccineInventory.name_key,
        ),
        Column(key="product", label=_l("Product"), attribute=VaccineInventory.product_name),
        Column(key="lot", label=_l("Lot #"), attribute=VaccineInventory.lot),
        Column(
            key="expires",
            label=_l("Expiration Date"),
            attribute=VaccineInventory.expiration_date,
            kind="date",
        ),
        Column(
            key="status",
            label=_l("Status"),
            attribute=Bundle(
                "standing", VaccineInventory.expiration_date, VaccineInventory.quarantined
            ),
            kind="status",
            sortable=False,
            labels=status_label,
            tone=status_tone,
        ),
        Column(
            key="total",
            label=_l("Total Doses"),
            attribute=VaccineInventory.doses_total,
            kind="number",
        ),
        Column(
            key="available",
            label=_l("Doses Available"),
            attribute=VaccineInventory.doses_available,
            kind="number",
        ),
        Column(
            key="account",
            label=_l("Account"),
            attribute=VaccineInventory.location_id,
            kind="words",
            sortable=False,
            labels=lambda _location_id: scope().place.name,
            leads_to=("locations.account", "locations.view"),
        ),
        Column(
            key="added",
            label=_l("Date Added"),
            attribute=VaccineInventory.created_at,
            kind="moment",
        ),
    ),
    default_sort="-added",
    endpoint="inventory.index",
    record_endpoint="inventory.record",
    capability="inventory.view",
    scope_column=VaccineInventory.location_id,
    subject="inventory",
    search=True,
    phrases=statuses,
    facts=(
        Column(
            key="manufacturer",
            label=_l("Manufacturer"),
            attribute=VaccineInventory.manufacturer,
            sortable=False,
        ),
        Column(
            key="serial",
            label=_l("Serial Number"),
            attribute=VaccineInventory.serial_number,
            sortable=False,
        ),
        Column(
            key="shipment",
            label=_l("Shipment Record"),
            attribute=select(Shipment.number)
            .where(Shipment.id == VaccineInventory.shipment_id)
            .scalar_subquery(),
            sortable=False,
        ),
        *(
            Column(key=key, label=label, attribute=column, kind="number", sortable=False)
            for key, label, column in (
                ("administered", _l("Doses Administered"), VaccineInventory.doses_administered),
                ("wasted", _l("Doses Wasted"), VaccineInventory.doses_wasted),
                ("returned", _l("Doses Returned"), VaccineInventory.doses_returned),
                ("transferred", _l("Doses Transferred"), VaccineInventory.doses_transferred),
                ("in_transit", _l("Doses in Transit"), VaccineInventory.doses_in_transit),
            )
        ),
        Column(
            key="unit",
            label=_l("Storage Unit"),
            attribute=VaccineInventory.storage_unit,
            sortable=False,
        ),
    ),
    brief=("lot", "expires", "status", "available"),
    count="counter",
    empty_title=_l("No vaccine in the inventory yet"),
    empty_text=_l("When a shipment has arrived, add its doses with Add."),
)
