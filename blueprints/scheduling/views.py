"""The page `Appointment Scheduling` of the present location."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from blueprints.scheduling import queries, services, setups
from blueprints.scheduling.calendar import (
    hours_of,
    month_after,
    month_before,
    month_bounds,
    month_of,
)
from blueprints.scheduling.doses import are_counted, short_days
from blueprints.scheduling.forms import DayForm, SetupForm, accepted_of, facts_of, values_of
from blueprints.scheduling.hours import clock_text, hours_text
from blueprints.scheduling.models import Schedule
from blueprints.scheduling.previews import Preview, preview
from blueprints.scheduling.rules import Setup, SlotKind, last_day
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.formats.numbers import record_number
from portal.i18n import _, _l
from portal.web.calendar import long_day
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.respond import respond

blueprint = Blueprint("scheduling", __name__, url_prefix="/scheduling")

blueprint.add_app_template_filter(clock_text, "clock")
blueprint.add_app_template_filter(hours_text, "hours")

REGION = "schedule-calendar"


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


@blueprint.get("/")
@needs("scheduling.view")
def index() -> Response:
    """What the location offers, and for its manager the forms to change it."""
    return _page(_here())


@blueprint.route("/set-up", methods=["GET", "POST"])
@needs("scheduling.handle")
@keeps_late_input(_l("Appointment Scheduling"), form=SetupForm)
def set_up() -> Response:
    """Save what the location offers, or show what it would be."""
    here = _here()
    if request.method == "GET":
        return _page(here, form=_setup_form(here, late_values()))
    form = _setup_form(here, request.form)
    if not form.validate():
        return _page(here, form=form, status=422)
    try:
        if request.form.get("go") == "preview":
            return _page(here, form=form, shown=preview(scope(), form.wished()))
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
    outdated = isinstance(refusal, services.Outdated)
    if outdated:
        form.seen.data = str(here.version)
    return _page(here, form=form, status=refusal.status, compare=outdated)


def _setup_form(here: Here, sent: object = None) -> SetupForm:
    form = SetupForm(formdata=sent, data=values_of(here.setup, here.version))
    form.offer(setups.products_to_offer(here.setup.products), here.setup.notice_minutes)
    return form


@blueprint.route("/days", methods=["GET", "POST"])
@needs("scheduling.handle")
@keeps_late_input(_l("Closures and special days"), form=DayForm)
def days() -> Response:
    """Add a closure or a special day."""
    form = DayForm(formdata=request.form if request.method == "POST" else late_values())
    if request.method == "GET":
        return _page(_here(), day_form=form)
    if not form.validate():
        return _page(_here(), day_form=form, status=422)
    try:
        with session().begin_nested():
            services.set_day(scope(), form.day.data, form.special(), accepted=accepted_of(form))
    except (Invalid, Conflict) as refusal:
        form.refuse(refusal)
        if isinstance(refusal, services.BookingsLeft):
            form.accepted.data = str(refusal.count)
        return _page(_here(), day_form=form, status=refusal.status)
    flash(_("Saved."), "success")
    return go_to(url_for("scheduling.index"))


@blueprint.post("/days/<int:day_id>/remove")
@needs("scheduling.handle")
def remove_day(day_id: int) -> Response:
    """Let the weekly hours hold again on a day."""
    accepted = record_number(request.form.get("accepted")) or 0
    try:
        with session().begin_nested():
            services.clear_day(scope(), day_id, accepted=accepted)
    except services.BookingsLeft as refusal:
        flash(refusal.message, "warning")
        return _page(_here(), status=refusal.status, leaving={day_id: refusal.count})
    flash(_("The day follows the weekly hours again."), "success")
    return go_to(url_for("scheduling.index"))


def _page(
    here: Here,
    *,
    form: SetupForm | None = None,
    day_form: DayForm | None = None,
    shown: Preview | None = None,
    status: int = 200,
    compare: bool = False,
    leaving: dict[int, int] | None = None,
) -> Response:
    place = scope().place
    may_handle = scope().can("scheduling.handle")
    if may_handle and form is None:
        form = _setup_form(here)
    return respond(
        "scheduling/index.html",
        regions={REGION: "scheduling/_calendar.html"},
        status=status,
        form=form if may_handle else None,
        day_form=day_form or DayForm(formdata=None, data={"accepted": "0"}),
        shown=shown,
        schedule=here.schedule,
        facts=facts_of(here.setup) if compare or not may_handle else None,
        special=setups.list_special_days(place.id, scope().today()),
        misfits=setups.list_misfits(place.id),
        leaving=leaving or {},
        doses_counted=are_counted(),
        shortages=short_days(place.id, scope().today(), here.setup.doses_bound),
        **_calendar(place.id, last_day(scope().today(), here.setup.horizon_days)),
    )


def _calendar(location_id: int, horizon: date) -> dict[str, Any]:
    """The month and the day of it that the address asks for; `horizon` is the last to be booked."""
    today = scope().today()
    chosen = _day(request.args.get("day"))
    first, last = month_bounds(chosen or _day(f"{request.args.get('month')}-01") or today)
    found = queries.days(location_id, first, last, kinds=tuple(SlotKind))
    times = queries.times(location_id, chosen, kinds=tuple(SlotKind)) if chosen else []

    def to(day: date) -> str:
        return url_for("scheduling.index", month=day.strftime("%Y-%m"))

    return {
        "region": REGION,
        "month": month_of(
            found,
            lambda day: url_for("scheduling.index", day=day.isoformat()),
            chosen=chosen,
            earlier=to(month_before(first)) if first > today else "",
            later=to(month_after(first)) if last < horizon else "",
        ),
        "chosen": long_day(chosen) if chosen else "",
        "hours": hours_of(times, lambda _time: ""),
    }


def _day(text: str | None) -> date | None:
    """A day as addresses name it, near our time; None for anything else."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if abs((day - scope().today()).days) < 1_000 else None  # noqa: PLR2004
