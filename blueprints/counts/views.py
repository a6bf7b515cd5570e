"""Routes of counts."""

from datetime import date
from functools import partial

from flask import Blueprint, Response, flash, request, url_for

from blueprints.counts import services
from blueprints.counts.forms import (
    CountForm,
    StartForm,
    count_form,
    sent_lines,
    sent_note_mark,
    show_problems,
    show_theirs,
    shown_numbers,
)
from blueprints.counts.queries import (
    PAGE,
    Count,
    CountedLine,
    by_unit,
    doubts,
    first_left,
    get_count,
    list_closed,
    list_differing,
    list_form_pages,
    list_moved,
    list_numbered,
    list_open,
    list_stretch,
    per_vial,
    records_of,
)
from blueprints.counts.rules import LINES_A_PAGE, LINES_A_SHEET, Problem, in_vials, page_of, stretch
from blueprints.counts.starting import AlreadyOpen
from blueprints.counts.starting import start as begin
from blueprints.inventory.forms import ConfirmForm
from blueprints.inventory.ledger.reasons import reason_labels
from blueprints.inventory.storage import count_by_storage_unit
from portal.audit.services import viewed as audit_view
from portal.clock import today
from portal.confirmation import answered
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.formats.numbers import record_number
from portal.i18n import _, _l, ngettext
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.periods import asked_days
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
                    count = begin(scope(), form.part)
            except AlreadyOpen as refusal:
                status, already = refusal.status, refusal
            except (Invalid, Conflict) as refusal:
                status = refusal.status
                form.refuse(refusal)
            else:
                flash(_("The count was started. Print the sheet, then enter what you count."))
                return go_to(_address(count.row.id))
    return _index(form, status, already)


def _start_form(sent: object) -> StartForm:
    form = StartForm(formdata=sent)
    form.offer(count_by_storage_unit(scope()))
    return form


def _index(form: StartForm, status: int = 200, already: AlreadyOpen | None = None) -> Response:
    before = record_number(request.args.get("before"))
    days = asked_days()
    found: list[Count] = []
    older = None
    if not days.errors:
        asked = {"since": days.since, "until": days.until}
        closed = list_closed(scope(), before=before, **asked)
        found = [*(list_open(scope(), **asked) if before is None else ()), *closed[:PAGE]]
        older = closed[PAGE - 1].row.id if len(closed) > PAGE else None
    return respond(
        "counts/index.html",
        status=422 if days.errors else status,
        days=days,
        form=form,
        already=already,
        lines_a_page=LINES_A_PAGE,
        may_handle=scope().can("counts.handle"),
        found=found,
        older=older,
    )


@blueprint.get("/<int:count_id>")
@needs("counts.view")
def record(count_id: int) -> Response:
    """One count: the form to enter it while it is open, then what came of it; page by page. With
    `check=1` it says beside each field what is missing."""
    count = get_count(scope(), count_id)
    note(partial(audit_view, scope(), "count", count_id))
    lines = _lines_of_page(count, record_number(request.args.get("page")))
    form = count_form(count, lines)
    if request.args.get("check") == "1" and _entering(count):
        show_problems(form, services.list_problems(count))
    return _show(count, lines, form)


def _entering(count: Count) -> bool:
    return count.open and scope().can("counts.handle")


def _lines_of_page(count: Count, wanted: int | None) -> list[CountedLine]:
    """The lines of a page; if none is wanted, of the first on which something is left to enter."""
    if wanted is None:
        wanted = page_of((first_left(count) if _entering(count) else None) or 1)
    return list_stretch(count, stretch(wanted, count.figures.lines, LINES_A_PAGE))


def _show(count: Count, lines: list[CountedLine], form: CountForm, status: int = 200) -> Response:
    entering = _entering(count)
    here = page_of(lines[0].number) if lines else 1
    return respond(
        "counts/record.html",
        status=status,
        count=count,
        units=by_unit(lines),
        here=stretch(here, count.figures.lines, LINES_A_PAGE),
        pages=list_form_pages(count) if entering else (),
        moved=[line for line in list_moved(count) if line.moved] if count.open else (),
        form=form if entering else None,
        reasons=reason_labels(),
        per_vial=per_vial(scope(), lines),
        in_vials=in_vials,
        today=_today(),
    )


def _address(count_id: int, page: int | None = None, *, check: bool = False) -> str:
    """The address of a count, at one of its pages, where it may say what is missing."""
    return url_for("counts.record", count_id=count_id, page=page, check="1" if check else None)


def _today() -> date:
    place = scope().location
    assert place is not None
    return today(place.time_zone)


@blueprint.route("/<int:count_id>/enter", methods=["GET", "POST"])
@needs("counts.handle")
@keeps_late_input(_l("Count"))
def enter(count_id: int) -> Response:
    """Keep what was typed on a page, and go on to another one or, with `Finish`, to what will be
    booked."""
    count = get_count(scope(), count_id)
    sent = request.form if request.method == "POST" else late_values()
    # What the form showed, not what its page would hold by now.
    lines = list_numbered(count, shown_numbers(sent)) or _lines_of_page(count, None)
    form = count_form(count, lines, sent)
    if request.method == "GET":
        return _show(count, lines, form)
    if form.validate():
        try:
            left = _save(count_id, form, finishing=request.form.get("go") == "finish")
        except services.Closed as refusal:
            return _back(count_id, refusal)
        except services.Overwriting as refusal:
            show_theirs(form, refusal)
            return _show(get_count(scope(), count_id), lines, form, refusal.status)
        except services.Incomplete as refusal:
            show_problems(form, refusal.problems)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return go_to(_onward(count, lines, left))
    return _show(get_count(scope(), count_id), lines, form, 422)


def _save(count_id: int, form: CountForm, *, finishing: bool) -> list[Problem]:
    """Save the page. If the count is to be finished, what other pages lack; raises `Incomplete`,
    and saves nothing, for what this one lacks."""
    with session().begin_nested():
        count = services.save(
            scope(),
            count_id,
            sent_lines(form),
            note=form.note.data or "",
            note_mark=sent_note_mark(form),
        )
        problems = services.list_problems(count) if finishing else []
        if any(problem.line is None or problem.field in form for problem in problems):
            raise services.Incomplete(problems)
    return problems


def _onward(count: Count, lines: list[CountedLine], left: list[Problem]) -> str:
    """Where it goes on once a page was saved; `left` is what other pages lack before `Finish`."""
    count_id, go = count.row.id, request.form.get("go")
    if go == "finish" and not left:
        return url_for("counts.finish", count_id=count_id)
    if left:
        flash(_("This page was saved. Other pages are not complete yet."), "warning")
        return _address(count_id, page_of(left[0].line or 1), check=True)
    flash(_("Saved."), "success")
    page = page_of(lines[0].number) if lines else 1
    if go == "next":
        page += 1
    elif go == "page":
        page = record_number(request.form.get("page")) or page
    return _address(count_id, page if count.figures.lines > LINES_A_PAGE else None)


def _back(count_id: int, refusal: Conflict | Invalid) -> Response:
    """To the count; if it is not complete, to the first line that is not. Who sent something to a
    closed one gets its page as the answer."""
    if not isinstance(refusal, services.Incomplete) and request.method == "POST":
        flash(f"{refusal.message} {_('Nothing was saved.')}", "warning")
        count = get_count(scope(), count_id)
        lines = _lines_of_page(count, None)
        return _show(count, lines, count_form(count, lines), refusal.status)
    flash(refusal.message, "warning")
    if not isinstance(refusal, services.Incomplete):
        return go_to(_address(count_id))
    line = next((problem.line for problem in refusal.problems if problem.line), 1)
    return go_to(_address(count_id, page_of(line), check=True))


@blueprint.get("/<int:count_id>/sheet")
@needs("counts.view")
def sheet(count_id: int) -> Response:
    """The sheet to print, in parts if it is long; with `blind=1` without the expected doses."""
    count = get_count(scope(), count_id)
    note(partial(audit_view, scope(), "count", count_id))
    wanted = record_number(request.args.get("part")) or 1
    part = stretch(wanted, count.figures.lines, LINES_A_SHEET)
    lines = list_stretch(count, part)
    return respond(
        "counts/sheet.html",
        count=count,
        units=by_unit(lines),
        per_vial=per_vial(scope(), lines),
        in_vials=in_vials,
        part=part,
        blind=request.args.get("blind") == "1",
        today=_today(),
    )


@blueprint.route("/<int:count_id>/finish", methods=["GET", "POST"])
@needs("counts.handle")
def finish(count_id: int) -> Response:
    """What will be recorded, and recording it; or what moved since the start, and what to do."""
    problem, status = "", 200
    form = answered(ConfirmForm)
    try:
        if request.method == "POST":
            seen = record_number(request.form.get("seen")) or 0
            with session().begin_nested():
                done = services.finish(scope(), count_id, seen=seen, confirmed=form.confirmed.data)
            flash(_finished(done), "success")
            return go_to(_address(count_id))
        services.ensure_open(scope(), count_id)
        services.ensure_complete(get_count(scope(), count_id))
    except (services.Closed, services.Incomplete) as refusal:
        return _back(count_id, refusal)
    except (Conflict, Invalid) as refusal:
        status = refusal.status
        if refusal.field == "confirmed":
            form.refuse(refusal)
        else:
            problem = refusal.message
    count = get_count(scope(), count_id)
    differing = list_differing(count)
    return respond(
        "counts/finish.html",
        status=status,
        count=count,
        moved=list_moved(count),
        records=records_of(count),
        differing=differing,
        problem=problem,
        form=form,
        doubts=doubts(scope(), differing),
        reasons=reason_labels(),
        today=_today(),
    )


def _finished(count: Count) -> str:
    if not count.document:
        return _("The count was finished. There were no differences, so nothing was recorded.")
    return _("The count was finished and recorded as %(number)s.", number=count.document)


@blueprint.post("/<int:count_id>/renew")
@needs("counts.handle")
def renew(count_id: int) -> Response:
    """Take the new expected values of records whose doses came or went, and the storage units of
    those whose boxes were moved."""
    try:
        with session().begin_nested():
            renewed = services.renew(scope(), count_id)
    except services.Closed as refusal:
        return _back(count_id, refusal)
    if renewed.doses:
        text = ngettext(
            "%(num)s record has a new expected number. Count it again.",
            "%(num)s records have new expected numbers. Count them again.",
            renewed.doses,
        )
        flash(text, "info")
    if renewed.boxes:
        text = ngettext(
            "%(num)s record is blank again. Count it where it is now, or check “Not counted”.",
            "%(num)s records are blank again. Count them where they are now, or check “Not "
            "counted”.",
            renewed.boxes,
        )
        flash(text, "info")
    return go_to(_address(count_id))


@blueprint.route("/<int:count_id>/cancel", methods=["GET", "POST"])
@needs("counts.handle")
def cancel(count_id: int) -> Response:
    """Give a count up."""
    try:
        if request.method == "POST":
            with session().begin_nested():
                services.cancel(scope(), count_id)
            flash(_("The count was canceled. Nothing was recorded."), "success")
            return go_to(_address(count_id))
        services.ensure_open(scope(), count_id)
    except services.Closed as refusal:
        return _back(count_id, refusal)
    return respond("counts/cancel.html", count=get_count(scope(), count_id))
