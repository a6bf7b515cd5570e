"""Routes for closing a shipment and opening it again."""

from flask import Response, flash, request, url_for

from blueprints.shipments.closing import close_shipment, reopen_shipment
from blueprints.shipments.forms import ClosingForm
from blueprints.shipments.models import Shipment
from blueprints.shipments.queries import closing_of, get_shipment
from blueprints.shipments.rules import ClosingReason
from blueprints.shipments.views import blueprint
from portal.confirmation import Confirmation, answered, ask
from portal.formats.shown import day, number
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input
from portal.web.respond import respond


def _number_of(shipment_id: int) -> str:
    return get_shipment(scope(), shipment_id).number


@blueprint.route("/<int:shipment_id>/close", methods=["GET", "POST"])
@needs("shipments.close")
@keeps_late_input(_l("Close Shipment"), form=ClosingForm, about=_number_of)
def close(shipment_id: int) -> Response:
    """Say what follows from closing the shipment, ask for the reason, and close it."""
    shipment = get_shipment(scope(), shipment_id)
    form = answered(ClosingForm)
    seen = form.seen
    form.seen_received.data = str(shipment.doses_received)
    question = Confirmation(
        title=_("Close Shipment"),
        heading=_("Close shipment %(number)s?", number=shipment.number),
        about=_about(shipment),
        points=(
            _(
                "Doses that did not arrive are no longer expected. The shipment leaves “To Be "
                "Received” and the Home page."
            ),
            _("Doses that were received stay in the inventory."),
            _("“Reopen Shipment” undoes this. Adding doses of the shipment also reopens it."),
        ),
        back=url_for("shipments.record", shipment_id=shipment_id),
        danger=True,
    )
    return ask(
        form,
        question,
        act=lambda form: close_shipment(
            scope(),
            shipment_id,
            reason=ClosingReason(form.reason.data),
            note=form.note.data or "",
            seen_received=seen,
        ),
        done=_("The shipment was closed. It is no longer expected."),
    )


def _about(shipment: Shipment) -> tuple[tuple[str, str], ...]:
    return (
        (_("Vaccine"), shipment.product_name),
        (_("Lot #"), shipment.lot),
        (_("Date Shipped"), day(shipment.date_shipped)),
        (_("Quantity Shipped"), number(shipment.doses_shipped)),
        (_("Doses Received"), number(shipment.doses_received)),
        (_("Still expected"), number(shipment.doses_expected)),
    )


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
