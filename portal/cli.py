"""The command line: `portal`, `python -m portal`, `bin/portal`.

The modules bring command groups of their own (`Module.commands`); they run inside the application.
"""

import json
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portal import logs
from portal.discovery import discover
from portal.errors import PortalError, is_without_space
from portal.files.given import GivenFile
from portal.instances import enter
from portal.module import ModuleError, Registry, load
from portal.running import AlreadyLocked, command_line, lock_instance, name_of
from portal.settings import Settings, SettingsError, instance_folder, load_settings

if TYPE_CHECKING:
    from flask import Flask

# Commands that speak of the code alone; that find their instance themselves; that may make one;
# that only read.
OF_THE_CODE = frozenset({"settings", "permissions"})
ON_THE_PRACTICE_ONE = frozenset({"practice"})
MAY_CREATE = frozenset({"migrate", "restore"})
ONLY_READ = frozenset({"backup", "routes"})


def application() -> "Flask":
    """The application on a database with the newest schema.

    Raises `ClickException` for an older one, `NewerDatabase` for a newer one.
    """
    from portal import migrations
    from portal.app import create_app
    from portal.db import db

    app = create_app()
    with app.app_context():
        revision = migrations.current(db.engine)
        migrations.refuse_newer(revision)
        if revision != migrations.newest():
            said = command_line(app.extensions["portal"].settings.instance, ["migrate"])
            raise click.ClickException(f"The database is not up to date. Run: {said}")
    return app


def _registry() -> Registry:
    return discover(load_settings().modules_off)


class Commands(click.Group):
    """The portal's own commands and those of the modules that are switched on."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Own and modules' commands by name."""
        return sorted({*super().list_commands(ctx), *self._of_modules()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; an own one before a module's."""
        return super().get_command(ctx, cmd_name) or self._of_modules().get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command and enter its instance; a module's runs in an application context."""
        asks_for_help = bool({"-h", "--help"} & set(args))
        own = args[0] in self.commands
        # Modules' commands are found by the settings; where there are none, any name is unknown.
        first = own or os.path.exists(instance_folder())
        if first and not asks_for_help:
            _enter(args)
        name, command, rest = super().resolve_command(ctx, args)
        if not own and not asks_for_help:
            if not first:
                _enter(args)
            context: AbstractContextManager[Any] = application().app_context()
            ctx.with_resource(context)
        return name, command, rest

    def _of_modules(self) -> dict[str, click.Command]:
        found: dict[str, click.Command] = {}
        for module in _registry():
            paths = module.commands or ()
            for path in (paths,) if isinstance(paths, str) else paths:
                group: click.Command = load(path)
                found[group.name or ""] = group
        return found


def _enter(command: list[str]) -> None:
    name = command[0]
    if name not in OF_THE_CODE | ON_THE_PRACTICE_ONE:
        enter(
            instance_folder(),
            command,
            may_create=name in MAY_CREATE,
            only_reads=name in ONLY_READ,
        )


def _set_instance(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    # Before a command is looked for: modules' commands are found by the settings.
    if value:
        os.environ["PORTAL_INSTANCE"] = value


def _say_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from portal import migrations
        from portal.version import VERSION

        click.echo(f"clinic-vaccine-portal {VERSION}, schema {migrations.newest()}")
        context.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Print the version of the portal and of its database's schema.",
)
@click.option(
    "--instance",
    type=click.Path(file_okay=False, readable=False),
    is_eager=True,
    expose_value=False,
    callback=_set_instance,
    help="The instance folder (default: $PORTAL_INSTANCE or ./instance).",
)
def commands() -> None:
    """Look after a portal."""


@commands.command()
def migrate() -> None:
    """Bring the database up to date."""
    from portal.backup.before_upgrade import save_before_upgrade
    from portal.installation import bring_up_to_date

    settings = load_settings()
    before, after = bring_up_to_date(
        settings, save=None if settings.practice else save_before_upgrade
    )
    if before == after:
        click.echo("The database is up to date.")
    else:
        click.echo(f"The database was brought from schema {before or 'nothing'} to {after}.")


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(as_json: bool) -> None:
    """Prove that the data is sound. Exit code 1 if anything is wrong."""
    from portal.app import create_app
    from portal.checks import judge, run_checks

    app = create_app()
    good = True
    listed, findings = [], []
    with app.app_context():
        for finding in run_checks(app.extensions["portal"].registry):
            good &= finding.ok
            findings.append(finding)
            listed.append(
                {"name": finding.name, "title": finding.title, "wrong": list(finding.sentences)}
            )
            if not as_json:
                click.echo(f"{'good ' if finding.ok else 'WRONG'}  {finding.title}")
                for sentence in finding.sentences:
                    click.echo(f"       {sentence}")
        judge(findings)
    if as_json:
        click.echo(json.dumps({"good": good, "checks": listed}, indent=2))
    sys.exit(0 if good else 1)


@commands.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--without-keys", is_flag=True, help="Leave the secret keys out.")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    help="Afterwards keep only the newest N good backups of the instance's own folder.",
)
def backup(file: Path | None, without_keys: bool, keep: int | None) -> None:
    """Write a backup to FILE, also while the portal runs, and prove that it is good.

    If the database is damaged the copy is kept apart, nothing is removed, and the exit code is 1.
    Without FILE it goes into the folder "backups" of the instance. It holds personal data and, if
    not told otherwise, the secret keys: look after it as after the portal itself.
    """
    from portal import soundness
    from portal.backup import postgresql, routine

    settings = load_settings()
    pruning = keep is not None and file is None
    try:
        made = routine.make(settings, file, with_keys=not without_keys)
    except postgresql.ToolMissing:
        soundness.note(settings.instance, soundness.BACKUP)
        raise
    except routine.BackupFailed:
        if pruning:
            routine.thin_out_damaged(settings)
        raise
    size = f"{made.size / 1_048_576:.1f} MiB, {made.files} files, proved good"
    click.echo(f"Written: {made.path} ({size})")
    if pruning:
        for old in routine.remove_old(settings, keep=keep or 1):
            click.echo(f"Removed: {old}")


@commands.command()
@click.argument("file", type=GivenFile())
@click.option("--force", is_flag=True, help="Even while a server runs; it must be restarted then.")
@click.option("--send-waiting", is_flag=True, help="Let messages that were waiting then still go.")
@click.option("--with-settings", is_flag=True, help="Take portal.toml from the backup, too.")
@click.option(
    "--key-file",
    type=GivenFile(),
    help="The copy of keys/backup that you kept: proves who wrote FILE.",
)
@click.option(
    "--unverified",
    is_flag=True,
    help="Even if nobody can tell who wrote FILE, and whether it was changed since.",
)
def restore(
    file: Path,
    force: bool,
    send_waiting: bool,
    with_settings: bool,
    key_file: Path | None,
    unverified: bool,
) -> None:
    """Put the backup FILE in place of this instance's data.

    FILE is verified before anything is touched, and what was there is kept aside. Everybody must
    sign in again; messages that waited when the backup was made are cancelled.
    """
    from portal.backup import read, seal

    settings = load_settings()
    with nullcontext() if force else lock_instance(settings.instance, alone=True):
        done = read.restore(
            settings,
            file,
            send_waiting=send_waiting,
            with_settings=with_settings,
            key=seal.key_in(key_file) if key_file else None,
            unverified=unverified,
        )
    click.echo(f"Restored the backup of {done.made_at}.")
    if not done.verified:
        click.echo("Nobody could verify who wrote it, and whether it was changed since.")
    click.echo(f"What was here before is in {done.aside}.")
    if done.cancelled:
        click.echo("Messages that were waiting when the backup was made have been canceled.")
    if force:
        click.echo("Restart the portal now.")


@commands.command()
def jobs() -> None:
    """Run the scheduled work in a process of its own (with jobs = "external")."""
    from portal.jobs import run_forever

    settings = load_settings()
    if settings.jobs == "off":
        raise click.ClickException('The settings say jobs = "off".')
    if settings.log_format == "json":
        logs.write_json()
    with lock_instance(settings.instance, alone=False):
        run_forever(application())


@commands.command()
def routes() -> None:
    """List every address, its methods, and who may use it."""
    from portal.app import create_app
    from portal.web.guards import PUBLIC, access_of, reason_of

    app = create_app()
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        access = access_of(view)
        shown = f"public: {reason_of(view)}" if access == PUBLIC else access
        methods = ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        click.echo(f"{methods:9} {rule.rule:55} {shown}")


@commands.command("settings")
def print_settings() -> None:
    """Print all settings with their defaults, as Markdown (docs/settings.md)."""
    from portal.reference import settings_page

    click.echo(settings_page(discover()), nl=False)


@commands.command()
def permissions() -> None:
    """Print what each profile may do, as Markdown (docs/permissions.md)."""
    from portal.reference import permissions_page

    click.echo(permissions_page(discover()), nl=False)


@commands.group()
def practice() -> None:
    """The sample clinics of "bin/run --practice"."""


def _practice(command: str) -> Settings:
    from portal.practice import settings_of_practice

    settings = settings_of_practice()
    enter(settings.instance, ["practice", command], may_create=True)
    return settings


@practice.command("fill")
def practice_fill() -> None:
    """Fill the practice instance if it is empty."""
    from portal.practice import fill

    if fill(_practice("fill")):
        click.echo("The sample clinics are ready.")


@practice.command("reset")
def practice_reset() -> None:
    """Wipe the practice instance and fill it again. The server may be running."""
    from portal.practice import reset

    reset(_practice("reset"))
    click.echo("The practice instance is as new. Everybody must sign in again.")


def main() -> None:
    """The entry point: what is refused ends in one sentence and exit code 1."""
    from sqlalchemy.exc import DBAPIError

    os.umask(0o077)
    try:
        commands(prog_name="portal")
    except (SettingsError, ModuleError, AlreadyLocked, PortalError) as error:
        sys.exit(f"Error: {error}")
    except DBAPIError as error:
        sys.exit(f"Error: The database does not answer as it should ({error.orig}).")
    except PermissionError as error:
        user = name_of(os.geteuid())
        sys.exit(f"Error: The user {user} may not read or write {error.filename}.")
    except OSError as error:
        if not is_without_space(error):
            raise
        sys.exit("Error: The disk is full. Nothing was changed. Free some space, then try again.")
