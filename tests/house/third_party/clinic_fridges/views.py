"""The page of the fridges."""

from flask import Blueprint, Response

from clinic_fridges.parts import NAMES
from portal.web.guards import needs
from portal.web.respond import respond

blueprint = Blueprint("fridges", __name__, template_folder="templates")


@blueprint.get("/fridges")
@needs("fridges.view")
def index() -> Response:
    """All fridges."""
    return respond("fridges/index.html", fridges=NAMES.values())
