"""The list views of the `Shipments` tab."""

from collections.abc import Mapping

from blueprints.shipments.models import Shipment
from blueprints.shipments.queries import to_be_received
from blueprints.shipments.rules import Status
from portal.access.scope import Scope
from portal.i18n import _, _l
from portal.listviews.definition import Clauses, Column, ListDefinition, ListView, Tone


def status_label(status: str) -> str:
    """The words for a shipment's status."""
    return {
        Status.ON_ITS_WAY: _("On its way"),
        Status.PARTLY_RECEIVED: _("Partly received"),
        Status.RECEIVED: _("Received"),
        Status.CLOSED: _("Closed"),
    }[Status(status)]


def status_tone(status: str) -> Tone:
    """The colour of a shipment's status."""
    tones: dict[Status, Tone] = {
        Status.ON_ITS_WAY: "info",
        Status.PARTLY_RECEIVED: "warning",
        Status.RECEIVED: "success",
        Status.CLOSED: "neutral",
    }
    return tones[Status(status)]


def received(_scope: Scope) -> Clauses:
    """All doses came."""
    return (Shipment.status == Status.RECEIVED,)


def closed(_scope: Scope) -> Clauses:
    """No more doses will come."""
    return (Shipment.status == Status.CLOSED,)


def statuses(scope: Scope) -> Mapping[str, Clauses]:
    """The words for a status, as somebody may search for it, and the shipments meant."""
    of_each: dict[str, Clauses] = {
        status_label(status): (Shipment.status == status,) for status in Status
    }
    return of_each | dict.fromkeys((_("Expected"), _("To Be Received")), to_be_received(scope))


SHIPMENTS = ListDefinition(
    name="shipments",
    title=_l("Shipments"),
    all_label=_l("All Shipments"),
    model=Shipment,
    columns=(
        Column(key="number", label=_l("Shipment ID"), attribute=Shipment.number),
        Column(key="order", label=_l("Order"), attribute=Shipment.order_number),
        Column(key="vaccine", label=_l("Vaccine"), attribute=Shipment.product_name),
        Column(
            key="shipped",
            label=_l("Date Shipped"),
            attribute=Shipment.date_shipped,
            kind="date",
        ),
        Column(
            key="quantity",
            label=_l("Quantity Shipped"),
            attribute=Shipment.doses_shipped,
            kind="number",
        ),
        Column(
            key="received",
            label=_l("Doses Received"),
            attribute=Shipment.doses_received,
            kind="number",
        ),
        Column(key="lot", label=_l("Lot #"), attribute=Shipment.lot),
        Column(
            key="tracking",
            label=_l("Tracking Number"),
            attribute=Shipment.tracking_number,
            sortable=False,
        ),
        Column(
            key="status",
            label=_l("Status"),
            attribute=Shipment.status,
            kind="status",
            labels=status_label,
            tone=status_tone,
        ),
    ),
    default_sort="-shipped",
    endpoint="shipments.index",
    record_endpoint="shipments.record",
    capability="shipments.view",
    scope_column=Shipment.location_id,
    subject="shipment",
    search=True,
    phrases=statuses,
    facts=(
        Column(
            key="expires",
            label=_l("Expiration Date"),
            attribute=Shipment.expiration_date,
            kind="date",
        ),
        Column(key="ndc", label=_l("NDC #"), attribute=Shipment.ndc, sortable=False),
        Column(
            key="manufacturer",
            label=_l("Manufacturer"),
            attribute=Shipment.manufacturer,
            sortable=False,
        ),
        Column(key="carrier", label=_l("Carrier"), attribute=Shipment.carrier, sortable=False),
    ),
    brief=("vaccine", "shipped", "quantity", "received", "lot", "status"),
    views=(
        ListView(key="to_be_received", label=_l("To Be Received"), where=to_be_received),
        ListView(key="received", label=_l("Received"), where=received),
        ListView(key="closed", label=_l("Closed"), where=closed),
    ),
    count="counter",
    empty_title=_l("No shipments yet"),
    empty_text=_l("As soon as a shipment is on its way to your location, it is listed here."),
)
