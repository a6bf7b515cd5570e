"""Routes of `Home` and `Help & Information`."""

from flask import Blueprint, Response

from portal.web.guards import needs
from portal.web.respond import respond

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@needs("home.view")
def index() -> Response:
    """What awaits the user, as cards of the modules."""
    return respond("home/index.html")


@blueprint.get("/help-information")
@needs("home.view")
def help_information() -> Response:
    """Contacts, hours, supported browsers, guides."""
    return respond("home/help_information.html")
