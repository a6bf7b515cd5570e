"""Routes for closing a shipment and opening it again."""

from flask import Response, flash, request, url_for
from flask_babel import lazy_gettext as _l

from blueprints.shipments.closing import close_shipment, reopen_shipment
from blueprints.shipments.forms import ClosingForm
from blueprints.shipments.models import Shipment
from blueprints.shipments.queries import closing_of, get_shipment
from blueprints.shipments.rules import ClosingReason
from blueprints.shipments.views import blueprint
from portal.errors import Conflict, Invalid
from portal.i18n import _
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.respond import respond


def _number_of(shipment_id: int) -> str:
    return get_shipment(scope(), shipment_id).number


@blueprint.route("/<int:shipment_id>/close", methods=["GET", "POST"])
@needs("shipments.close")
@keeps_late_input(_l("Close Shipment"), form=ClosingForm, about=_number_of)
def close(shipment_id: int) -> Response:
    """Say what follows from closing the shipment, ask for the reason, and close it."""
    shipment = get_shipment(scope(), shipment_id)
    if request.method != "POST":
        late = late_values()
        form = ClosingForm(formdata=late) if late else ClosingForm()
        return _closing_page(shipment, form)
    form = ClosingForm()
    if not form.validate():
        return _closing_page(shipment, form, 422)
    try:
        close_shipment(
            scope(),
            shipment_id,
            reason=ClosingReason(form.reason.data),
            note=form.note.data or "",
            seen_received=form.seen,
        )
    except (Invalid, Conflict) as refusal:
        form.refuse(refusal)
        return _closing_page(shipment, form, refusal.status)
    flash(_("The shipment was closed. It is no longer expected."), "success")
    return go_to(url_for("shipments.record", shipment_id=shipment_id))


def _closing_page(shipment: Shipment, form: ClosingForm, status: int = 200) -> Response:
    form.seen_received.data = str(shipment.doses_received)
    return respond("shipments/close.html", status=status, shipment=shipment, form=form)


@blueprint.route("/<int:shipment_id>/reopen", methods=["GET", "POST"])
@needs("shipments.close")
def reopen(shipment_id: int) -> Response:
    """Say what follows from opening the shipment again, and open it."""
    shipment = get_shipment(scope(), shipment_id)
    if request.method != "POST":
        closing = closing_of(shipment)
        return respond("shipments/reopen.html", shipment=shipment, closing=closing)
    reopen_shipment(scope(), shipment_id)
    flash(_("The shipment is open again."), "success")
    return go_to(url_for("shipments.record", shipment_id=shipment_id))
