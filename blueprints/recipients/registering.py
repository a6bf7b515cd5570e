"""Routes that register recipients and change their records."""

from flask import Response, flash, request, url_for

from blueprints.recipients import services
from blueprints.recipients.forms import RecipientForm, as_typed
from blueprints.recipients.look_alikes import look_alikes
from blueprints.recipients.queries import get_recipient
from blueprints.recipients.views import blueprint
from blueprints.recipients.words import full_name
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.respond import respond

USUAL = {"contact_by": "none", "language": "en"}


@blueprint.route("/new", methods=["GET", "POST"])
@needs("recipients.handle")
@keeps_late_input(_l("Register a recipient"), form=RecipientForm)
def add() -> Response:
    """Register somebody at the point of care."""
    place = scope().place
    if request.method != "POST":
        form = RecipientForm(formdata=late_values(), data=USUAL)
        return respond("recipients/new.html", form=form, place=place)
    form = RecipientForm()
    if not form.validate():
        return respond("recipients/new.html", status=422, form=form, place=place)
    try:
        alike = look_alikes(scope(), form.details, apart_from=form.kept_apart)
        if alike:
            return respond("recipients/look_alikes.html", status=422, form=form, alike=alike)
        recipient = services.register(scope(), form.details, apart_from=form.kept_apart)
    except Invalid as refusal:
        form.refuse(refusal)
        return respond("recipients/new.html", status=422, form=form, place=place)
    flash(_("%(name)s is registered.", name=full_name(recipient)), "success")
    return go_to(url_for("recipients.record", recipient_id=recipient.id))


def _name_of(recipient_id: int) -> str:
    return full_name(get_recipient(scope(), recipient_id))


@blueprint.route("/<int:recipient_id>/edit", methods=["GET", "POST"])
@needs("recipients.handle")
@keeps_late_input(_l("Edit Recipient"), form=RecipientForm, about=_name_of)
def change(recipient_id: int) -> Response:
    """Change what is known of a recipient."""
    recipient = get_recipient(scope(), recipient_id)
    back = url_for("recipients.record", recipient_id=recipient.id)
    posted = request.method == "POST"
    form = RecipientForm(
        formdata=request.form if posted else late_values(), data=as_typed(recipient)
    )
    status = 200
    if posted:
        status = Invalid.status
        if form.validate():
            try:
                with session().begin_nested():
                    services.edit(scope(), recipient.id, form.details, seen=form.seen_version)
            except (Invalid, Conflict) as refusal:
                form.refuse(refusal)
                status = refusal.status
                if isinstance(refusal, Conflict):
                    form.seen.data = str(recipient.version)
            else:
                flash(_("Saved."), "success")
                return go_to(back)
    return respond("recipients/edit.html", status=status, form=form, recipient=recipient, back=back)
