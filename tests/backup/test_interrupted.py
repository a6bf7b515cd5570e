"""A restore that is killed, or fails, at any step: nothing is lost and nobody works on a part."""

import contextlib
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import links
from portal.backup import journal, read, write
from portal.db import db, session, unit_of_work
from portal.errors import PortalError
from portal.installation import bring_up_to_date
from portal.links import MailedLink
from portal.people.models import User
from portal.running import AlreadyLocked, lock_instance
from portal.settings import Settings, load_settings
from tests.backup.test_backup import add_organization, organizations
from tests.cli.conftest import clean_environment
from tests.effort import some
from tests.house.source import ROOT
from tests.personas import Personas
from tests.processes import ChildFailed, start

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.slow("kills processes at many moments"),
]

# Each is called once or more in a restore, in this order.
STEPS = (
    "portal.backup.journal._move",
    "portal.backup.journal._place",
    "portal.backup.postgresql.load",
    "portal.backup.read.bring_up_to_date",
    "portal.backup.read._fence",
    "portal.backup.read._keep_settings",
    "portal.backup.journal.finish",
)


@pytest.fixture
def instance(app: Flask, personas: Personas) -> Settings:
    settings: Settings = app.extensions["portal"].settings
    settings.uploads.mkdir(exist_ok=True)
    (settings.uploads / "0123abcd").write_bytes(b"then")
    return settings


@pytest.fixture
def backup(app: Flask, instance: Settings, tmp_path: Path) -> Path:
    """A backup, since which data and an upload were added."""
    made = write.backup(instance, tmp_path / "b.tar").path
    add_organization(app, "Came later")
    (instance.uploads / "later").write_bytes(b"now")
    with app.app_context():
        db.engine.dispose()
    return made


def die_at(name: str, call: int, *, after: bool) -> None:
    """Let the process end without any cleaning up at this call of the function."""
    path, _, attribute = name.rpartition(".")
    module = importlib.import_module(path)
    real: Callable[..., Any] = getattr(module, attribute)
    calls = 0

    def dying(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls < call:
            return real(*arguments, **options)
        if after:
            real(*arguments, **options)
        os._exit(9)

    setattr(module, attribute, dying)


def restore_and_die(settings: Settings, path: Path, name: str, call: int, after: bool) -> str:
    die_at(name, call, after=after)
    read.restore(settings, path)
    return "done"


def cases() -> list[tuple[str, int, bool]]:
    made = [(STEPS[0], call, after) for call in (1, 2, 4, 6, 7, 8) for after in (False, True)]
    return made + [(name, 1, after) for name in STEPS[1:] for after in (False, True)]


def refused_to_others(instance: Settings) -> bool:
    try:
        with lock_instance(instance.instance, alone=False):
            return False
    except AlreadyLocked:
        return True


@pytest.mark.parametrize(("name", "call", "after"), some(cases(), short=5))
def test_a_killed_restore_is_refused_to_servers_and_repeated(
    app: Flask, instance: Settings, backup: Path, name: str, call: int, after: bool
) -> None:
    before = [one for one in organizations(app) if one != "Came later"]
    with app.app_context():
        db.engine.dispose()
    child = start(app, restore_and_die, instance, backup, name, call, after)
    try:
        assert child.result() == "done", "this step is not made on this database"
        return
    except ChildFailed:
        pass
    if (name, after) != ("portal.backup.journal.finish", True):
        assert refused_to_others(instance)
        with pytest.raises(AlreadyLocked, match="interrupted"):
            bring_up_to_date(instance)
        with pytest.raises(AlreadyLocked, match="interrupted"):
            write.backup(instance)

    done = read.restore(instance, backup)

    assert not refused_to_others(instance)
    assert organizations(app) == before
    assert [path.name for path in instance.uploads.iterdir()] == ["0123abcd"]
    held = (done.aside / "uploads" / "later").exists()
    assert held is ((name, after) != ("portal.backup.journal.finish", True))
    assert not list(instance.instance.rglob("*.restoring"))
    assert not list(instance.instance.glob(".restoring-*"))


@pytest.mark.parametrize("name", some(STEPS[:-1], short=2))
def test_one_that_fails_puts_everything_back(
    app: Flask, instance: Settings, backup: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = organizations(app)
    with app.app_context():
        db.engine.dispose()
    tried = False

    def failing(*_arguments: Any, **_options: Any) -> None:
        nonlocal tried
        tried = True
        monkeypatch.undo()
        raise PortalError("no more room")

    monkeypatch.setattr(name, failing)
    with contextlib.suppress(PortalError):
        read.restore(instance, backup)
    if not tried:
        return  # this step is not made on this database
    assert organizations(app) == before
    assert (instance.uploads / "later").read_bytes() == b"now"
    assert not refused_to_others(instance)
    assert not list(instance.instance.glob("before-restore-*"))
    assert not list(instance.instance.glob(".restoring-*"))


def test_a_bad_file_afterwards_still_puts_back_what_was_there(
    app: Flask, instance: Settings, backup: Path
) -> None:
    before = organizations(app)
    with app.app_context():
        db.engine.dispose()
    child = start(app, restore_and_die, instance, backup, "portal.backup.read._fence", 1, False)
    with pytest.raises(ChildFailed):
        child.result()
    backup.write_bytes(b"no backup")
    with pytest.raises(PortalError, match="not a backup"):
        read.restore(instance, backup)
    assert organizations(app) == before
    assert (instance.uploads / "later").exists()
    assert not refused_to_others(instance)


def test_an_undoing_can_be_killed_too(app: Flask, instance: Settings, backup: Path) -> None:
    before = organizations(app)
    with app.app_context():
        db.engine.dispose()

    def undo_and_die() -> None:
        die_at("portal.backup.journal._move", 1, after=True)
        journal.undo(instance)

    child = start(app, restore_and_die, instance, backup, "portal.backup.read._fence", 1, False)
    with pytest.raises(ChildFailed):
        child.result()
    for _time in range(2):
        with pytest.raises(ChildFailed):
            start(app, undo_and_die).result()
        assert refused_to_others(instance)
    assert journal.undo(instance) is True
    assert journal.undo(instance) is False
    assert organizations(app) == before
    assert (instance.uploads / "later").exists()


def test_the_server_does_not_start_on_a_part(tmp_path: Path) -> None:
    instance = tmp_path / "own"
    instance.mkdir()
    (instance / "restoring.json").write_text('{"staged": "", "aside": "", "held": []}')
    done = subprocess.run(
        [sys.executable, "-m", "portal.start", "--instance", instance, "--port", "1"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "A restore was interrupted" in done.stderr
    assert f"{ROOT}/bin/portal --instance {instance} restore FILE" in done.stderr
    assert not (instance / "portal.sqlite").exists()


def test_a_server_on_a_damaged_database_says_how_to_restore_one(tmp_path: Path) -> None:
    instance = tmp_path / "own"
    instance.mkdir()
    (instance / "portal.sqlite").write_bytes(b"no database" * 100)
    done = subprocess.run(
        [sys.executable, "-m", "portal.start", "--instance", instance, "--port", "1"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert f"backup: {ROOT}/bin/portal --instance {instance} restore FILE" in done.stderr


def test_links_that_were_mailed_before_are_worthless(
    app: Flask, instance: Settings, personas: Personas, tmp_path: Path
) -> None:
    with app.app_context(), unit_of_work():
        user = session().scalars(select(User.id).limit(1)).one()
        links.create(user, links.RESET, lifetime=timedelta(hours=1))
    made = write.backup(instance, tmp_path / "b.tar")
    with app.app_context():
        db.engine.dispose()
    read.restore(instance, made.path)
    with app.app_context(), unit_of_work(write=False):
        unused = select(func.count()).where(MailedLink.used_at.is_(None))
        assert session().scalar(unused) == 0
        assert session().scalar(select(func.count()).select_from(MailedLink)) == 1


def test_a_database_on_another_disk_is_kept_too(
    app: Flask, database_kind: str, tmp_path: Path
) -> None:
    memory = Path("/dev/shm")  # noqa: S108
    if database_kind != "sqlite" or memory.stat().st_dev == tmp_path.stat().st_dev:
        return
    folder = memory / f"portal-test-{tmp_path.name}"
    folder.mkdir()
    try:
        known: Settings = app.extensions["portal"].settings
        other = folder / "portal.sqlite"
        write.copy_sqlite(Path(known.database_url.removeprefix("sqlite:///")), other)
        settings = load_settings(
            tmp_path / "elsewhere", database_url=f"sqlite:///{other}", jobs="off"
        )
        made = write.backup(settings, tmp_path / "b.tar")
        done = read.restore(settings, made.path)
        assert (done.aside / "portal.sqlite").exists()
        assert other.exists()
    finally:
        shutil.rmtree(folder)
