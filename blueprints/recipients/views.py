"""Routes of the `Recipient` tab: find, open, look at."""

from functools import partial

from flask import Blueprint, Response, flash, request, url_for

from blueprints.recipients import services
from blueprints.recipients.finding import MOST, find
from blueprints.recipients.forms import FindForm
from blueprints.recipients.lists import RECIPIENTS, status_label
from blueprints.recipients.queries import get_recipient
from blueprints.recipients.record import recipient_page
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.audit.services import viewed as audit_view
from portal.formats.birthdays import birthday_in
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.listviews.definition import Action
from portal.listviews.services import keep_words, kept_words
from portal.listviews.views import list_page, viewed
from portal.records.views import record_response
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.requests import note
from portal.web.respond import respond
from portal.web.templating import day

blueprint = Blueprint("recipients", __name__, url_prefix="/recipients")

SEARCHES = "recipients_found"


@blueprint.get("/")
@needs("recipients.view")
def index() -> Response:
    """The people of the present location, and the search for these and others."""
    if scope().location is None and scope().everywhere:
        return respond("recipients/found.html", form=FindForm(), found=None)
    actions = []
    if scope().can("recipients.handle") and scope().location:
        add = url_for("recipients.add")
        actions.append(Action(label=_("Register"), href=add, kind="primary", icon="plus"))
    return list_page(
        RECIPIENTS, scope(), actions=actions, page="recipients/index.html", form=FindForm()
    )


@blueprint.post("/find")
@needs("recipients.view")
def search() -> Response:
    """Search: what was typed stays on the server, the address gets its number."""
    form = FindForm()
    valid = form.validate()
    if valid and not (form.text.data or form.birth_date.data):
        form.form_errors.append(_("Enter a name, a date of birth, or both."))
        valid = False
    if not valid:
        return respond("recipients/found.html", status=422, form=form, found=None)
    sought = f"{form.text.data} {day(form.birth_date.data)}".strip()
    number = keep_words(scope(), SEARCHES, sought)
    return go_to(url_for("recipients.found", search=number))


@blueprint.get("/found")
@needs("recipients.view")
def found() -> Response:
    """The people that were found."""
    number = record_number(request.args.get("search", ""))
    text = kept_words(scope(), SEARCHES, number) if number else ""
    if not text:
        return respond("recipients/found.html", form=FindForm(), found=None)
    birth_date, name = birthday_in(text)
    people = find(scope(), name, birth_date)
    elsewhere = [one.recipient_id for one in people if not one.here]
    if elsewhere:
        note(partial(_note_elsewhere, scope(), elsewhere))
    form = FindForm(formdata=None, data={"text": name, "birth_date": birth_date})
    return respond(
        "recipients/found.html", form=form, found=people, most=MOST, status_label=status_label
    )


def _note_elsewhere(who: Scope, ids: list[int]) -> None:
    audit(
        who.user,
        "recipient.found_elsewhere",
        subject="recipient",
        subject_id=ids[0] if len(ids) == 1 else None,
        location_id=who.location.id if who.location else None,
        after={"found": ids},
    )


@blueprint.post("/<int:recipient_id>/open")
@needs("recipients.view")
def open_found(recipient_id: int) -> Response:
    """Open the record of somebody who was found; from now on the location sees this person."""
    form = FindForm()
    form.validate()
    recipient = services.open_found(
        scope(), recipient_id, text=form.text.data or "", birth_date=form.birth_date.data
    )
    if request.form.get("same"):
        flash(_("Nothing was registered. This is the record that already exists."), "info")
    return go_to(url_for("recipients.record", recipient_id=recipient.id))


@blueprint.get("/<int:recipient_id>")
@needs("recipients.view")
def record(recipient_id: int) -> Response:
    """The record of a recipient."""
    recipient = get_recipient(scope(), recipient_id)
    if recipient.id != recipient_id:
        return go_to(url_for("recipients.record", recipient_id=recipient.id))
    note(partial(audit_view, scope(), "recipient", recipient.id))
    viewed(scope(), "recipient", recipient.id)
    return record_response(recipient_page(scope(), recipient))
