"""The account (location) page (SPEC D9)."""

from functools import partial

from flask import Blueprint, Response

from blueprints.locations.queries import get_location
from blueprints.locations.record import EDITOR, location_page
from portal.audit.services import viewed as audit_view
from portal.records.views import record_response
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.requests import note

blueprint = Blueprint("locations", __name__, url_prefix="/locations")


@blueprint.get("/<int:location_id>")
@needs("locations.view")
def account(location_id: int) -> Response:
    """Account information, inventory, address, contacts; the totals on top."""
    found = get_location(scope(), location_id)
    note(partial(audit_view, scope(), "location", location_id))
    return record_response(location_page(scope(), found))


EDITOR.register(blueprint, "/<int:record_id>")
