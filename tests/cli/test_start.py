"""What stands before the server: the schema is looked at before anything is started for it."""

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from portal import start
from portal.server import ended
from portal.settings import Settings, load_settings

pytestmark = pytest.mark.both_databases


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """An instance on the test's database, which has the newest schema."""
    return load_settings(tmp_path / "instance", database_url=database_url)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that are run as processes of their own, instead of running them."""
    commands: list[list[str]] = []

    def note(command: list[str], **_how: object) -> subprocess.CompletedProcess[str]:
        commands.append(command[3:])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", note)
    return commands


def change(settings: Settings, statement: str) -> None:
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_nothing_is_run_where_nothing_is_to_be_done(
    settings: Settings, started: list[list[str]]
) -> None:
    start.prepare(settings)
    start.prepare(replace(settings, practice=True))
    assert not started


def test_an_older_schema_is_migrated(settings: Settings, started: list[list[str]]) -> None:
    change(settings, "UPDATE alembic_version SET version_num = '0001'")
    start.prepare(settings)
    assert started == [["migrate"]]


def test_an_empty_database_is_migrated(settings: Settings, started: list[list[str]]) -> None:
    change(settings, "DROP TABLE alembic_version")
    start.prepare(settings)
    assert started == [["migrate"]]


def test_a_server_that_does_not_answer_is_left_to_the_migration(
    settings: Settings, started: list[list[str]]
) -> None:
    silent = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    start.prepare(replace(settings, database_url=silent))
    assert started == [["migrate"]]


def test_the_server_waits_for_it_and_learns_how_it_ended(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ended(start.prepare_meanwhile(settings)) == 0

    def fails(command: list[str], **_how: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(subprocess, "run", fails)
    change(settings, "UPDATE alembic_version SET version_num = '0001'")
    assert ended(start.prepare_meanwhile(settings)) == 3


def test_a_database_that_is_damaged_is_said_to_be(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(tmp_path)
    (tmp_path / "portal.sqlite").write_bytes(b"no database " * 500)
    assert ended(start.prepare_meanwhile(settings)) == 1
    said = capfd.readouterr().err
    assert "database is damaged" in said
    assert "restore FILE" in said
    assert "Traceback" not in said


def test_what_the_machine_refuses_is_said_in_one_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuses(*_what: object, **_how: object) -> None:
        raise PermissionError(13, "Permission denied", "portal.sqlite")

    monkeypatch.setattr(start, "prepare", refuses)
    assert ended(start.prepare_meanwhile(settings)) == 1
    said = capfd.readouterr().err
    assert said.startswith("The portal cannot start. [Errno 13] Permission denied")
    assert "Traceback" not in said


def test_a_child_that_is_killed_or_not_there_is_no_riddle(
    capfd: pytest.CaptureFixture[str],
) -> None:
    child = os.fork()
    if not child:
        os.kill(os.getpid(), signal.SIGKILL)
    assert ended(child) != 0
    assert "was ended by signal 9" in capfd.readouterr().out
    assert ended(child) == 0, "after gunicorn's USR2 there is none"


def test_a_second_process_answers_on_postgresql_where_there_is_a_second_processor(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for processors in ({0}, {0, 1}, {0, 1, 2, 3}):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid, those=processors: those)
        found.append(start.workers_of(settings))
    assert found == ([1, 1, 1] if settings.database_url.startswith("sqlite") else [1, 2, 2])
    assert start.workers_of(replace(settings, workers=3)) == 3
