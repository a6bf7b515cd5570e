"""Routes of transfers."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import lazy_gettext as _l

from blueprints.inventory.documents import author_of
from blueprints.inventory.forms import WhyForm
from blueprints.inventory.reasons import reason_label, reason_labels
from blueprints.transfers import services
from blueprints.transfers.queries import PAGE, Sent, get_transfer, list_transfers
from blueprints.transfers.wizards import INBOUND, TRANSFER
from portal.audit.services import viewed as audit_view
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound
from portal.i18n import _
from portal.listviews.definition import Action
from portal.places.scope import Scope
from portal.web.context import scope
from portal.web.converters import record_number
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.requests import note
from portal.web.respond import respond

blueprint = Blueprint("transfers", __name__, url_prefix="/transfers")

TRANSFER.register(blueprint, "/send", "send")
INBOUND.register(blueprint, "/inbound", "inbound")


@blueprint.get("/")
@needs("transfers.view")
def index() -> Response:
    """All transfers of the location, newest first."""
    found = list_transfers(scope(), before=record_number(request.args.get("before")))
    actions = []
    if scope().can("transfers.handle"):
        actions = [
            Action(label=_("Transfer"), href=url_for("transfers.send"), kind="primary"),
            Action(label=_("Inbound Transfer"), href=url_for("transfers.inbound")),
        ]
    return respond(
        "transfers/index.html",
        found=found[:PAGE],
        older=found[PAGE - 1].transfer.id if len(found) > PAGE else None,
        actions=actions,
    )


@blueprint.get("/<int:transfer_id>")
@needs("transfers.view")
def record(transfer_id: int) -> Response:
    """One transfer, as its packing slip."""
    sent = get_transfer(scope(), transfer_id)
    note(partial(audit_view, scope(), "transfer", transfer_id))
    return respond(
        "transfers/record.html",
        sent=sent,
        coming=sent.transfer.to_location_id == scope().location_id,
        may_handle=scope().can("transfers.handle"),
        reason=reason_label(sent.document.reason),
        reasons=reason_labels(),
        author=author_of(sent.document),
    )


@blueprint.route("/<int:transfer_id>/cancel", methods=["GET", "POST"])
@needs("transfers.handle")
@keeps_late_input(_l("Cancel Transfer"), form=WhyForm)
def cancel(transfer_id: int) -> Response:
    """The sender takes back what has not been received."""
    return _send_back(
        transfer_id,
        title=_("Cancel Transfer"),
        text=_("These doses become available at your location again:"),
        sending=True,
        service=services.cancel,
        done=_("The transfer was cancelled. The doses are available again."),
    )


@blueprint.route("/<int:transfer_id>/refuse", methods=["GET", "POST"])
@needs("transfers.handle")
@keeps_late_input(_l("Refuse Transfer"), form=WhyForm)
def refuse(transfer_id: int) -> Response:
    """The receiver sends everything back that has not been received."""
    return _send_back(
        transfer_id,
        title=_("Refuse Transfer"),
        text=_("These doses go back to the inventory of the sending location:"),
        sending=False,
        service=services.refuse,
        done=_("The transfer was refused. The sender is told."),
    )


def _send_back(
    transfer_id: int,
    *,
    title: str,
    text: str,
    sending: bool,
    service: Callable[..., Sent],
    done: str,
) -> Response:
    sent = _of_my_side(scope(), transfer_id, sending=sending)
    back = url_for("transfers.record", transfer_id=transfer_id)
    posted = request.method == "POST"
    form = WhyForm(formdata=request.form if posted else late_values())
    status = 200
    if not posted and not sent.open:
        flash(services.settled(scope(), sent.lines[-1].row).message, "warning")
        return go_to(back)
    if posted:
        status = 422
        if form.validate():
            try:
                with session().begin_nested():
                    service(scope(), transfer_id, note=form.note.data)
            except Invalid as refusal:
                form.refuse(refusal)
            except Conflict as refusal:
                flash(refusal.message, "warning")
                return go_to(back)
            else:
                flash(done, "success")
                return go_to(back)
    return respond(
        "transfers/send_back.html",
        status=status,
        sent=sent,
        form=form,
        title=title,
        text=text,
        here=request.path,
    )


def _of_my_side(asking: Scope, transfer_id: int, *, sending: bool) -> Sent:
    sent = get_transfer(asking, transfer_id)
    mine = sent.transfer.from_location_id if sending else sent.transfer.to_location_id
    if mine != asking.location_id:
        raise NotFound
    return sent
