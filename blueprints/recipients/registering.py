"""Routes that register recipients and change their records."""

from flask import Response, flash, request, url_for

from blueprints.recipients import services
from blueprints.recipients.forms import RecipientForm, as_typed
from blueprints.recipients.look_alikes import Compared, compared, look_alikes
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
    if request.method != "POST":
        return _show(RecipientForm(formdata=late_values(), data=USUAL))
    form = RecipientForm()
    if request.form.get("go") == "back":
        return _show(form, 422)
    if not form.validate():
        return _show(form, 422)
    try:
        details = services.checked(scope(), form.details)
        alike = look_alikes(scope(), details, apart_from=form.kept_apart)
        if alike:
            return _ask(form, [compared(details, other, here) for other, here in alike])
        recipient = services.register(scope(), details, apart_from=form.kept_apart)
    except Invalid as refusal:
        form.refuse(refusal)
        return _show(form, 422)
    flash(_("%(name)s is registered.", name=full_name(recipient)), "success")
    return go_to(url_for("recipients.record", recipient_id=recipient.id))


def _show(form: RecipientForm, status: int = 200) -> Response:
    return respond("recipients/new.html", status=status, form=form, place=scope().place)


def _ask(form: RecipientForm, alike: list[Compared]) -> Response:
    """Ask whether it is one of those who look alike; what was typed is sent along."""
    apart = [*form.kept_apart, *(other.id for other in alike)]
    form.apart.data = " ".join(str(number) for number in apart)
    return respond(
        "recipients/look_alikes.html",
        status=422,
        alike=alike,
        place=scope().place,
        kept=[*_typed(form), ("apart", form.apart.data)],
    )


def _typed(form: RecipientForm) -> list[tuple[str, str]]:
    """The names and values of the form's fields, as they were sent."""
    return [
        (field.name, value)
        for field in form
        if field.name != "apart"
        for value in request.form.getlist(field.name)
    ]


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
