"""The list of coolers, one of them, and lending one."""

from clinic_coolers import services
from clinic_coolers.importing import IMPORT
from clinic_coolers.models import Cooler
from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField

from portal.access.scope import Scope
from portal.i18n import _, _l
from portal.imports.views import register_import
from portal.listviews.definition import Column, ListDefinition
from portal.listviews.views import list_page
from portal.web.context import scope
from portal.web.forms import DayField, Form, Length, Required
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.respond import respond
from portal.wizards import Answers, Done, Step, Wizard, review_step

blueprint = Blueprint("coolers", __name__, url_prefix="/coolers", template_folder="templates")
register_import(blueprint, IMPORT)

COOLERS = ListDefinition(
    name="coolers",
    title=_l("Coolers"),
    all_label=_l("All Coolers"),
    model=Cooler,
    scope_column=Cooler.location_id,
    columns=(
        Column(key="label", label=_l("Label"), attribute=Cooler.label),
        Column(key="borrower", label=_l("Borrower"), attribute=Cooler.borrower),
        Column(key="due_on", label=_l("Due"), attribute=Cooler.due_on, kind="date"),
    ),
    default_sort="due_on",
    endpoint="coolers.index",
    record_endpoint="coolers.record",
    capability="coolers.view",
    empty_title=_l("No coolers are lent"),
)


class CoolerForm(Form):
    """What is lent to whom."""

    label = StringField(_l("Label"), [Required(), Length(max=40)])
    borrower = StringField(_l("Borrower"), [Required(), Length(max=120)])
    pager = StringField(_l("Pager"), [Length(max=12)])
    due_on = DayField(_l("Due"), [Required()])


def lent(who: Scope, answers: Answers, _button: str) -> Done:
    """Lend it."""
    assert who.location is not None
    cooler = services.lend(
        who.location.id,
        label=answers["label"],
        borrower=answers["borrower"],
        pager=answers["pager"] or "",
        due_on=answers["due_on"],
    )
    return Done(url_for("coolers.record", cooler_id=cooler.id), _("Cooler lent."))


LEND = Wizard(
    name="coolers.lend",
    title=_l("Lend a Cooler"),
    capability="coolers.lend",
    steps=(Step("cooler", _l("Cooler"), CoolerForm), review_step(_l("Review"))),
    finish=lent,
    finish_label=_l("Save"),
)
LEND.register(blueprint, "/lend", "lend")


@blueprint.get("/")
@needs("coolers.view")
def index() -> ResponseReturnValue:
    """The list."""
    return list_page(COOLERS, scope())


@blueprint.get("/<int:cooler_id>")
@needs("coolers.view")
def record(cooler_id: int) -> Response:
    """One cooler."""
    return respond("coolers/record.html", cooler=services.get_cooler(scope(), cooler_id))


@blueprint.post("/<int:cooler_id>/back")
@needs("coolers.lend")
def back(cooler_id: int) -> Response:
    """It is back."""
    services.take_back(services.get_cooler(scope(), cooler_id))
    return go_to(url_for("coolers.record", cooler_id=cooler_id))


@blueprint.post("/<int:cooler_id>/lost")
@needs("coolers.lend")
def lost(cooler_id: int) -> Response:
    """It is lost."""
    services.write_off(services.get_cooler(scope(), cooler_id))
    return go_to(url_for("coolers.record", cooler_id=cooler_id))
