"""Routes for staff: a recipient's proof, on the screen and as PDF, and its link by e-mail."""

from functools import partial

from flask import Blueprint, Response, flash, request, url_for

from blueprints.proof import telling
from blueprints.proof.pages import pdf_response, shown
from blueprints.proof.queries import proof_of
from blueprints.recipients.queries import get_recipient
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.audit.services import viewed as audit_view
from portal.errors import Conflict
from portal.i18n import _
from portal.settings import current
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.requests import note
from portal.web.respond import respond

blueprint = Blueprint("proof", __name__, url_prefix="/proof")


@blueprint.get("/<int:recipient_id>")
@needs("proof.view")
def show(recipient_id: int) -> Response:
    """The proof on the screen, with the ways to print and send it."""
    recipient = get_recipient(scope(), recipient_id)
    note(partial(audit_view, scope(), "recipient", recipient.id))
    return respond(
        "proof/show.html",
        recipient_id=recipient.id,
        sends=scope().can("proof.send") and telling.may_be_told(recipient),
        languages=current().visitor_languages,
        **shown(proof_of(recipient)),
    )


@blueprint.get("/<int:recipient_id>/pdf")
@needs("proof.view")
def pdf(recipient_id: int) -> Response:
    """The proof as PDF, in the recipient's language or the one that was asked for."""
    recipient = get_recipient(scope(), recipient_id)
    wish = request.args.get("language", "")
    language = wish if wish in current().visitor_languages else recipient.language
    answer = pdf_response(proof_of(recipient), language=language)
    note(partial(_printed, scope(), recipient.id))
    return answer


def _printed(who: Scope, recipient_id: int) -> None:
    audit(
        who.user,
        "proof.printed",
        subject="recipient",
        subject_id=recipient_id,
        location_id=who.location.id if who.location else None,
    )


@blueprint.post("/<int:recipient_id>/send")
@needs("proof.send")
def send(recipient_id: int) -> Response:
    """Send the recipient the link."""
    try:
        telling.send(scope(), recipient_id)
    except Conflict as refusal:
        flash(refusal.message, "warning")
    else:
        flash(_("The link is on its way."), "success")
    return go_to(url_for("proof.show", recipient_id=recipient_id))
