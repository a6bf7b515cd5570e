"""`portal scheduling`: where ZIP codes are."""

from pathlib import Path

import click

from blueprints.scheduling.zips import load_zips
from portal.db import unit_of_work
from portal.files.given import GivenFile


@click.group()
def scheduling() -> None:
    """Appointment scheduling."""


@scheduling.command("load-zips")
@click.argument("file", type=GivenFile())
def load_zips_command(file: Path) -> None:
    """Load where ZIP codes are from FILE, a CSV with the columns zip, latitude and longitude.

    What was loaded before is replaced. Exit code 1 if the file is no such list; nothing is
    changed then.
    """
    with unit_of_work():
        count = load_zips(file)
    click.echo(f"{count:,} ZIP codes loaded.")
