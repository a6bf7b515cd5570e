"""`portal audit …`."""

import click


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
def verify() -> None:
    """Prove that no entry was changed, put in, taken out, moved or cut off, and no sealed row.

    The database's own rules (triggers and constraints) must be there, too.
    """
    from portal.audit import guards
    from portal.audit.verify import verify as prove

    verdict = prove()
    problems = [*verdict.problems, *guards.faults()]
    if problems:
        raise click.ClickException("\n".join(problems))
    click.echo(f"{verdict.entries:,} entries, unbroken.")


@audit.command("guards")
def print_guards() -> None:
    """Print the triggers and constraints that the database has (portal/audit/guards_….txt)."""
    from portal.audit import guards
    from portal.db import db

    with db.engine.connect() as connection:
        click.echo(guards.listing(connection), nl=False)


@audit.command()
def anchor() -> None:
    """Write the anchor again, after its file was lost; the trail notes it."""
    from portal.audit.verify import renew_anchors

    verdict = renew_anchors()
    if not verdict.ok:
        raise click.ClickException("\n".join(verdict.problems))
    click.echo(f"{verdict.entries:,} entries; the anchors are written.")
