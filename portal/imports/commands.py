"""Files of rows from the command line, for a module's own command."""

from pathlib import Path

import click

from portal.db import unit_of_work
from portal.files.services import needed, store
from portal.imports import running
from portal.imports.definition import ImportDefinition
from portal.imports.models import ImportError, ImportRun
from portal.imports.receiving import open_run
from portal.settings import current

ERRORS_PRINTED = 50


def import_file(definition: ImportDefinition, file: Path) -> None:
    """Take in a file; prints what is wrong by row and column.

    Ends with exit code 1 if some rows did not go in, 2 if the file could not be read.
    """
    settings = current()
    if not file.is_file():
        # A pipe can be read once and forwards only; a file is looked at several times.
        click.echo(
            f"{file} is a pipe or device, not a file. Nothing was taken in. Save its content to a "
            "file, and import that.",
            err=True,
        )
        raise SystemExit(2)
    with file.open("rb") as content:
        stored = store(settings, content, definition.name)
    with needed(settings, stored), unit_of_work():
        run_id = open_run(definition, None, name=file.name, stored=stored, source="command").id
    run = running.process_or_follow(settings, run_id)
    counted = [f"{getattr(run, kind)} {kind}" for kind in definition.kinds if kind != "failed"]
    click.echo(f"{file.name}: {', '.join(counted)}, {run.failed} not taken in.")
    for note in run.notes:
        click.echo(note)
    _print_errors(run)
    if run.state == "failed":
        click.echo(run.problem, err=True)
        raise SystemExit(2)
    if run.failed:
        raise SystemExit(1)


def _print_errors(run: ImportRun) -> None:
    with unit_of_work(write=False) as session:
        wrong = session.query(ImportError).where(
            ImportError.run_id == run.id, ImportError.mended.is_(False)
        )
        more = wrong.count() - ERRORS_PRINTED
        for error in wrong.order_by(ImportError.row, ImportError.id).limit(ERRORS_PRINTED):
            click.echo(f"Row {run.row_name(error.row)}, {error.column or 'row'}: {error.message}")
    if more > 0:
        click.echo(f"Not printed: {more:,} more problems. See the import's page.")
