"""`portal audit …`."""

import click


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
def verify() -> None:
    """Prove that no entry was changed, put in, taken out, moved or cut off."""
    from portal.audit.verify import verify as prove

    verdict = prove()
    if not verdict.ok:
        raise click.ClickException(verdict.problem)
    click.echo(f"{verdict.entries:,} entries, unbroken.")
