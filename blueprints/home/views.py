"""Routes of `Home` and `Help & Information`."""

from flask import Blueprint, Response

from portal.access.profiles import EVERYONE
from portal.web.context import registry, scope
from portal.web.guards import needs
from portal.web.respond import respond

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@needs("home.view")
def index() -> Response:
    """What awaits the user, as cards of the modules."""
    known = registry().capabilities
    needed = {fill.capability for fill in registry().fills("home.cards")}
    tasks = any(scope().can(name) for name in needed if known[name].profiles != EVERYONE)
    return respond("home/index.html", tasks=tasks)


@blueprint.get("/help-information")
@needs("home.view")
def help_information() -> Response:
    """Contacts, hours, supported browsers, guides."""
    return respond("home/help_information.html")
