"""Routes of `Wastage` and `Return`."""

from flask import Blueprint, Response

from blueprints.wastage.lists import LOSSES
from blueprints.wastage.wizards import RETURN, WASTAGE
from portal.listviews.views import list_page
from portal.web.context import scope
from portal.web.guards import needs

blueprint = Blueprint("wastage", __name__, url_prefix="/vaccine-inventory")


@blueprint.get("/wastage-and-returns")
@needs("inventory.view")
def index() -> Response:
    """What was wasted or returned."""
    return list_page(LOSSES, scope())


WASTAGE.register(blueprint, "/wastage", "wastage")
RETURN.register(blueprint, "/return", "giving_back")
