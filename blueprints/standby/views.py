"""Routes of the list of who could come, and of the calls."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, request, url_for

from blueprints.appointments.call_views import call_page, to_call
from blueprints.appointments.words import dose_label
from blueprints.recipients.models import Recipient
from blueprints.recipients.words import full_name
from blueprints.standby import services
from blueprints.standby.models import StandbyLine
from blueprints.standby.queries import get_call, get_list, rows_of
from blueprints.standby.rules import StandbyOutcome
from blueprints.standby.words import OUTCOMES
from portal.audit.services import viewed as audit_view
from portal.catalog.models import Product
from portal.db import session
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.requests import note
from portal.web.respond import respond

blueprint = Blueprint("standby", __name__, url_prefix="/standby")


@blueprint.route("/", methods=["GET", "POST"])
@needs("standby.call")
def make() -> Response:
    """Make today's list for a vaccine, or bring it up to date; lists begin at the vaccine that is
    left, on `Home`."""
    if request.method == "GET":
        return go_to("/")
    product = record_number(request.form.get("product", ""))
    found = services.list_for(scope(), product or 0)
    return go_to(url_for("standby.show", list_id=found.id))


@blueprint.get("/<int:list_id>")
@needs("standby.call")
def show(list_id: int) -> Response:
    """Who could come, who was called, and who is coming."""
    found = get_list(scope(), list_id)
    rows = rows_of(found)
    note(
        partial(audit_view, scope(), "recipients", None, summary=f"standby {list_id}, {len(rows)}")
    )
    return respond(
        "standby/list.html",
        found=found,
        product=session().get_one(Product, found.product_id).name,
        rows=rows,
        left=sum(row.is_open for row in rows),
        coming=sum(row.line.outcome == StandbyOutcome.COMING for row in rows),
        outcomes=OUTCOMES,
        is_today=found.day == scope().today(),
        dose_label=dose_label,
        full_name=full_name,
        place=scope().place,
    )


@blueprint.post("/<int:list_id>/next")
@needs("standby.call")
def next_call(list_id: int) -> Response:
    """Take the next call; it is the user's for ten minutes."""
    back = url_for("standby.show", list_id=list_id)
    return to_call(services.claim_next(scope(), list_id), "standby.call", back)


@blueprint.route("/calls/<int:line_id>", methods=["GET", "POST"])
@needs("standby.call")
def call(line_id: int) -> Response:
    """Whom to call and what to say; then what came of it."""
    line = get_call(scope(), line_id)
    back = url_for("standby.show", list_id=line.list_id)
    return call_page(line, OUTCOMES, services.note_call, back, _about)


def _about(line: StandbyLine) -> dict[str, Any]:
    person, place = session().get_one(Recipient, line.recipient_id), scope().place
    note(partial(audit_view, scope(), "recipient", person.id))
    product = session().get_one(Product, get_list(scope(), line.list_id).product_id)
    return {
        "person": person,
        "say": _(
            "Say: we have a dose of %(product)s left today at %(place)s. Could you come now?",
            product=product.name,
            place=place.name,
        ),
        "more": [(_("Dose"), dose_label(line.dose_number))],
        "record": (
            _("Record of the recipient"),
            url_for("recipients.record", recipient_id=person.id),
        ),
        "place": place,
    }
