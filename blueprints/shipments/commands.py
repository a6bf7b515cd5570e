"""`portal shipments`: files of shipments from the command line."""

from pathlib import Path

import click

from blueprints.shipments.importing import IMPORT
from portal.files.given import GivenFile
from portal.imports.commands import import_file


@click.group()
def shipments() -> None:
    """Orders and shipments."""


@shipments.command("import")
@click.argument("file", type=GivenFile())
def import_command(file: Path) -> None:
    """Take in FILE (CSV or xlsx) of shipments; prints what is wrong by row and column.

    Exit code 0 if every row went in, 1 if some did not, 2 if the file could not be read.
    """
    import_file(IMPORT, file)
