"""Routes of the `Vaccine Inventory` tab."""

from functools import partial

from flask import Blueprint, Response, request, url_for

from blueprints.inventory.adding.wizard import ADD
from blueprints.inventory.correcting import views as correction_views
from blueprints.inventory.correcting.services import may_reverse, who_may_reverse
from blueprints.inventory.correcting.wizard import ADJUST
from blueprints.inventory.history.listing import HISTORY
from blueprints.inventory.ledger.documents import author_of, get_document, list_document_lines
from blueprints.inventory.ledger.reasons import reason_label, vial_labels
from blueprints.inventory.lists import INVENTORY
from blueprints.inventory.queries import get_inventory
from blueprints.inventory.record import EDITOR, inventory_page
from blueprints.inventory.rules import DocumentKind, document_number
from portal.audit.services import viewed as audit_view
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.listviews.definition import Action
from portal.listviews.views import list_page, viewed
from portal.records.views import record_response
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.requests import note
from portal.web.respond import respond

blueprint = Blueprint("inventory", __name__, url_prefix="/vaccine-inventory")

ADD.register(blueprint, "/add", "add")
ADJUST.register(blueprint, "/<int:inventory_id>/adjust", "adjust")
correction_views.register(blueprint)
# Mails carry the code of a reason: its words are in the language of whoever reads.
blueprint.add_app_template_filter(reason_label, "reason")


@blueprint.get("/")
@needs("inventory.view")
def index() -> Response:
    """The list views."""
    actions = []
    if scope().can("inventory.add"):
        actions.append(
            Action(label=_("Add"), href=url_for("inventory.add"), kind="primary", icon="plus")
        )
    return list_page(INVENTORY, scope(), actions=actions)


@blueprint.get("/<int:inventory_id>")
@needs("inventory.view")
def record(inventory_id: int) -> Response:
    """The record: key figures, details, and the ledger as its history."""
    found = get_inventory(scope(), inventory_id)
    viewed(scope(), "inventory", inventory_id)
    note(partial(audit_view, scope(), "inventory", inventory_id))
    return record_response(inventory_page(scope(), found))


@blueprint.get("/history")
@needs("inventory.view")
def ledger() -> Response:
    """The history of all doses of the location, or of one record."""
    number = record_number(request.args.get("record", ""))
    record = get_inventory(scope(), number) if number else None
    return list_page(HISTORY, scope(), page="inventory/ledger.html", record=record)


@blueprint.get("/documents/<int:document_id>")
@needs("inventory.view")
def document(document_id: int) -> Response:
    """What was submitted together: its lines, as a slip to print."""
    found = get_document(scope(), document_id)
    lines = list_document_lines(found)
    standing = {line.kind for line in lines if not line.reversed}
    others = {
        who_may_reverse(kind, found.kind)
        for kind in standing
        if not may_reverse(scope(), kind, found.kind)
    }
    note(partial(audit_view, scope(), "document", document_id))
    return respond(
        "inventory/document.html",
        document=found,
        kind=DocumentKind(found.kind),
        number=document_number(found.kind, found.id),
        reason=reason_label(found.reason),
        vial=vial_labels().get(found.vial),
        author=author_of(found),
        lines=lines,
        may_reverse=partial(may_reverse, scope(), document_kind=found.kind),
        ask_to_reverse=sorted(others - {""}),
    )


EDITOR.register(blueprint, "/<int:record_id>")
