"""Routes of transfers."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from blueprints.inventory.forms import ReverseForm
from blueprints.inventory.ledger.documents import author_of
from blueprints.transfers import services
from blueprints.transfers.forms import RefuseForm
from blueprints.transfers.lists import TRANSFERS
from blueprints.transfers.queries import SentTransfer, find_of_document, get_transfer
from blueprints.transfers.rules import LineState
from blueprints.transfers.settled import settled
from blueprints.transfers.wizards import INBOUND, TRANSFER
from portal.access.scope import Scope
from portal.audit.services import viewed as audit_view
from portal.confirmation import Confirmation, answered, ask
from portal.errors import NotFound
from portal.formats.shown import number
from portal.i18n import _, _l
from portal.listviews.definition import Action
from portal.listviews.views import list_page, viewed
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input
from portal.web.requests import note
from portal.web.respond import respond

blueprint = Blueprint("transfers", __name__, url_prefix="/transfers")

TRANSFER.register(blueprint, "/send", "send")
INBOUND.register(blueprint, "/inbound", "inbound")


@blueprint.get("/")
@needs("transfers.view")
def index() -> Response:
    """The list views."""
    actions = []
    if scope().can("transfers.handle"):
        actions = [
            Action(label=_("Transfer"), href=url_for("transfers.send"), kind="primary"),
            Action(label=_("Inbound Transfer"), href=url_for("transfers.inbound")),
        ]
    return list_page(TRANSFERS, scope(), actions=actions)


@blueprint.get("/<int:transfer_id>")
@needs("transfers.view")
def record(transfer_id: int) -> Response:
    """One transfer, as its packing slip."""
    sent = get_transfer(scope(), transfer_id)
    viewed(scope(), "transfer", transfer_id)
    note(partial(audit_view, scope(), "transfer", transfer_id))
    return respond(
        "transfers/record.html",
        sent=sent,
        coming=sent.transfer.to_location_id == scope().location_id,
        may_handle=scope().can("transfers.handle"),
        author=author_of(sent.document),
    )


@blueprint.get("/documents/<int:document_id>")
@needs("transfers.view")
def of_document(document_id: int) -> Response:
    """From a document's number, as the history of doses names it, to its transfer."""
    return go_to(url_for("transfers.record", transfer_id=find_of_document(scope(), document_id)))


@blueprint.route("/<int:transfer_id>/cancel", methods=["GET", "POST"])
@needs("transfers.handle")
@keeps_late_input(_l("Cancel Transfer"), form=ReverseForm)
def cancel(transfer_id: int) -> Response:
    """The sender takes back what has not been received."""
    return _send_back(
        _of_my_side(scope(), transfer_id, sending=True),
        title=_("Cancel Transfer"),
        text=_("These doses become available at your location again:"),
        act=lambda form: _cancelled(
            services.cancel(
                scope(), transfer_id, note=form.note.data, confirmed=_is_confirmed(form)
            )
        ),
    )


def _cancelled(sent: SentTransfer) -> str:
    kept = [line for line in sent.lines if line.state is LineState.RECEIVED]
    if not kept:
        return _("The transfer was canceled. The doses are available again.")
    return _(
        "The doses still on their way were canceled and are available again. Received before "
        "that: %(names)s.",
        names=", ".join(line.record.name for line in kept),
    )


@blueprint.route("/<int:transfer_id>/refuse", methods=["GET", "POST"])
@needs("transfers.handle")
@keeps_late_input(_l("Refuse Transfer"), form=RefuseForm)
def refuse(transfer_id: int) -> Response:
    """The receiver sends everything back that has not been received."""
    return _send_back(
        _of_my_side(scope(), transfer_id, sending=False),
        title=_("Refuse Transfer"),
        text=_("These doses go back to the inventory of the sending location:"),
        act=lambda form: _refused(
            services.refuse(
                scope(),
                transfer_id,
                note=form.note.data,
                usable=form.usable.data == "yes",
                confirmed=_is_confirmed(form),
            )
        ),
        form=RefuseForm,
    )


def _refused(sent: SentTransfer) -> str:
    if any(line.state is LineState.REFUSED for line in sent.lines):
        return _("The transfer was refused. The sender is told.")
    return _(
        "The sender already canceled this transfer. Its doses are now in quarantine there, for "
        "the reason you gave, and the sender is told."
    )


def _send_back(
    sent: SentTransfer,
    *,
    title: str,
    text: str,
    act: Callable[[Any], str],
    form: type[ReverseForm] = ReverseForm,
) -> Response:
    back = url_for("transfers.record", transfer_id=sent.transfer.id)
    if request.method != "POST" and not sent.open:
        flash(settled(scope(), sent.lines[-1].row).message, "warning")
        return go_to(back)
    counted = services.counted_since_sent(scope(), sent)
    points = [
        _(
            "%(name)s, lot %(lot)s, doses: %(doses)s",
            name=line.record.name,
            lot=line.record.lot,
            doses=number(line.row.doses_sent),
        )
        for line in sent.open
    ]
    question = Confirmation(
        title=title, back=back, text=text, points=points, doubts=counted, leave=_("Back")
    )
    asked = answered(form)
    if not counted:
        del asked.confirmed
    return ask(asked, question, act=act)


def _is_confirmed(form: Any) -> bool:
    return "confirmed" in form and bool(form.confirmed.data)


def _of_my_side(asking: Scope, transfer_id: int, *, sending: bool) -> SentTransfer:
    sent = get_transfer(asking, transfer_id)
    mine = sent.transfer.from_location_id if sending else sent.transfer.to_location_id
    if mine != asking.location_id:
        raise NotFound
    return sent
