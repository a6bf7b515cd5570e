"""Route that invites a recipient to book."""

from flask import Response, flash, url_for

from blueprints.appointments import inviting
from blueprints.appointments.views import blueprint
from portal.errors import Conflict
from portal.i18n import _
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to


@blueprint.post("/invite/<int:recipient_id>")
@needs("appointments.invite")
def invite(recipient_id: int) -> Response:
    """Send a recipient an invitation to book."""
    try:
        sent = inviting.invite(scope(), recipient_id)
    except Conflict as refusal:
        flash(refusal.message, "warning")
    else:
        if sent:
            flash(_("The invitation is on its way."), "success")
        else:
            flash(_("This person was invited today already. Nothing was sent."), "info")
    return go_to(url_for("recipients.record", recipient_id=recipient_id))
