"""What the announcement of the module names."""

import click

from portal.access.scope import Scope
from portal.lookups import Choice

NAMES = {"1": "Big fridge", "2": "Small fridge"}
read: list[str] = []


def card(scope: Scope, _subject: object) -> dict[str, object] | None:
    """For the card on Home."""
    return {"count": len(NAMES)}


def look_up(scope: Scope, text: str) -> list[Choice]:
    """Fridges whose name has `text` in it."""
    return [Choice(id=key, label=name) for key, name in NAMES.items() if text in name.lower()]


def find(scope: Scope, number: str) -> Choice | None:
    """One fridge."""
    return Choice(id=number, label=NAMES[number]) if number in NAMES else None


def read_thermometers() -> str:
    """The job."""
    read.append("4 °C")
    return "2 thermometers read"


@click.group()
def fridges() -> None:
    """The fridges."""


@fridges.command("list")
def list_command() -> None:
    """List the fridges."""
    click.echo("\n".join(NAMES.values()))
