"""The page `Appointment Scheduling` of the present location."""

from dataclasses import dataclass

from flask import Blueprint, Response, flash, request, url_for

from blueprints.scheduling import services, setups
from blueprints.scheduling.forms import (
    DayForm,
    SetupForm,
    accepted_of,
    values_of,
)
from blueprints.scheduling.models import Schedule
from blueprints.scheduling.rules import Setup
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.formats.numbers import record_number
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.respond import respond

blueprint = Blueprint("scheduling", __name__, url_prefix="/scheduling")


@dataclass(frozen=True)
class Here:
    """The schedule of the present location, as it is saved."""

    schedule: Schedule | None
    setup: Setup

    @property
    def version(self) -> int:
        """What a form has seen of it."""
        return self.schedule.version if self.schedule else 1


def _here() -> Here:
    schedule = setups.schedule_here(scope())
    return Here(schedule, setups.setup_of(schedule) if schedule else Setup())


@blueprint.route("/", methods=["GET"])
@needs("scheduling.view")
def index() -> Response:
    """What the location offers, and for its manager the form to change it."""
    return _page(_here())


@blueprint.route("/set-up", methods=["GET", "POST"])
@needs("scheduling.handle")
@keeps_late_input(_l("Appointment Scheduling"), form=SetupForm)
def set_up() -> Response:
    """Save what the location offers."""
    here = _here()
    if request.method == "GET":
        return _page(here, form=_setup_form(here, late_values()))
    form = _setup_form(here, request.form)
    if not form.validate():
        return _page(here, form=form, status=422)
    try:
        with session().begin_nested():
            services.save(
                scope(),
                form.wished(),
                seen=record_number(form.seen.data) or 0,
                accepted=accepted_of(form),
            )
    except (Invalid, Conflict) as refusal:
        return _refused(form, refusal)
    flash(_("Saved."), "success")
    return go_to(url_for("scheduling.index"))


def _refused(form: SetupForm, refusal: Invalid | Conflict) -> Response:
    here = _here()
    form.refuse(refusal)
    if isinstance(refusal, services.BookingsLeft):
        form.accepted.data = str(refusal.count)
    if isinstance(refusal, services.Outdated):
        form.seen.data = str(here.version)
    return _page(here, form=form, status=refusal.status)


def _setup_form(here: Here, sent: object = None) -> SetupForm:
    form = SetupForm(formdata=sent, data=values_of(here.setup, here.version))
    form.offer(setups.products_to_offer(here.setup.products), here.setup.notice_minutes)
    return form


def _page(
    here: Here,
    *,
    form: SetupForm | None = None,
    day_form: DayForm | None = None,
    status: int = 200,
) -> Response:
    may_handle = scope().can("scheduling.handle")
    if may_handle and form is None:
        form = _setup_form(here)
    return respond(
        "scheduling/index.html",
        status=status,
        here=here,
        form=form if may_handle else None,
        day_form=day_form or DayForm(formdata=None),
    )
