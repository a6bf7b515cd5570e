"""`portal catalog`: product facts."""

from pathlib import Path

import click

from portal.catalog.services import PRODUCTS, load_products
from portal.db import unit_of_work
from portal.files.given import GivenFile


@click.group()
def catalog() -> None:
    """Vaccine products and their facts."""


@catalog.command("load")
@click.argument("file", type=GivenFile(), default=PRODUCTS)
def load_command(file: Path) -> None:
    """Load product facts from FILE (default: those that come with the portal)."""
    with unit_of_work():
        loaded = load_products(file)
    click.echo(
        f"{loaded.added} products added, {loaded.changed} changed, {loaded.unchanged} as they were."
    )
