"""The blueprint, and the two lists: of the help desk, and of one's own cases."""

from flask import Blueprint, Response, url_for

from blueprints.helpdesk.lists import CASES, OWN_CASES
from blueprints.helpdesk.mail.addresses import is_set_up
from portal.i18n import _
from portal.listviews.definition import Action
from portal.listviews.views import list_page
from portal.web.context import scope
from portal.web.guards import needs

blueprint = Blueprint("helpdesk", __name__)


@blueprint.get("/help-desk/")
@needs("helpdesk.work")
def index() -> Response:
    """All cases: those that are not resolved, unless the filters say otherwise."""
    mails = Action(label=_("E-mails"), href=url_for("helpdesk.mails"))
    return list_page(CASES, scope(), actions=[mails] if is_set_up() else [])


@blueprint.get("/my-cases")
@needs("helpdesk.ask")
def own() -> Response:
    """The user's own cases."""
    ask = Action(label=_("Get Help"), href=url_for("helpdesk.ask"), kind="primary", icon="help")
    return list_page(OWN_CASES, scope(), actions=[ask])
