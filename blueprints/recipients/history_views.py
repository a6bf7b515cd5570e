"""Routes of the doses that were given elsewhere."""

from flask import Response, url_for

from blueprints.recipients.forms import DoseElsewhereForm, WithdrawForm
from blueprints.recipients.history import DoseElsewhere, record_elsewhere, withdraw
from blueprints.recipients.queries import get_recipient, get_vaccination
from blueprints.recipients.views import blueprint
from blueprints.recipients.words import full_name
from portal.catalog.queries import find_product
from portal.confirmation import Confirmation, answered, ask
from portal.errors import NotFound
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.late_forms import keeps_late_input
from portal.web.templating import day


def _name_of(recipient_id: int, **_more: int) -> str:
    return full_name(get_recipient(scope(), recipient_id))


@blueprint.route("/<int:recipient_id>/doses/new", methods=["GET", "POST"])
@needs("recipients.handle")
@keeps_late_input(_l("Record Dose Given Elsewhere"), form=DoseElsewhereForm, about=_name_of)
def add_dose(recipient_id: int) -> Response:
    """Record a dose that was given elsewhere."""
    recipient = get_recipient(scope(), recipient_id)
    form = answered(DoseElsewhereForm)
    question = Confirmation(
        title=_("Record Dose"),
        heading=_("Record Dose Given Elsewhere"),
        about=(
            (_("Recipient"), full_name(recipient)),
            (_("Date of Birth"), day(recipient.birth_date)),
        ),
        back=url_for("recipients.record", recipient_id=recipient.id, tab="related"),
    )
    return ask(
        form,
        question,
        act=lambda form: record_elsewhere(
            scope(),
            recipient.id,
            DoseElsewhere(
                product_id=form.product.data,
                dose_number=form.dose_number.data,
                given_on=form.given_on.data,
                where=form.where.data,
                lot_number=form.lot_number.data or "",
            ),
        ),
        done=_("The dose was recorded."),
    )


@blueprint.route("/<int:recipient_id>/doses/<int:vaccination_id>/withdraw", methods=["GET", "POST"])
@needs("recipients.handle")
@keeps_late_input(_l("Entered in error"), form=WithdrawForm, about=_name_of)
def withdraw_dose(recipient_id: int, vaccination_id: int) -> Response:
    """Ask why a dose given elsewhere was entered in error, and mark it."""
    given = get_vaccination(scope(), recipient_id, vaccination_id)
    if given.source != "elsewhere":
        raise NotFound
    product = find_product(given.product_id)
    question = Confirmation(
        title=_("Mark as Entered in Error"),
        heading=_("Mark this dose as entered in error?"),
        about=(
            (_("Recipient"), _name_of(recipient_id)),
            (_("Product"), product.name if product else ""),
            (_("Dose Number"), given.dose_number),
            (_("Date Given"), day(given.given_on)),
            (_("Where"), given.elsewhere),
        ),
        points=(_("The dose stays in the history and no longer counts."),),
        back=url_for("recipients.record", recipient_id=given.recipient_id, tab="related"),
        danger=True,
    )
    return ask(
        answered(WithdrawForm),
        question,
        act=lambda form: withdraw(scope(), given.recipient_id, given.id, reason=form.reason.data),
        done=_("The dose was marked as entered in error."),
    )
