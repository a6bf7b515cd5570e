"""The record page of a shipment (SPEC C2, C3, C5)."""

from flask import url_for
from markupsafe import Markup

from blueprints.shipments.lists import status_label, status_tone
from blueprints.shipments.models import Shipment
from blueprints.shipments.queries import closing_of, named
from blueprints.shipments.rules import tracking_link
from portal.access.scope import Scope
from portal.formats.shown import day, number
from portal.i18n import _
from portal.imports.definition import RecordLink
from portal.records.page import Fact, Figure, RecordPage, RecordTab, Section
from portal.web.templating import moment


def shipment_page(shipment: Shipment) -> RecordPage:
    """What the page of `shipment` shows."""
    order = Fact(
        _("Order"),
        shipment.order_number,
        href=url_for("shipments.order", order_id=shipment.order_id),
    )
    details = Section(
        "shipment",
        _("Shipment"),
        facts=(
            Fact(_("Shipment ID"), shipment.number),
            order,
            Fact(_("Date Shipped"), day(shipment.date_shipped)),
            Fact(_("Quantity Shipped"), number(shipment.doses_shipped)),
            Fact(_("Carrier"), shipment.carrier),
            Fact(_("Tracking Number"), _tracking(shipment)),
        ),
    )
    vaccine = Section(
        "vaccine",
        _("Vaccine"),
        facts=(
            Fact(_("Product"), shipment.product_name),
            Fact(_("Manufacturer"), shipment.manufacturer),
            Fact(_("NDC #"), shipment.ndc),
            Fact(_("Lot #"), shipment.lot),
            Fact(_("Expiration Date"), day(shipment.expiration_date)),
        ),
    )
    return RecordPage(
        title=_("Shipment %(number)s", number=shipment.number),
        kind="shipment",
        subject=shipment,
        url=url_for("shipments.record", shipment_id=shipment.id),
        panel=(
            Figure(_("Status"), status_label(shipment.status), tone=_tone(shipment)),
            Figure(_("Quantity Shipped"), number(shipment.doses_shipped)),
            Figure(_("Doses Received"), number(shipment.doses_received)),
            Figure(_("Still expected"), number(shipment.doses_expected)),
            Figure(_("Date Shipped"), day(shipment.date_shipped)),
        ),
        notices=_notices(shipment),
        tabs=(
            RecordTab("details", _("Details"), (details, vaccine)),
            RecordTab("related", _("Related"), (Section("order", _("Order"), facts=(order,)),)),
        ),
    )


def links_of(scope: Scope, ids: set[int]) -> dict[int, RecordLink]:
    """The ways to the records of shipments, for who enters them for all locations: from elsewhere
    one switches to the shipment's location first."""
    place = scope.location
    links = {}
    for one in named(ids):
        href = url_for("shipments.record", shipment_id=one.id)
        if place is None or place.id != one.location_id:
            href = url_for("people.switch_location", q=one.pin, back=href)
        links[one.id] = RecordLink(one.number, href)
    return links


def _notices(shipment: Shipment) -> tuple[tuple[str, object], ...]:
    closing = closing_of(shipment)
    if closing is None:
        return ()
    said = _(
        "Closed on %(moment)s by %(user)s: %(reason)s. Doses no longer expected: %(doses)s.",
        moment=moment(closing.closed_at),
        user=closing.closed_by,
        reason=closing.reason.label,
        doses=number(shipment.doses_shipped - shipment.doses_received),
    )
    return (("info", f"{said} {closing.note}".strip()),)


def _tone(shipment: Shipment) -> str:
    tone = status_tone(shipment.status)
    return tone if tone in {"success", "warning"} else ""


def _tracking(shipment: Shipment) -> object:
    """The tracking number, as a link to the carrier's page where there is one."""
    address = tracking_link(shipment.carrier, shipment.tracking_number)
    if address is None:
        return shipment.tracking_number
    return Markup('<a href="{}" rel="noreferrer noopener">{}</a>').format(
        address, shipment.tracking_number
    )
