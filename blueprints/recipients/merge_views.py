"""Routes that merge two records of one recipient, and undo it."""

from flask import Response, url_for

from blueprints.recipients import merging
from blueprints.recipients.forms import MergeForm
from blueprints.recipients.look_alikes import look_alikes
from blueprints.recipients.queries import get_merge, get_recipient, known_apart
from blueprints.recipients.views import blueprint
from blueprints.recipients.words import full_name
from portal.confirmation import Confirmation, answered, ask
from portal.formats.shown import day
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.forms import Form
from portal.web.guards import needs
from portal.web.late_forms import keeps_late_input


def _name_of(recipient_id: int) -> str:
    return full_name(get_recipient(scope(), recipient_id))


@blueprint.route("/<int:recipient_id>/merge", methods=["GET", "POST"])
@needs("recipients.merge")
@keeps_late_input(_l("Merge"), form=MergeForm, about=_name_of)
def merge(recipient_id: int) -> Response:
    """Ask which other record is of the same person, and use this one in its place."""
    kept = get_recipient(scope(), recipient_id)
    form = answered(MergeForm)
    others = look_alikes(scope(), kept, apart_from={kept.id, *known_apart(kept.id)})
    form.other.choices = [
        (other.id, _summary(other.id, full_name(other), day(other.birth_date), other.city))
        for other, here in others
        if here
    ]
    question = Confirmation(
        title=_("Merge"),
        heading=_("Merge two records of one recipient"),
        about=(
            (_("Record that is kept"), _summary(kept.id, full_name(kept), day(kept.birth_date))),
        ),
        points=(
            _("Appointments, vaccinations and all else of the other record move to this one."),
            _("What this record says of name, address and contact stays as it is."),
            _("“Undo” on the tab Related takes the merge back."),
        )
        if form.other.choices
        else (_("No other record looks like this person."),),
        back=url_for("recipients.record", recipient_id=kept.id, tab="related"),
        danger=True,
    )
    return ask(
        form,
        question,
        act=lambda form: merging.merge(scope(), kept.id, form.other.data, reason=form.reason.data),
        done=_("The records were merged."),
    )


def _summary(number: int, *parts: str) -> str:
    return ", ".join(part for part in (*parts, _("record %(number)s", number=number)) if part)


@blueprint.route("/merges/<int:merge_id>/undo", methods=["GET", "POST"])
@needs("recipients.merge")
def undo_merge(merge_id: int) -> Response:
    """Say what follows from undoing a merge, and undo it."""
    made = get_merge(scope(), merge_id)
    question = Confirmation(
        title=_("Undo Merge"),
        heading=_("Use both records again?"),
        text=_("What belonged to the other record goes back to it."),
        about=((_("Recipient"), _name_of(made.kept_id)), (_("Reason"), made.reason)),
        back=url_for("recipients.record", recipient_id=made.kept_id),
    )
    return ask(
        answered(Form),
        question,
        act=lambda _form: merging.undo(scope(), merge_id),
        done=_("The merge was undone. Both records are used again."),
    )
