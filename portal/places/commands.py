"""`portal locations …`: the places of the installation, for whoever has the machine."""

from collections.abc import Callable

import click
from sqlalchemy import select

from portal import settings
from portal.db import unit_of_work
from portal.places import services
from portal.places.models import Location, Organization
from portal.places.queries import number_of
from portal.places.services import NewLocation


def _with_address(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say where a location is."""
    for name in ("phone", "zip", "state", "city", "street"):
        kept = "zip_code" if name == "zip" else name
        command = click.option(f"--{name}", kept)(command)
    return command


@click.group()
def locations() -> None:
    """Locations: list, add, correct a name, PIN or address."""


@locations.command("list")
def list_locations() -> None:
    """Show all locations."""
    query = select(Location).join(Organization).order_by(Organization.name, Location.name)
    with unit_of_work(write=False) as reading:
        for place in reading.scalars(query):
            where = ", ".join(
                part
                for part in (place.street, place.city, f"{place.state} {place.zip_code}".strip())
                if part
            )
            click.echo(f"{place.pin:12} {place.name:30} {place.organization.name:30} {where}")


@locations.command("add")
@click.argument("name")
@click.option("--pin", required=True, help="The Provider PIN.")
@click.option("--organization", required=True, help="Made if there is none of that name.")
@click.option("--time-zone", help="Such as America/Chicago (default: time_zone of the settings).")
@_with_address
def add(name: str, pin: str, organization: str, time_zone: str | None, **address: str) -> None:
    """Add the location NAME."""
    if not organization.strip():
        raise click.BadParameter("An organization needs a name.", param_hint="--organization")
    with unit_of_work():
        made = services.add_location(
            None,
            services.find_or_add_organization(None, " ".join(organization.split())),
            NewLocation(
                name=name,
                pin=pin,
                time_zone=time_zone or settings.current().time_zone,
                **_named(address),
            ),
        )
        known = f"the Provider PIN {made.pin} and the time zone {made.time_zone}"
        said = f"{made.name} was added, with {known}."
    click.echo(f"{said} Now give its users access, or invite some: Account Management.")


@locations.command("correct")
@click.argument("location")
@click.option("--name")
@click.option("--pin", help="The Provider PIN.")
@_with_address
def correct(location: str, **typed: str) -> None:
    """Correct what is said of LOCATION (its name or PIN)."""
    changes = _named(typed)
    if not changes:
        raise click.UsageError("Say what to correct, for example --zip 27885.")
    with unit_of_work():
        changed = services.correct_location(None, _found(location), changes)
    click.echo("The location was corrected." if changed else "It says so already.")


def _named(options: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in options.items() if text is not None}


def _found(name: str) -> Location:
    number = number_of(name)
    if number is None:
        raise click.ClickException(f"There is no location {name!r}.")
    return services.load_for_change(number)
