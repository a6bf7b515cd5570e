"""Routes of the `Shipments` tab."""

from functools import partial

from flask import Blueprint, Response, url_for

from blueprints.shipments.lists import SHIPMENTS, status_label, status_tone
from blueprints.shipments.queries import (
    get_order,
    get_shipment,
    list_shipments_of_order,
)
from blueprints.shipments.record import shipment_page
from portal.audit.services import viewed as audit_view
from portal.i18n import _
from portal.listviews.definition import Action
from portal.listviews.views import list_page, viewed
from portal.records.views import record_response
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.requests import note
from portal.web.respond import respond

blueprint = Blueprint("shipments", __name__, url_prefix="/shipments")


@blueprint.get("/")
@needs("shipments.view")
def index() -> Response:
    """The list views; whoever imports for all locations and has chosen none gets the imports."""
    if scope().location is None and scope().can("shipments.import"):
        return go_to(url_for("shipments.imports"))
    actions = []
    if scope().can("shipments.import"):
        actions = [
            Action(label=_("Import"), href=url_for("shipments.imports"), icon="upload"),
            Action(label=_("New"), href=url_for("shipments.new"), icon="plus"),
        ]
    return list_page(SHIPMENTS, scope(), actions=actions)


@blueprint.get("/<int:shipment_id>")
@needs("shipments.view")
def record(shipment_id: int) -> Response:
    """The shipment record with its `Details` and `Related` tabs."""
    shipment = get_shipment(scope(), shipment_id)
    viewed(scope(), "shipment", shipment_id)
    note(partial(audit_view, scope(), "shipment", shipment_id))
    return record_response(shipment_page(shipment))


@blueprint.get("/orders/<int:order_id>")
@needs("shipments.view")
def order(order_id: int) -> Response:
    """An order and its shipments."""
    found = get_order(scope(), order_id)
    return respond(
        "shipments/order.html",
        order=found,
        shipments=list_shipments_of_order(scope(), found),
        status_label=status_label,
        status_tone=status_tone,
    )
