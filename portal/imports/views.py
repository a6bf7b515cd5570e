"""The pages of an import: files so far and the form that sends another, and each run's."""

import io
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, request, send_file, url_for

from portal.errors import NotFound
from portal.files.services import open_stored
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.imports.corrections import cut_short, write_corrections
from portal.imports.definition import ImportDefinition
from portal.imports.forms import FileForm
from portal.imports.models import ImportRun
from portal.imports.outcomes import LABELS, Kind, RowsPage, list_rows
from portal.imports.queries import get_run, list_problems, list_runs, same_file_before
from portal.imports.receiving import open_run
from portal.jobs.queries import silence
from portal.settings import current
from portal.sheets.errors import refusal
from portal.sheets.kinds import refused_kind
from portal.sheets.limits import Limits
from portal.sheets.writer import write_template
from portal.web.context import scope
from portal.web.files import SentFile, store_upload
from portal.web.guards import before_transaction, needs, quiet
from portal.web.htmx import go_to
from portal.web.periods import asked_days
from portal.web.respond import respond

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAGE = 25
# So many different problems of a file are on its page; all of them are in the download.
PROBLEMS_SHOWN = 200


def register_import(
    blueprint: Blueprint, definition: ImportDefinition, path: str = "/imports", prefix: str = ""
) -> None:
    """Add the pages of an import to a module's blueprint, as `<prefix>imports`,
    `<prefix>import_run` and so on; `prefix` is for a second import of one module."""
    pages = ImportViews(definition, f"{blueprint.name}.{prefix}")
    allowed = needs(definition.capability)
    stored = before_transaction(store_upload(definition.name, definition.capability))

    def add(rule: str, name: str, view: Callable[..., Response], *methods: str) -> None:
        blueprint.add_url_rule(f"{path}{rule}", f"{prefix}{name}", view, methods=["GET", *methods])

    add("", "imports", stored(allowed(_function(pages.upload))), "POST")
    add("/<int:run_id>", "import_run", allowed(_function(pages.run)))
    add("/<int:run_id>/progress", "import_progress", quiet(allowed(_function(pages.run))))
    add("/<int:run_id>/corrections.xlsx", "import_corrections", allowed(_function(pages.wrong)))
    add("/template.xlsx", "import_template", allowed(_function(pages.template)))


def _function(method: Callable[..., Response]) -> Callable[..., Response]:
    """A function of its own, which can be marked."""

    def view(**values: Any) -> Response:
        return method(**values)

    return view


class ImportViews:
    """The views of one import; `endpoint` is how the names of their routes begin."""

    def __init__(self, definition: ImportDefinition, endpoint: str) -> None:
        self.definition = definition
        self.endpoint = endpoint

    def way(self, page: str, **values: Any) -> str:
        """The address of one of the pages."""
        return url_for(f"{self.endpoint}{page}", **values)

    def upload(self) -> Response:
        """The files so far, and the form that sends another."""
        form = FileForm(choose=self.definition.choose)
        sent: SentFile | None = g.get("prepared")
        if request.method == "POST" and form.validate() and sent is not None and _fits(form, sent):
            run = open_run(
                self.definition,
                scope().user,
                name=form.file.data.filename or "",
                stored=sent.stored,
                source="upload",
                location_id=scope().location_id if self.definition.of_location else None,
            )
            sent.named = True
            return go_to(self.way("import_run", run_id=run.id))
        before = record_number(request.args.get("before"))
        days = asked_days()
        runs = (
            []
            if days.errors
            else list_runs(
                self.definition,
                scope(),
                since=days.since,
                until=days.until,
                before=before,
                limit=PAGE + 1,
            )
        )
        return respond(
            "imports/index.html",
            status=422 if request.method == "POST" or days.errors else 200,
            definition=self.definition,
            way=self.way,
            labels=LABELS,
            form=form,
            days=days,
            runs=runs[:PAGE],
            older=runs[PAGE - 1].id if len(runs) > PAGE else None,
            most=current().upload_mib,
            silence=silence(),
        )

    def run(self, run_id: int) -> Response:
        """How far a file has come, and what is wrong with its rows; fetched again and again by the
        page itself, too."""
        run = get_run(self.definition, scope(), run_id)
        running = run.state in ("waiting", "reading")
        kinds = self.definition.kinds
        kind = next((kind for kind in kinds if kind == request.args.get("rows")), None)
        start = record_number(request.args.get("from")) or 0
        problems = list_problems(run) if run.failed else []
        page = None if running else list_rows(run, kinds, kind=kind, start=start)
        return respond(
            "imports/run.html",
            regions={"import-run": "imports/_run.html"},
            definition=self.definition,
            way=self.way,
            run=run,
            running=running,
            silence=silence() if running else None,
            figures=self._figures(run),
            kind=kind,
            start=start,
            outcomes=page,
            **(self._in_words(page, run_id, kind) if page else {}),
            problems=problems[:PROBLEMS_SHOWN],
            more_problems=len(problems[PROBLEMS_SHOWN:]),
            cut_short=cut_short(run),
            before=same_file_before(run),
        )

    def _figures(self, run: ImportRun) -> list[dict[str, Any]]:
        """How many rows there were of each kind."""
        figures: list[dict[str, Any]] = [{"label": _("Rows"), "value": f"{run.rows_done:,}"}]
        for kind in self.definition.kinds:
            count: int = getattr(run, kind)
            tone = "warning" if count and kind in {"failed", "undecided"} else None
            figures.append({"label": LABELS[kind], "value": f"{count:,}", "tone": tone})
        if run.mended:
            figures.append({"label": _("Corrected by the portal"), "value": f"{run.mended:,}"})
        return figures

    def _in_words(self, page: RowsPage, run_id: int, kind: Kind | None) -> dict[str, Any]:
        """The records that the rows led to, what was changed in them, and tabs by kind."""
        here = self.way("import_run", run_id=run_id)
        tabs = [{"label": _("All rows"), "href": f"{here}#rows", "current": kind is None}]
        tabs += [
            {"label": LABELS[one], "href": f"{here}?rows={one}#rows", "current": one == kind}
            for one in self.definition.kinds
        ]
        links = self.definition.link(scope(), {row.record_id for row in page.rows})
        changed = [row for row in page.rows if row.changed]
        words = self.definition.changes([row.changed for row in changed])
        return {
            "kind_tabs": tabs,
            "links": links,
            "changes": {row.row: one for row, one in zip(changed, words, strict=True)},
        }

    def wrong(self, run_id: int) -> Response:
        """The rows that did not go in, as a workbook with what to correct."""
        run: ImportRun = get_run(self.definition, scope(), run_id)
        if not run.stored_as or not run.failed:
            raise NotFound(_("The file for this import has been deleted."))
        content = io.BytesIO()
        write_corrections(self.definition, current(), run, content)
        stem = run.file_name.rpartition(".")[0] or run.file_name
        return _workbook(content, f"{stem}_ERROR.xlsx")

    def template(self) -> Response:
        """An empty file with the columns of an import."""
        content = io.BytesIO()
        write_template(
            content,
            self.definition.columns(current(), False),
            preamble=self.definition.preamble,
            instructions=[str(line) for line in self.definition.instructions],
        )
        return _workbook(content, f"{self.definition.name}.xlsx")


def _fits(form: FileForm, sent: SentFile) -> bool:
    """Whether the file may be a table; if its first bytes say no, the field says so."""
    with open_stored(current(), sent.stored) as file:
        reason = refused_kind(file)
    if reason:
        form.file.errors = [*form.file.errors, refusal(reason, Limits()).message]
    return not reason


def _workbook(content: io.BytesIO, name: str) -> Response:
    content.seek(0)
    return send_file(content, XLSX, as_attachment=True, download_name=name)
