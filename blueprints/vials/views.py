"""Routes of open vials: what is left is wasted, an extra dose, a vial that was not opened."""

from flask import Blueprint, Response, current_app, flash, request, url_for

from blueprints.inventory.leaving.warnings import counted_before
from blueprints.inventory.ledger.reasons import WASTAGE, choices
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import document_number
from blueprints.vials import services
from blueprints.vials.forms import LeftoverForm
from blueprints.vials.queries import get_vial
from portal.confirmation import Confirmation, ask
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.formats.numbers import record_number
from portal.formats.shown import number
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.templating import moment

blueprint = Blueprint("vials", __name__, url_prefix="/open-vials")

USUAL_REASON = "open_vial"


def _home() -> str:
    return url_for("home.index") if "home.index" in current_app.view_functions else "/"


def _record_of(vial_id: int) -> VaccineInventory:
    return session().get_one(VaccineInventory, get_vial(scope(), vial_id).inventory_id)


def _name_of(vial_id: int) -> str:
    return _record_of(vial_id).name


@blueprint.route("/<int:vial_id>/waste", methods=["GET", "POST"])
@needs("wastage.record")
@keeps_late_input(_l("Record Wastage"), form=LeftoverForm, about=_name_of)
def waste(vial_id: int) -> Response:
    """Record what is left in a vial as wastage."""
    vial, record = get_vial(scope(), vial_id), _record_of(vial_id)
    left = services.left_of(vial)
    if not left and request.method != "POST":
        flash(_("Nothing is left in this vial."), "info")
        return go_to(_home())
    form = LeftoverForm(
        formdata=request.form if request.method == "POST" else late_values(),
        data={"doses": left, "reason": USUAL_REASON},
    )
    form.reason.choices = choices(WASTAGE)
    counted = counted_before(scope(), {record.id: record.name}, on=scope().today())
    if not counted:
        del form.confirmed
    question = Confirmation(
        title=_("Record Wastage"),
        heading=_("Record what is left as wastage"),
        about=(
            (_("Vaccine Inventory Name"), record.name),
            (_("Lot #"), record.lot),
            (_("Vial opened"), moment(vial.punctured_at)),
            (_("Use by"), moment(vial.beyond_use_at) or _("Not known")),
            (_("Doses left"), number(left) if vial.doses is not None else _("Not known")),
        ),
        doubts=counted,
        back=_home(),
    )
    return ask(form, question, act=lambda form: _waste(vial_id, form))


def _waste(vial_id: int, form: LeftoverForm) -> str:
    document = services.waste(
        scope(),
        vial_id,
        doses=form.doses.data,
        reason=form.reason.data,
        note=form.note.data or "",
        confirmed="confirmed" in form and form.confirmed.data,
    )
    return _("Wastage %(number)s was saved.", number=document_number(document.kind, document.id))


@blueprint.post("/<int:vial_id>/extra-dose")
@needs("inventory.adjust")
def extra_dose(vial_id: int) -> Response:
    """Add the dose that a vial held beyond its label."""
    vial = get_vial(scope(), vial_id)
    seen = record_number(request.form.get("doses", ""))
    try:
        with session().begin_nested():
            services.find_extra_dose(scope(), vial_id, seen=seen or 0)
    except Invalid as refusal:
        # It was counted today: whether the dose was counted, too, is asked on the page for that.
        flash(refusal.message, "warning")
        return go_to(url_for("inventory.adjust", inventory_id=vial.inventory_id))
    except Conflict as refusal:
        flash(refusal.message, "warning")
        return go_to(_home())
    flash(_("1 extra dose was added."), "success")
    return go_to(_home())


@blueprint.post("/<int:vial_id>/not-opened")
@needs("vials.handle")
def not_opened(vial_id: int) -> Response:
    """Take a vial off the list that was never opened."""
    services.say_not_opened(scope(), vial_id)
    flash(_("The vial is no longer listed as open."), "success")
    return go_to(_home())
