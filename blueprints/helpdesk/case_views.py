"""Routes of one case: its page, comments and notes, files."""

from flask import Response, flash, g, request, url_for

from blueprints.helpdesk import services
from blueprints.helpdesk.attachments import SentFiles, taken
from blueprints.helpdesk.forms import AnswerForm, AssignForm, CommentForm
from blueprints.helpdesk.models import Case
from blueprints.helpdesk.pages import case_page
from blueprints.helpdesk.queries import get_case, get_file, others_looking, sees_all
from blueprints.helpdesk.rules import CaseState
from blueprints.helpdesk.views import blueprint
from portal.db import session
from portal.errors import Conflict, Invalid, PortalError
from portal.formats.numbers import record_number
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.files import download
from portal.web.guards import before_transaction, needs, quiet, repeatable
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input
from portal.web.respond import respond


def address(case: Case) -> str:
    """The address of the case's page."""
    return url_for("helpdesk.case", case_id=case.id)


@blueprint.get("/help-desk/cases/<int:case_id>")
@needs("helpdesk.ask")
def case(case_id: int) -> Response:
    """The page of a case; `answer` chooses a prepared answer for staff to start from."""
    found = get_case(scope(), case_id)
    return case_page(scope(), found, answer=record_number(request.args.get("answer", "")))


@blueprint.post("/help-desk/cases/<int:case_id>/comment")
@needs("helpdesk.ask")
@keeps_late_input(
    _l("Comment"),
    form=CommentForm,
    page=lambda case_id: url_for("helpdesk.case", case_id=case_id),
)
@before_transaction(taken())
def comment(case_id: int) -> Response:
    """Say something in the case, or (staff) note something that the requester does not see."""
    found = get_case(scope(), case_id)
    form = AnswerForm() if sees_all(scope()) else CommentForm()
    sent: SentFiles = g.prepared
    status = Invalid.status
    if form.validate():
        try:
            with session().begin_nested():
                said = _said(found, form, sent)
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
            status = refusal.status
        else:
            sent.settle()
            flash(said, "success")
            return go_to(address(found))
    return case_page(scope(), found, form=form, status=status)


def _said(found: Case, form: CommentForm, sent: SentFiles) -> str:
    text, files = form.text.data or "", sent.kept()
    if not isinstance(form, AnswerForm):
        services.comment(scope(), found.id, text, files=files)
        return _("Your comment was sent.")
    if form.internal.data:
        services.note(scope(), found.id, text, files=files)
        return _("The note was saved. Only staff can see it.")
    services.comment(
        scope(),
        found.id,
        text,
        files=files,
        asks=bool(form.asks.data),
        seen=record_number(form.seen.data or ""),
    )
    return _("Your answer was sent. The requester is told by e-mail.")


@blueprint.post("/help-desk/cases/<int:case_id>/attach")
@needs("helpdesk.ask")
@before_transaction(taken())
def attach(case_id: int) -> Response:
    """Attach files to the case."""
    found = get_case(scope(), case_id)
    sent: SentFiles = g.prepared
    try:
        with session().begin_nested():
            services.attach(scope(), found.id, sent.kept())
    except (Invalid, Conflict) as refusal:
        return case_page(
            scope(), found, status=refusal.status, refusal=refusal.message, part="attachments"
        )
    sent.settle()
    flash(_("Attached."), "success")
    return go_to(address(found))


@blueprint.get("/help-desk/cases/<int:case_id>/attachments/<int:file_id>")
@needs("helpdesk.ask")
def file(case_id: int, file_id: int) -> Response:
    """A file of the case, to be saved."""
    _file, stored = get_file(scope(), case_id, file_id)
    return download(stored)


@blueprint.post("/help-desk/cases/<int:case_id>/reopen")
@needs("helpdesk.ask")
def reopen(case_id: int) -> Response:
    """Open a resolved case again; staff a closed one, too."""
    return _moved(case_id, CaseState.OPEN, _("The case is open again."))


@blueprint.post("/help-desk/cases/<int:case_id>/close")
@needs("helpdesk.work")
def close(case_id: int) -> Response:
    """Close the case."""
    return _moved(case_id, CaseState.CLOSED, _("The case was closed."))


def _moved(case_id: int, to: CaseState, done: str) -> Response:
    found = get_case(scope(), case_id)
    try:
        with session().begin_nested():
            services.move(scope(), found.id, to)
    except PortalError as refusal:
        session().refresh(found)
        return case_page(scope(), found, status=refusal.status, refusal=refusal.message)
    flash(done, "success")
    return go_to(address(found))


@blueprint.post("/help-desk/cases/<int:case_id>/assign")
@needs("helpdesk.work")
def assign(case_id: int) -> Response:
    """Give the case to an agent, to oneself, or to nobody."""
    found = get_case(scope(), case_id)
    form = AssignForm()
    text = form.assignee.data or ""
    number = record_number(text)
    try:
        if text and number is None:
            raise Invalid(_("Choose a user from the list."), field="assignee")
        services.assign(scope(), found.id, number)
    except Invalid as refusal:
        return case_page(scope(), found, status=refusal.status, refusal=refusal.message)
    flash(_("Saved."), "success")
    return go_to(address(found))


@blueprint.post("/help-desk/cases/<int:case_id>/watch")
@needs("helpdesk.work")
def watch(case_id: int) -> Response:
    """Be told what happens in the case, or no longer."""
    on = request.form.get("on") == "1"
    services.watch(scope(), case_id, on=on)
    flash(
        _("You will be told what happens in this case.")
        if on
        else _("You will no longer be told what happens in this case."),
        "success",
    )
    return go_to(url_for("helpdesk.case", case_id=case_id))


@blueprint.post("/help-desk/cases/<int:case_id>/looking")
@needs("helpdesk.work")
@quiet
@repeatable
def looking(case_id: int) -> Response:
    """The page says by itself that it is open; the answer names colleagues who have it open."""
    services.look(scope(), case_id)
    return respond(
        "helpdesk/_looking.html", case_id=case_id, others=others_looking(scope(), case_id)
    )
