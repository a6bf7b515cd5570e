"""What the operator is told to type is whole: the command's path, its instance, what it does."""

import re

import click
import pytest
from flask import Flask
from sqlalchemy import text

from portal import checks
from portal.cli import commands
from portal.db import unit_of_work
from portal.jobs import JobFailed
from tests.house.source import ROOT, Source, sources


def bare(source: Source) -> list[str]:
    """Sentences that name a command of the portal without where it is, and on which instance; what
    documents say in backquotes is not typed as it stands."""
    names = "|".join(commands.list_commands(click.Context(commands)))
    named = re.compile(rf"(?<![-/\w`])(?<!vaccine )portal (?:{names})\b")
    return [f"{source.name}:{line} {said}" for said, line in source.texts() if named.search(said)]


def test_no_sentence_names_a_bare_command() -> None:
    found = [one for source in sources("portal", "blueprints") for one in bare(source)]
    assert found == []


def test_the_checks_say_what_to_type(app: Flask) -> None:
    with app.app_context():
        with unit_of_work() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        with unit_of_work(write=False):
            (said,) = checks.database()
        with pytest.raises(JobFailed) as failed:
            checks.nightly()
    whole = f"{ROOT}/bin/portal --instance {app.extensions['portal'].settings.instance}"
    assert said.endswith(f" Run: {whole} migrate")
    assert str(failed.value).endswith(f" For more: {whole} check")
