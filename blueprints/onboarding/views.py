"""Routes of onboarding: the blank template, processing an attachment, and what became of it."""

import io
from typing import Any, cast

from flask import Blueprint, Response, after_this_request, flash, g, request, send_file, url_for
from flask_login import current_user

from blueprints.helpdesk.models import Case, number_of
from blueprints.onboarding import services, staging
from blueprints.onboarding.forms import RowForm, form_of
from blueprints.onboarding.kinds import KINDS, UploadKind
from blueprints.onboarding.models import OnboardingRow, OnboardingUpload
from blueprints.onboarding.queries import get_upload, list_corrected, list_rows
from blueprints.onboarding.services import StillWrong
from blueprints.recipients.bulk import compared_with
from blueprints.recipients.look_alikes import Compared
from blueprints.recipients.words import full_name
from portal.access.scope import Scope
from portal.db import session, unit_of_work
from portal.errors import Conflict, Invalid, NotFound, PortalError
from portal.files.services import drop, path_of, store
from portal.formats.numbers import record_number
from portal.i18n import _, _l, ngettext
from portal.jobs.queries import silence
from portal.settings import current
from portal.sheets.writer import write_template
from portal.web.context import scope
from portal.web.files import SentFile
from portal.web.guards import before_transaction, needs, quiet
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.respond import respond

blueprint = Blueprint("onboarding", __name__, url_prefix="/onboarding")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAGE = 25
AREA = "onboarding"


@blueprint.get("/template.xlsx")
@needs("helpdesk.ask")
def template() -> Response:
    """The blank HCP User Onboarding Template."""
    return _template(KINDS["onboarding"])


@blueprint.get("/recipients-template.xlsx")
@needs("helpdesk.ask")
def recipient_template() -> Response:
    """The blank Recipient Bulk Upload Template."""
    return _template(KINDS["recipient_upload"])


def _template(kind: UploadKind) -> Response:
    content = io.BytesIO()
    definition = kind.definition
    write_template(
        content,
        definition.columns(current(), False),
        preamble=definition.preamble,
        instructions=[str(line) for line in definition.instructions],
    )
    content.seek(0)
    return send_file(content, XLSX, as_attachment=True, download_name=kind.template_name)


def _copied(case_id: int, file_id: int) -> SentFile | None:
    """A copy of the attachment for the import, which deletes its files after some time."""
    with unit_of_work(write=False):
        live: Scope | None = getattr(current_user, "scope", None)
        try:
            if live is None:
                return None
            file = services.find_file(live, case_id, file_id)
        except PortalError:
            return None
        path = path_of(current(), file)
    try:
        with path.open("rb") as content:
            sent = SentFile(store(current(), content, AREA))
    except FileNotFoundError:
        return None

    @after_this_request
    def tidy(response: Response) -> Response:
        if not sent.named or g.get("disk_full"):
            drop(current(), sent.stored)
        return response

    return sent


@blueprint.post("/cases/<int:case_id>/files/<int:file_id>/process")
@needs("onboarding.process")
@before_transaction(_copied)
def process(case_id: int, file_id: int) -> Response:
    """Have an attachment of a case processed."""
    services.find_file(scope(), case_id, file_id)
    sent = cast("SentFile | None", g.prepared)
    if sent is None:
        raise NotFound(_("This file has been deleted."))
    upload = services.process(scope(), case_id, file_id, sent.stored)
    sent.named = upload.run.stored_as == sent.stored.name
    return go_to(url_for("onboarding.upload", upload_id=upload.id))


@blueprint.get("/uploads/<int:upload_id>")
@needs("helpdesk.ask")
def upload(upload_id: int) -> Response:
    """What became of a file, and the rows that failed, to be corrected here."""
    return _page(get_upload(scope(), upload_id)[0])


@blueprint.get("/uploads/<int:upload_id>/progress")
@needs("helpdesk.ask")
@quiet
def progress(upload_id: int) -> Response:
    """The same, fetched by the page itself while the file is being processed."""
    return _page(get_upload(scope(), upload_id)[0])


def _page(
    found: OnboardingUpload,
    *,
    refused: tuple[int, RowForm] | None = None,
    said: str = "",
    status: int = 200,
) -> Response:
    run = found.run
    case = get_upload(scope(), found.id)[1]
    running = run.state in ("waiting", "reading")
    after = record_number(request.args.get("after")) or 0
    rows = [] if running else list_rows(run.id, after=after, limit=PAGE + 1)
    if refused and refused[0] not in [row.row for row in rows[:PAGE]]:
        # What was typed is shown, on whatever page of rows its row is.
        after = refused[0] - 1
        rows = [] if running else list_rows(run.id, after=after, limit=PAGE + 1)
    columns = services.kind_of(case).columns
    may_stage = staging.may_stage(scope(), case)
    forms = [
        (
            row,
            refused[1]
            if refused and refused[0] == row.row
            else form_of(columns, row.row, row=row, sent=_late(found.id, row.row)),
            staging.changes_of(case, row),
        )
        for row in rows[:PAGE]
        if row.state == "failed"
    ]
    return respond(
        "onboarding/upload.html",
        regions={"onboarding-upload": "onboarding/_upload.html"},
        status=status,
        upload=found,
        said=said,
        case=case,
        case_number=number_of(case.id),
        run=run,
        running=running,
        silence=silence() if running else None,
        figures=_figures(found),
        forms=forms,
        questions=[_question(case, row) for row in rows[:PAGE] if row.state == "undecided"],
        more=rows[PAGE - 1].row if len(rows) > PAGE else None,
        after=after,
        may_mend=services.may_mend(scope(), case),
        may_stage=may_stage,
        staged=staging.staged_of(run.id) if scope().can("onboarding.process") else None,
        invitable=0 if running else services.invitable(scope(), found, case),
        corrected=[] if running else list_corrected(run.id),
    )


def _late(upload_id: int, row: int) -> Any:
    return late_values(url_for("onboarding.mend", upload_id=upload_id, row=row))


def _page_of(upload_id: int, row: int) -> str:
    """The page of rows that begins with this one."""
    return url_for("onboarding.upload", upload_id=upload_id, after=row - 1)


def _figures(found: OnboardingUpload) -> list[dict[str, object]]:
    run = found.run
    figures: list[dict[str, object]] = [
        {"label": _("Rows"), "value": f"{run.rows_done:,}"},
        {"label": _("Loaded"), "value": f"{run.added + run.updated:,}"},
    ]
    if run.removed:
        figures.append({"label": _("Removed"), "value": f"{run.removed:,}"})
    figures.append({"label": _("Unchanged"), "value": f"{run.unchanged:,}"})
    tone = "warning" if run.failed else None
    figures.append({"label": _("Failed"), "value": f"{run.failed:,}", "tone": tone})
    return figures


def _question(case: Case, row: OnboardingRow) -> tuple[OnboardingRow, str, list[Compared]]:
    """An undecided row, whom it names, and who looks like that."""
    details = services.details_in(row)
    if not services.may_mend(scope(), case):
        return row, full_name(details), []  # other people's records are none of theirs
    return row, full_name(details), compared_with(details, row.alike, case.location_id or 0)


@blueprint.post("/uploads/<int:upload_id>/rows/<int:row>")
@needs("helpdesk.ask")
@keeps_late_input(_l("Rows to correct"), page=_page_of)
def mend(upload_id: int, row: int) -> Response:
    """Take in a failed row as it was corrected here, or save it for an agent, who has it loaded."""
    found, case = get_upload(scope(), upload_id)
    form = form_of(services.kind_of(case).columns, row, sent=request.form)
    if not form.validate():
        return _page(found, refused=(row, form), status=422)
    save = staging.stage if staging.may_stage(scope(), case) else services.mend
    try:
        with session().begin_nested():
            done = save(scope(), upload_id, row, form.typed)
    except StillWrong as refusal:
        form.mark(refusal.wrong)
        return _page(found, refused=(row, form), status=422)
    except Conflict as refusal:
        return _page(found, refused=(row, form), said=refusal.message, status=409)
    name = found.run.row_name(row)
    if done.state == "undecided":
        flash(_("Row %(row)s needs your decision.", row=name), "info")
    elif done.staged is not None:
        flash(
            _(
                "Row %(row)s is saved. The help desk will load it and tell you in the case.",
                row=name,
            ),
            "success",
        )
    else:
        flash(_("Row %(row)s was loaded.", row=name), "success")
    return go_to(url_for("onboarding.upload", upload_id=upload_id))


@blueprint.post("/uploads/<int:upload_id>/invite")
@needs("helpdesk.ask")
def invite(upload_id: int) -> Response:
    """Invite the people whom a file registered to book."""
    found, case = get_upload(scope(), upload_id)
    sent = services.invitable(scope(), found, case, act=True)
    said = ngettext("%(num)s person was invited.", "%(num)s people were invited.", sent)
    flash(said, "success" if sent else "info")
    return go_to(url_for("onboarding.upload", upload_id=upload_id))


@blueprint.post("/uploads/<int:upload_id>/staged/process")
@needs("onboarding.process")
def process_staged(upload_id: int) -> Response:
    """Load the rows that the sender of a file corrected."""
    found, _case = get_upload(scope(), upload_id)
    try:
        with session().begin_nested():
            _upload, loaded = staging.process_staged(
                scope(), upload_id, seen=request.form.get("seen", "")
            )
    except Conflict as refusal:
        return _page(found, said=refusal.message, status=409)
    said = ngettext("%(num)s row was loaded.", "%(num)s rows were loaded.", loaded)
    flash(said, "success" if loaded else "info")
    return go_to(url_for("onboarding.upload", upload_id=upload_id))


@blueprint.post("/uploads/<int:upload_id>/rows/<int:row>/decide")
@needs("helpdesk.ask")
def decide(upload_id: int, row: int) -> Response:
    """Say whether an undecided row is about somebody who is registered already."""
    found, _case = get_upload(scope(), upload_id)
    same = request.form.get("same", "")
    try:
        with session().begin_nested():
            services.decide(scope(), upload_id, row, record_number(same) if same else None)
    except (Conflict, Invalid) as refusal:
        return _page(found, said=refusal.message, status=refusal.status)
    flash(_("Row %(row)s was decided.", row=found.run.row_name(row)), "success")
    return go_to(url_for("onboarding.upload", upload_id=upload_id))
