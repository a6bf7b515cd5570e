"""Routes of counts."""

from datetime import date
from functools import partial

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from blueprints.counts import services
from blueprints.counts.forms import (
    CountForm,
    StartForm,
    count_form,
    sent_lines,
    sent_note_mark,
    show_theirs,
)
from blueprints.counts.queries import PAGE, Count, get_count, list_closed, list_open
from blueprints.counts.starting import AlreadyOpen
from blueprints.counts.starting import start as begin
from blueprints.inventory.reasons import reason_labels
from blueprints.inventory.storage import list_storage_units
from portal.audit.services import viewed as audit_view
from portal.clock import today
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.i18n import _
from portal.web.context import scope
from portal.web.converters import record_number
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.requests import note
from portal.web.respond import respond

blueprint = Blueprint("counts", __name__, url_prefix="/counts")


@blueprint.get("/")
@needs("counts.view")
def index() -> Response:
    """The counts of the location, open ones first, and the form that starts one."""
    return _index(_start_form(None))


@blueprint.route("/start", methods=["GET", "POST"])
@needs("counts.handle")
@keeps_late_input(_l("Start Count"), form=StartForm)
def start() -> Response:
    """Take the expected doses and begin to count."""
    posted = request.method == "POST"
    form = _start_form(request.form if posted else late_values())
    status, already = 200, None
    if posted:
        status = 422
        if form.validate():
            try:
                with session().begin_nested():
                    count = begin(scope(), form.storage_unit.data or "")
            except AlreadyOpen as refusal:
                status, already = refusal.status, refusal
            except (Invalid, Conflict) as refusal:
                status = refusal.status
                form.refuse(refusal)
            else:
                flash(_("The count was started. Print the sheet, then enter what you count."))
                return go_to(url_for("counts.record", count_id=count.row.id))
    return _index(form, status, already)


def _start_form(sent: object) -> StartForm:
    form = StartForm(formdata=sent)
    units = list_storage_units(scope())
    form.storage_unit.choices = [("", _("All storage units")), *((unit, unit) for unit in units)]
    return form


def _index(form: StartForm, status: int = 200, already: AlreadyOpen | None = None) -> Response:
    before = record_number(request.args.get("before"))
    closed = list_closed(scope(), before=before)
    return respond(
        "counts/index.html",
        status=status,
        form=form,
        already=already,
        may_handle=scope().can("counts.handle"),
        found=[*(list_open(scope()) if before is None else ()), *closed[:PAGE]],
        older=closed[PAGE - 1].row.id if len(closed) > PAGE else None,
    )


@blueprint.get("/<int:count_id>")
@needs("counts.view")
def record(count_id: int) -> Response:
    """One count: the form to enter it while it is open, then what came of it."""
    count = get_count(scope(), count_id)
    note(partial(audit_view, scope(), "count", count_id))
    return _show(count, count_form(count))


def _show(count: Count, form: CountForm, status: int = 200) -> Response:
    return respond(
        "counts/record.html",
        status=status,
        count=count,
        form=form if count.open and scope().can("counts.handle") else None,
        reasons=reason_labels(),
        today=_today(),
    )


def _today() -> date:
    place = scope().location
    assert place is not None
    return today(place.time_zone)


@blueprint.route("/<int:count_id>/enter", methods=["GET", "POST"])
@needs("counts.handle")
@keeps_late_input(_l("Count"))
def enter(count_id: int) -> Response:
    """Keep what was typed; with `Finish` go on to what will be booked."""
    count = get_count(scope(), count_id)
    if request.method == "GET":
        return _show(count, count_form(count, late_values()))
    form = count_form(count, request.form)
    finishing = request.form.get("go") == "finish"
    if form.validate():
        try:
            _save(count_id, form, finishing=finishing)
        except services.Closed as refusal:
            return _back(count_id, refusal)
        except services.Overwriting as refusal:
            show_theirs(form, refusal)
            return _show(get_count(scope(), count_id), form, refusal.status)
        except services.Incomplete as refusal:
            for field, sentence in refusal.problems:
                form.refuse(Invalid(sentence, field=field))
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            if finishing:
                return go_to(url_for("counts.finish", count_id=count_id))
            flash(_("Saved."), "success")
            return go_to(url_for("counts.record", count_id=count_id))
    return _show(get_count(scope(), count_id), form, 422)


def _save(count_id: int, form: CountForm, *, finishing: bool) -> None:
    with session().begin_nested():
        count = services.save(
            scope(),
            count_id,
            sent_lines(form),
            note=form.note.data or "",
            note_mark=sent_note_mark(form),
        )
        if finishing:
            services.ensure_complete(count)


def _back(count_id: int, refusal: Conflict | Invalid) -> Response:
    flash(refusal.message, "warning")
    return go_to(url_for("counts.record", count_id=count_id))


@blueprint.get("/<int:count_id>/sheet")
@needs("counts.view")
def sheet(count_id: int) -> Response:
    """The sheet to print; with `blind=1` without the expected doses."""
    count = get_count(scope(), count_id)
    note(partial(audit_view, scope(), "count", count_id))
    return respond(
        "counts/sheet.html", count=count, blind=request.args.get("blind") == "1", today=_today()
    )


@blueprint.route("/<int:count_id>/finish", methods=["GET", "POST"])
@needs("counts.handle")
def finish(count_id: int) -> Response:
    """What will be booked, and booking it; or what moved meanwhile, and the way on."""
    problem, status = "", 200
    try:
        if request.method == "POST":
            seen = record_number(request.form.get("seen")) or 0
            with session().begin_nested():
                done = services.finish(scope(), count_id, seen=seen)
            flash(_finished(done), "success")
            return go_to(url_for("counts.record", count_id=count_id))
        services.ensure_open(scope(), count_id)
        services.ensure_complete(get_count(scope(), count_id))
    except (services.Closed, services.Incomplete) as refusal:
        return _back(count_id, refusal)
    except (Conflict, Invalid) as refusal:
        problem, status = refusal.message, refusal.status
    return respond(
        "counts/finish.html",
        status=status,
        count=get_count(scope(), count_id),
        problem=problem,
        reasons=reason_labels(),
        today=_today(),
    )


def _finished(count: Count) -> str:
    if not count.document:
        return _("The count was finished. Nothing differed, so nothing was booked.")
    return _("The count was finished and booked as %(number)s.", number=count.document)


@blueprint.post("/<int:count_id>/renew")
@needs("counts.handle")
def renew(count_id: int) -> Response:
    """Take the new expected values of records whose doses came or went."""
    try:
        with session().begin_nested():
            lines = services.renew(scope(), count_id)
    except services.Closed as refusal:
        return _back(count_id, refusal)
    if lines:
        text = ngettext(
            "%(num)s record has a new expected value. Count it again.",
            "%(num)s records have new expected values. Count them again.",
            lines,
        )
        flash(text, "info")
    return go_to(url_for("counts.record", count_id=count_id))


@blueprint.route("/<int:count_id>/cancel", methods=["GET", "POST"])
@needs("counts.handle")
def cancel(count_id: int) -> Response:
    """Give a count up."""
    try:
        if request.method == "POST":
            with session().begin_nested():
                services.cancel(scope(), count_id)
            flash(_("The count was cancelled. Nothing was booked."), "success")
            return go_to(url_for("counts.record", count_id=count_id))
        services.ensure_open(scope(), count_id)
    except services.Closed as refusal:
        return _back(count_id, refusal)
    return respond("counts/cancel.html", count=get_count(scope(), count_id))
