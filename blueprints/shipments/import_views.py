"""Routes for taking in shipments: a file by upload, or one shipment by form."""

import io
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, cast

from flask import Response, after_this_request, current_app, flash, g, request, send_file, url_for
from flask_login import current_user

from blueprints.shipments import imports
from blueprints.shipments.corrections import cut_short, write_corrections
from blueprints.shipments.files import Stored, drop, refusal_of, store
from blueprints.shipments.forms import FileForm, ShipmentForm
from blueprints.shipments.models import ImportRun
from blueprints.shipments.outcomes import KINDS, Named, list_rows, named
from blueprints.shipments.queries import (
    ensure_entered,
    get_run,
    list_problems,
    list_runs,
    same_file_before,
)
from blueprints.shipments.services import RowRefused, announce_by_form
from blueprints.shipments.sheets import COLUMNS
from blueprints.shipments.views import blueprint
from portal.access.scope import Scope
from portal.clock import today
from portal.db import unit_of_work
from portal.errors import Conflict, NotFound
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.jobs.queries import silence
from portal.settings import current
from portal.sheets.writer import write_xlsx
from portal.web.context import scope
from portal.web.guards import ahead, needs, quiet
from portal.web.htmx import go_to
from portal.web.respond import respond

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAGE = 25


@dataclass
class Sent:
    """A file put down before the transaction; `named` once a run names it."""

    stored: Stored
    named: bool = False


def _store_ahead() -> Sent | None:
    """Store what is sent, from who may send it, while the database is free for others."""
    with unit_of_work(write=False):
        who: Scope | None = getattr(current_user, "scope", None)
    file = request.files.get("file")
    if who is None or not who.can("shipments.import") or file is None or not file.filename:
        return None
    sent = Sent(store(current(), cast("BinaryIO", file.stream)))

    @after_this_request
    def tidy(response: Response) -> Response:
        # What is named may be in the database even if the answer is an error; if it is not, the
        # file is swept up later. On a full disk it is not, and there is no time to lose.
        if not sent.named or g.get("disk_full"):
            drop(current(), sent.stored)
        return response

    return sent


@blueprint.route("/imports", methods=["GET", "POST"], endpoint="imports")
@needs("shipments.import")
@ahead(_store_ahead)
def upload() -> Response:
    """The files so far, and the form that sends another."""
    form = FileForm()
    sent: Sent | None = g.get("ahead")
    if request.method == "POST" and form.validate() and sent is not None and _fits(form, sent):
        name = form.file.data.filename or ""
        run = imports.open_run(scope().user, name=name, stored=sent.stored, source="upload")
        sent.named = True
        return go_to(url_for("shipments.import_run", run_id=run.id))
    before = record_number(request.args.get("before"))
    runs = list_runs(scope(), before=before, limit=PAGE + 1)
    return respond(
        "shipments/imports.html",
        status=422 if request.method == "POST" else 200,
        form=form,
        runs=runs[:PAGE],
        older=runs[PAGE - 1].id if len(runs) > PAGE else None,
        most=current().upload_mib,
        silence=silence(),
    )


def _fits(form: FileForm, sent: Sent) -> bool:
    """Whether the file may be a table; if its first bytes say no, that stands beside the field."""
    refusal = refusal_of(current(), sent.stored)
    if refusal:
        form.file.errors = [*form.file.errors, refusal]
    return not refusal


@blueprint.get("/imports/<int:run_id>")
@needs("shipments.import")
def import_run(run_id: int) -> Response:
    """How far a file has come, and what is wrong with its rows."""
    return _run_page(get_run(scope(), run_id))


@blueprint.get("/imports/<int:run_id>/progress")
@needs("shipments.import")
@quiet
def import_progress(run_id: int) -> Response:
    """The same, fetched again and again by the page itself."""
    return _run_page(get_run(scope(), run_id))


def _run_page(run: ImportRun) -> Response:
    running = run.state in ("waiting", "reading")
    kind = next((kind for kind in KINDS if kind == request.args.get("rows")), None)
    start = record_number(request.args.get("from")) or 0
    return respond(
        "shipments/import_run.html",
        regions={"import-run": "shipments/_import_run.html"},
        run=run,
        running=running,
        silence=silence() if running else None,
        kind=kind,
        start=start,
        way_to=_way_to,
        outcomes=None if running else list_rows(run, kind=kind, start=start),
        problems=list_problems(run) if run.failed else [],
        cut_short=cut_short(run),
        before=same_file_before(run),
    )


def _way_to(shipment: Named) -> str:
    """The address of the record; from elsewhere, of switching to its location first."""
    record = url_for("shipments.record", shipment_id=shipment.id)
    place = scope().location
    if place is not None and place.id == shipment.location_id:
        return record
    return url_for("people.switch_location", q=shipment.pin, back=record)


@blueprint.get("/imports/<int:run_id>/corrections.xlsx")
@needs("shipments.import")
def import_corrections(run_id: int) -> Response:
    """The rows that did not go in, as a workbook with what to correct."""
    run = get_run(scope(), run_id)
    if not run.stored_as or not run.failed:
        raise NotFound(_("The file of this import is no longer kept."))
    content = io.BytesIO()
    write_corrections(current(), run, content)
    content.seek(0)
    stem = run.file_name.rpartition(".")[0] or run.file_name
    return send_file(content, XLSX, as_attachment=True, download_name=f"{stem}_ERROR.xlsx")


@blueprint.get("/imports/template.xlsx")
@needs("shipments.import")
def import_template() -> Response:
    """An empty file with the columns of an import."""
    content = io.BytesIO()
    write_xlsx(content, [column.label for column in COLUMNS], [])
    content.seek(0)
    return send_file(content, XLSX, as_attachment=True, download_name="shipments.xlsx")


@blueprint.route("/new", methods=["GET", "POST"])
@needs("shipments.import")
def new() -> Response:
    """One shipment by form."""
    form = ShipmentForm()
    if request.method == "POST" and form.validate():
        try:
            shipment_id = announce_by_form(
                scope(),
                cells={field.name: field.data for field in form},
                pin_prefix=current().pin_prefix,
                today=_day(),
            )
            flash(
                _("The shipment was saved. The vaccine coordinators are told by e-mail."), "success"
            )
            return go_to(url_for("shipments.saved", shipment_id=shipment_id))
        except RowRefused as refusal:
            for name, message in refusal.errors:
                field = form[name] if name and name in form else form.shipment_id
                field.errors = [*field.errors, message]
        except Conflict as conflict:
            form.refuse(conflict)
    return respond("shipments/new.html", status=422 if request.method == "POST" else 200, form=form)


@blueprint.get("/new/<int:shipment_id>")
@needs("shipments.import")
def saved(shipment_id: int) -> Response:
    """After saving: on to the record, or to the next shipment."""
    ensure_entered(scope(), shipment_id)
    way = _way_to(named({shipment_id})[shipment_id])
    return respond("shipments/saved.html", way=way)


def _day() -> date:
    return today(current_app.extensions["portal"].settings.time_zone)
