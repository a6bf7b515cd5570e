"""`portal shipments`: files of shipments from the command line."""

from pathlib import Path

import click

from blueprints.shipments import imports
from blueprints.shipments.files import needed, store
from blueprints.shipments.models import ImportError, ImportRun
from portal.db import unit_of_work
from portal.settings import current

ERRORS_PRINTED = 50


@click.group()
def shipments() -> None:
    """Orders and shipments."""


@shipments.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_command(file: Path) -> None:
    """Take in FILE (CSV or xlsx) of shipments; prints what is wrong by row and column.

    Exit code 0 if every row went in, 1 if some did not, 2 if the file could not be read.
    """
    settings = current()
    with file.open("rb") as content:
        stored = store(settings, content)
    with needed(settings, stored), unit_of_work():
        run_id = imports.open_run(None, name=file.name, stored=stored, source="command").id
    run = imports.process_or_follow(settings, run_id)
    click.echo(
        f"{file.name}: {run.added} added, {run.updated} updated, {run.unchanged} unchanged, "
        f"{run.failed} not taken in."
    )
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
        errors = (
            session.query(ImportError)
            .where(ImportError.run_id == run.id)
            .order_by(ImportError.row, ImportError.id)
            .limit(ERRORS_PRINTED)
            .all()
        )
        for error in errors:
            click.echo(f"Row {error.row}, {error.column or 'row'}: {error.message}")
    if run.failed > ERRORS_PRINTED:
        click.echo("Further rows are listed on the import's page.")
