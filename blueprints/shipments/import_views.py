"""Routes for taking in shipments: a file by upload, or one shipment by form."""

from datetime import date

from flask import Response, current_app, flash, request, url_for

from blueprints.shipments.forms import ShipmentForm
from blueprints.shipments.importing import IMPORT
from blueprints.shipments.queries import ensure_entered
from blueprints.shipments.record import links_of
from blueprints.shipments.services import RowRefused, announce_by_form
from blueprints.shipments.views import blueprint
from portal.clock import today
from portal.confirmation import answered
from portal.errors import Conflict
from portal.i18n import _, _l
from portal.imports.views import register_import
from portal.settings import current
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input
from portal.web.respond import respond

register_import(blueprint, IMPORT)


@blueprint.route("/new", methods=["GET", "POST"])
@needs("shipments.import")
@keeps_late_input(_l("New Shipment"), form=ShipmentForm)
def new() -> Response:
    """One shipment by form."""
    form = answered(ShipmentForm)
    if request.method == "POST" and form.validate():
        try:
            shipment_id = announce_by_form(
                scope(),
                cells=form.cells,
                pin_prefix=current().pin_prefix,
                today=_day(),
            )
            flash(
                _("The shipment was saved. The vaccine coordinators are told by e-mail."), "success"
            )
            return go_to(url_for("shipments.saved", shipment_id=shipment_id))
        except RowRefused as refusal:
            for name, message in refusal.errors:
                if name == "answer":
                    form.asks = True
                    continue
                field = form[name] if name and name in form else form.shipment_id
                field.errors = [*field.errors, message]
        except Conflict as conflict:
            form.refuse(conflict)
    return respond("shipments/new.html", status=422 if request.method == "POST" else 200, form=form)


@blueprint.get("/new/<int:shipment_id>")
@needs("shipments.import")
def saved(shipment_id: int) -> Response:
    """After saving: on to the record, or to the next shipment."""
    ensure_entered(scope(), shipment_id)
    way = links_of(scope(), {shipment_id})[shipment_id].href
    return respond("shipments/saved.html", way=way)


def _day() -> date:
    return today(current_app.extensions["portal"].settings.time_zone)
