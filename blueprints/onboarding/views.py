"""Routes of onboarding: the blank template, processing an attachment, and what became of it."""

import io
from typing import cast

from flask import Blueprint, Response, after_this_request, flash, g, request, send_file, url_for
from flask_login import current_user

from blueprints.helpdesk.models import number_of
from blueprints.onboarding import services
from blueprints.onboarding.forms import UserRowForm, form_of
from blueprints.onboarding.models import OnboardingUpload
from blueprints.onboarding.queries import get_upload, list_corrected, list_rows
from blueprints.onboarding.services import KINDS, RowRefused
from blueprints.onboarding.sheets import TEMPLATE_NAME
from portal.access.scope import Scope
from portal.db import session, unit_of_work
from portal.errors import Conflict, NotFound, PortalError
from portal.files.services import drop, path_of, store
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.jobs.queries import silence
from portal.settings import current
from portal.sheets.writer import write_template
from portal.web.context import scope
from portal.web.files import SentFile
from portal.web.guards import before_transaction, needs, quiet
from portal.web.htmx import go_to
from portal.web.respond import respond

blueprint = Blueprint("onboarding", __name__, url_prefix="/onboarding")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAGE = 25


@blueprint.get("/template.xlsx")
@needs("helpdesk.ask")
def template() -> Response:
    """The blank HCP User Onboarding Template."""
    return _template("onboarding")


def _template(topic: str) -> Response:
    definition = KINDS[topic]
    content = io.BytesIO()
    write_template(
        content,
        definition.columns(current(), False),
        preamble=definition.preamble,
        instructions=[str(line) for line in definition.instructions],
    )
    content.seek(0)
    return send_file(content, XLSX, as_attachment=True, download_name=TEMPLATE_NAME)


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
            sent = SentFile(store(current(), content, KINDS["onboarding"].name))
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
    found: OnboardingUpload, *, refused: tuple[int, UserRowForm] | None = None, status: int = 200
) -> Response:
    run = found.run
    case = get_upload(scope(), found.id)[1]
    running = run.state in ("waiting", "reading")
    after = record_number(request.args.get("after")) or 0
    rows = [] if running else list_rows(run.id, states=("failed",), after=after, limit=PAGE + 1)
    forms = [
        (row, refused[1] if refused and refused[0] == row.row else form_of(row))
        for row in rows[:PAGE]
    ]
    return respond(
        "onboarding/upload.html",
        regions={"onboarding-upload": "onboarding/_upload.html"},
        status=status,
        upload=found,
        case=case,
        case_number=number_of(case.id),
        run=run,
        running=running,
        silence=silence() if running else None,
        figures=_figures(found),
        forms=forms,
        more=rows[PAGE - 1].row if len(rows) > PAGE else None,
        after=after,
        may_mend=services.may_mend(scope(), case),
        corrected=[] if running else list_corrected(run.id),
    )


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


@blueprint.post("/uploads/<int:upload_id>/rows/<int:row>")
@needs("helpdesk.ask")
def mend(upload_id: int, row: int) -> Response:
    """Take in a failed row as it was corrected here."""
    found, _case = get_upload(scope(), upload_id)
    form = UserRowForm(formdata=request.form, prefix=f"row{row}")
    if not form.validate():
        return _page(found, refused=(row, form), status=422)
    try:
        with session().begin_nested():
            services.mend(scope(), upload_id, row, form.typed)
    except RowRefused as refusal:
        form.mark(list(refusal.wrong))
        return _page(found, refused=(row, form), status=422)
    except Conflict as refusal:
        form.refuse(refusal)
        return _page(found, refused=(row, form), status=409)
    flash(_("Row %(row)s was loaded.", row=found.run.row_name(row)), "success")
    return go_to(url_for("onboarding.upload", upload_id=upload_id))
