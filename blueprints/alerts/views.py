"""The page of the thresholds."""

from flask import Blueprint, Response, flash, request, url_for

from blueprints.alerts import services
from blueprints.alerts.forms import AlertsForm
from blueprints.inventory.settings import Thresholds, thresholds
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.respond import respond

blueprint = Blueprint("alerts", __name__, url_prefix="/alerts")


@blueprint.route("/", methods=["GET", "POST"])
@needs("alerts.set")
@keeps_late_input(_l("Alerts"), form=AlertsForm)
def index() -> Response:
    """When the location is warned, and whether the user wants the daily e-mail."""
    own = thresholds(scope().location_id)
    posted = request.method == "POST"
    form = AlertsForm(
        formdata=request.form if posted else late_values(),
        data={
            "expiry_days": own.expiry_days,
            "low_doses": own.low_doses,
            "wanted": services.wants_digest(scope()),
        },
    )
    if posted and form.validate():
        wished = Thresholds(form.expiry_days.data, form.low_doses.data)
        services.save(scope(), wished, wanted=form.wanted.data)
        flash(_("Saved."), "success")
        return go_to(url_for("alerts.index"))
    return respond("alerts/index.html", form=form, status=422 if posted else 200)
