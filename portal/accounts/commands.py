"""`portal users …`: accounts from the command line, for who has the machine."""

import click
from sqlalchemy import select

from portal import links
from portal.access.profiles import CLINIC, Profile
from portal.accounts import services as accounts
from portal.accounts.new_users import NewUser
from portal.accounts.second_profile import change_second_profile
from portal.db import session, unit_of_work
from portal.errors import PortalError
from portal.people.models import User
from portal.people.queries import location_ids_of
from portal.people.rules import Giver, stored_username
from portal.places.queries import number_of
from portal.signing_in import recovery

# Whoever may run commands here may do everything.
OPERATOR = Giver(profile=Profile.ADMINISTRATOR, everywhere=True)
PROFILES_AT_LOCATIONS = click.Choice([str(profile) for profile in Profile if profile in CLINIC])
PROFILES = click.Choice([str(profile) for profile in Profile])


@click.group()
def users() -> None:
    """Users: list, add, deactivate, reset, make administrator, let staff work at a location."""


@users.command("list")
def list_users() -> None:
    """Show all users."""
    with unit_of_work(write=False) as reading:
        for user in reading.scalars(select(User).order_by(User.username)):
            state = "active" if user.active else "deactivated"
            if not recovery.is_registered(user):
                state += ", not registered"
            held = ", ".join(profile.label for profile in user.profiles)
            click.echo(f"{user.username:24} {held:30} {state:28} {user.full_name}")


@users.command()
@click.argument("username")
@click.option("--first-name", required=True)
@click.option("--last-name", required=True)
@click.option("--email", required=True)
@click.option("--profile", type=PROFILES, required=True)
@click.option("--location", "names", multiple=True, help="Name or PIN; may be repeated.")
def add(
    username: str, first_name: str, last_name: str, email: str, profile: str, names: tuple[str, ...]
) -> None:
    """Add a user; the welcome is mailed, and the link printed for installations without mail."""
    with _refusals(), unit_of_work():
        added = accounts.add_user(
            None,
            OPERATOR,
            NewUser(
                username=username,
                first_name=first_name,
                last_name=last_name,
                email=email,
                profile=Profile(profile),
                location_ids=frozenset(_location(name) for name in names),
            ),
        )
        link = recovery.new_link(added.user) if added.is_new else None
    click.echo(f"{stored_username(username)} was added.")
    if link is not None:
        click.echo(f"Link to complete the registration: {links.address_of(link)}")


@users.command()
@click.argument("username")
def deactivate(username: str) -> None:
    """End a user's access at once."""
    with _refusals(), unit_of_work():
        accounts.deactivate(None, OPERATOR, _user(username))
    click.echo(f"{stored_username(username)} was deactivated.")


@users.command("reset-link")
@click.argument("username")
def reset_link(username: str) -> None:
    """Print a link with which the user chooses a new password."""
    with _refusals(), unit_of_work():
        link = recovery.new_link(_user(username))
    click.echo(links.address_of(link))


@users.command("make-admin")
@click.argument("username")
def make_admin(username: str) -> None:
    """Make a user a programme administrator."""
    with _refusals(), unit_of_work():
        accounts.change_profile(None, OPERATOR, _user(username), Profile.ADMINISTRATOR)
    click.echo(f"{stored_username(username)} is a programme administrator now.")


@users.command("work-at")
@click.argument("username")
@click.option("--profile", type=PROFILES_AT_LOCATIONS, default=str(Profile.MANAGER))
@click.option("--location", "names", multiple=True, required=True, help="Name or PIN.")
def work_at(username: str, profile: str, names: tuple[str, ...]) -> None:
    """Let programme staff also work at locations, with a profile of their own there."""
    with _refusals(), unit_of_work():
        user, there = _user(username), frozenset(_location(name) for name in names)
        change_second_profile(None, OPERATOR, user, Profile(profile), at=there)
        further = there - location_ids_of(user.id)
        if further:
            accounts.add_locations(None, OPERATOR, user, further)
    label = Profile(profile).label
    click.echo(f"{stored_username(username)} also works at {', '.join(names)} as {label}.")


class _refusals:  # noqa: N801
    """Shows a refusal's sentence instead of a trace."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        if isinstance(error, PortalError):
            raise click.ClickException(error.message) from error


def _user(username: str) -> User:
    user_id = session().scalar(select(User.id).where(User.username == stored_username(username)))
    if user_id is None:
        raise click.ClickException(f"There is no user {username!r}.")
    return accounts.load_for_change(user_id)


def _location(name: str) -> int:
    found = number_of(name)
    if found is None:
        raise click.ClickException(f"There is no location {name!r}.")
    return found
