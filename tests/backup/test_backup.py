"""Backups: whole while others write, put back exactly, refused when damaged."""

import shutil
import sqlite3
import stat
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.app import create_app
from portal.audit.services import record
from portal.audit.verify import verify
from portal.backup import archive, read, routine, write
from portal.checks import run_checks
from portal.db import db, is_sqlite, session, unit_of_work
from portal.errors import PortalError
from portal.messages.models import Message
from portal.messages.services import queue
from portal.people import sessions
from portal.people.models import User, UserSession
from portal.places.models import Organization
from portal.running import AlreadyLocked, lock_instance
from portal.settings import Settings, current, load_settings
from tests import databases
from tests.personas import PEOPLE, Personas
from tests.processes import results, start

# What concerns the archive or the files of the instance is the same for both databases.
BOTH = pytest.mark.both_databases

PAIRS = "pair of "


@pytest.fixture
def instance(app: Flask, personas: Personas) -> Settings:
    """The test's instance with an upload, a waiting message, a session and audit entries."""
    settings: Settings = app.extensions["portal"].settings
    settings.uploads.mkdir(exist_ok=True)
    (settings.uploads / "0123abcd").write_bytes(b"what somebody attached" * 1000)
    with app.app_context(), unit_of_work():
        queue("people.welcome", "somebody@example.org", context={"name": "Some Body"})
        sessions.start(personas.users["manager_a"])
        record(None, "test.done", subject="test", subject_id=1, location_id=None)
    return settings


def organizations(app: Flask) -> list[str]:
    with app.app_context(), unit_of_work(write=False) as current_session:
        return sorted(current_session.scalars(select(Organization.name)))


def add_organization(app: Flask, name: str) -> None:
    with app.app_context(), unit_of_work() as current_session:
        current_session.add(Organization(name=name))


@BOTH
def test_a_backup_holds_everything_and_is_closed_to_others(
    instance: Settings, tmp_path: Path
) -> None:
    made = write.backup(instance, tmp_path / "b.tar")
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    with tarfile.open(made.path) as tar:
        names = tar.getnames()
    assert names[-1] == "manifest.json"
    assert "uploads/0123abcd" in names
    assert {"keys/cookie", "keys/audit"} <= set(names)
    assert {"database.sqlite", "database.dump"} & set(names)
    assert not list(tmp_path.glob(".backup-*"))


def test_keys_can_be_left_out(instance: Settings, tmp_path: Path) -> None:
    made = write.backup(instance, tmp_path / "b.tar", with_keys=False)
    with tarfile.open(made.path) as tar:
        assert not [name for name in tar.getnames() if name.startswith("keys")]


def test_nothing_is_written_over(instance: Settings, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("precious")
    with pytest.raises(PortalError, match="exists already"):
        write.backup(instance, tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_text() == "precious"


@BOTH
def test_an_empty_instance_has_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(PortalError, match="nothing to back up"):
        write.backup(load_settings(tmp_path / "empty"), tmp_path / "b.tar")
    assert not (tmp_path / "b.tar").exists()


def test_only_the_newest_are_kept(instance: Settings) -> None:
    folder = write.own_folder(instance)
    for day in range(1, 6):
        write.backup(instance, folder / f"portal-2026010{day}-000000.tar")
    assert len(routine.remove_old(instance, keep=2)) == 3
    assert [path.name[-12:-11] for path in sorted(folder.iterdir())] == ["4", "5"]


@BOTH
def test_a_restore_puts_everything_back(app: Flask, instance: Settings, tmp_path: Path) -> None:
    before = organizations(app)
    made = write.backup(instance, tmp_path / "b.tar")
    add_organization(app, "Came later")
    (instance.uploads / "0123abcd").unlink()
    (instance.uploads / "later").write_text("x")
    with app.app_context():
        db.engine.dispose()

    done = read.restore(instance, made.path)

    assert organizations(app) == before
    assert (instance.uploads / "0123abcd").read_bytes() == b"what somebody attached" * 1000
    assert not (instance.uploads / "later").exists()
    assert (done.aside / "uploads" / "later").exists()
    assert (done.aside / ("portal.sqlite" if on_sqlite(app) else "database.dump")).exists()
    assert not list(instance.instance.glob(".restoring-*"))
    with app.app_context():
        assert verify().ok
        wrong = [one for one in run_checks(app.extensions["portal"].registry) if not one.ok]
        assert not [one for one in wrong if one.name != "files"]


def on_sqlite(app: Flask) -> bool:
    with app.app_context():
        return is_sqlite()


@BOTH
def test_old_messages_are_not_sent_again(app: Flask, instance: Settings, tmp_path: Path) -> None:
    made = write.backup(instance, tmp_path / "b.tar")
    with app.app_context():
        db.engine.dispose()
    done = read.restore(instance, made.path)
    assert done.cancelled == 1
    with app.app_context(), unit_of_work(write=False):
        message = session().scalars(select(Message)).one()
        assert (message.state, message.reason) == ("cancelled", "restored from a backup")


def test_old_messages_are_sent_on_request(app: Flask, instance: Settings, tmp_path: Path) -> None:
    made = write.backup(instance, tmp_path / "b.tar")
    with app.app_context():
        db.engine.dispose()
    assert read.restore(instance, made.path, send_waiting=True).cancelled == 0
    with app.app_context(), unit_of_work(write=False):
        assert session().scalars(select(Message.state)).one() == "waiting"


@BOTH
def test_everybody_signs_in_again(app: Flask, instance: Settings, tmp_path: Path) -> None:
    made = write.backup(instance, tmp_path / "b.tar")
    with app.app_context():
        db.engine.dispose()
    read.restore(instance, made.path)
    with app.app_context(), unit_of_work(write=False):
        open_sessions = select(func.count()).where(UserSession.ended_at.is_(None))
        assert session().scalar(open_sessions) == 0
        assert session().scalar(select(func.count()).select_from(User)) == len(PEOPLE)


def test_keys_that_a_backup_lacks_stay(app: Flask, instance: Settings, tmp_path: Path) -> None:
    made = write.backup(instance, tmp_path / "b.tar", with_keys=False)
    key = instance.key("cookie")
    with app.app_context():
        db.engine.dispose()
    read.restore(instance, made.path)
    assert instance.key("cookie") == key


def test_own_settings_stay_unless_told_otherwise(
    app: Flask, instance: Settings, tmp_path: Path
) -> None:
    own = instance.instance / "portal.toml"
    own.write_text('help_phone = "1"\n')
    made = write.backup(instance, tmp_path / "b.tar")
    own.write_text('help_phone = "2"\n')
    with app.app_context():
        db.engine.dispose()
    read.restore(instance, made.path)
    assert own.read_text() == 'help_phone = "2"\n'
    time.sleep(1.1)
    read.restore(instance, made.path, with_settings=True)
    assert own.read_text() == 'help_phone = "1"\n'


@pytest.fixture
def good(instance: Settings, tmp_path: Path) -> Path:
    return write.backup(instance, tmp_path / "good.tar").path


def state_of(instance: Settings) -> list[tuple[str, bytes]]:
    return [
        (path.name, path.read_bytes())
        for path in sorted(instance.instance.rglob("*"))
        if path.is_file() and "assets" not in path.parts
    ]


@BOTH
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.999])
def test_a_flipped_bit_is_found_before_anything_is_touched(
    app: Flask, instance: Settings, good: Path, share: float
) -> None:
    content = bytearray(good.read_bytes())
    with tarfile.open(good) as tar:
        members = [info for info in tar if info.size > 1000]
    member = members[int(share * len(members))]
    content[member.offset_data + int(share * member.size)] ^= 0x10
    good.write_bytes(content)
    before = state_of(instance), organizations(app)
    with pytest.raises(PortalError, match="damaged"):
        read.restore(instance, good)
    assert (state_of(instance), organizations(app)) == before


@BOTH
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.9, 0.999])
def test_a_cut_file_is_found_before_anything_is_touched(
    app: Flask, instance: Settings, good: Path, share: float
) -> None:
    content = good.read_bytes()
    with tarfile.open(good) as tar:
        last = tar.getmembers()[-1]
    good.write_bytes(content[: int((last.offset_data + last.size) * share)])
    before = state_of(instance), organizations(app)
    with pytest.raises(PortalError, match="damaged|incomplete|not a backup"):
        read.restore(instance, good)
    assert (state_of(instance), organizations(app)) == before


def test_a_foreign_archive_is_refused(instance: Settings, tmp_path: Path) -> None:
    for name, inside in (("a.tar", "../outside"), ("b.tar", "etc/passwd"), ("c.tar", "keys/../x")):
        with tarfile.open(tmp_path / name, "w") as tar:
            (tmp_path / "x").write_text("x")
            tar.add(tmp_path / "x", arcname=inside)
        with pytest.raises(archive.BadBackup, match="no backup holds"):
            read.restore(instance, tmp_path / name)
    assert not (instance.instance.parent / "outside").exists()


def test_a_link_in_an_archive_is_refused(instance: Settings, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        info = tarfile.TarInfo("uploads/x")
        info.type = tarfile.SYMTYPE
        info.linkname = "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(archive.BadBackup, match="no backup holds"):
        read.restore(instance, tmp_path / "a.tar")


@BOTH
def test_a_backup_of_a_newer_portal_is_refused(
    instance: Settings, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.migrations.newest", lambda: "0001")
    with pytest.raises(archive.BadBackup, match="Update the portal first"):
        read.restore(instance, good)


def try_to_hold(instance: Settings, *, alone: bool) -> None:
    with lock_instance(instance.instance, alone=alone):
        pass


@BOTH
def test_servers_share_an_instance_and_a_restore_does_not(instance: Settings) -> None:
    with lock_instance(instance.instance, alone=False):
        try_to_hold(instance, alone=False)
        with pytest.raises(AlreadyLocked, match="running"):
            try_to_hold(instance, alone=True)
    with (
        lock_instance(instance.instance, alone=True),
        pytest.raises(AlreadyLocked, match="restored"),
    ):
        try_to_hold(instance, alone=False)


def write_pairs(seconds: float, number: int) -> int:
    """Two rows in each transaction: a backup that holds one of them only is torn."""
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        with unit_of_work() as current_session:
            for half in ("first", "second"):
                current_session.add(Organization(name=f"{PAIRS}{number}/{count} {half}"))
                current_session.flush()
            record(None, "test.pair", subject="test", subject_id=count, location_id=None)
        count += 1
    return count


def count_pairs() -> tuple[int, int]:
    names = session().scalars(select(Organization.name).where(Organization.name.startswith(PAIRS)))
    halves: dict[str, int] = {}
    for name in names:
        pair = name.rpartition(" ")[0]
        halves[pair] = halves.get(pair, 0) + 1
    return len(halves), sum(1 for number in halves.values() if number != 2)


@pytest.fixture
def restored(database_kind: str, tmp_path: Path) -> Iterator[Settings]:
    """Another instance, empty, to restore into."""
    if database_kind == "sqlite":
        yield load_settings(tmp_path / "restored", jobs="off")
        return
    name = databases.make()
    yield load_settings(tmp_path / "restored", jobs="off", database_url=databases.server_url(name))
    databases.drop(name)


@BOTH
def test_backups_during_write_load_are_whole(
    app: Flask, instance: Settings, restored: Settings, tmp_path: Path
) -> None:
    with app.app_context():
        db.engine.dispose()
    writers = [start(app, write_pairs, 4.0, number) for number in range(3)]
    made = []
    acknowledged = []
    for number in range(3):
        time.sleep(0.6)
        with app.app_context(), unit_of_work(write=False):
            acknowledged.append(count_pairs()[0])
        made.append(write.backup(instance, tmp_path / f"{number}.tar").path)
    assert all(written > 0 for written in results(writers))
    assert acknowledged[-1] > 0
    for path, known in zip(made, acknowledged, strict=True):
        read.restore(restored, path, unverified=True)
        other = create_app(restored)
        with other.app_context():
            with unit_of_work(write=False):
                whole, torn = count_pairs()
            assert torn == 0
            assert whole >= known
            assert verify().ok
            db.engine.dispose()
        for aside in restored.instance.glob("before-restore-*"):
            shutil.rmtree(aside)


def test_copying_the_file_instead_would_tear_it(app: Flask, tmp_path: Path) -> None:
    """Why the database's own copy is used: a plain copy under load misses what is acknowledged."""
    if not on_sqlite(app):
        return
    settings: Settings = app.extensions["portal"].settings
    live = Path(settings.database_url.removeprefix("sqlite:///"))
    with app.app_context():
        with unit_of_work() as current_session:
            current_session.add(Organization(name="acknowledged"))
        shutil.copy(live, tmp_path / "copied.sqlite")
        write.copy_sqlite(live, tmp_path / "backed.sqlite")
        assert current() is settings
    query = "SELECT count(*) FROM organization WHERE name = 'acknowledged'"
    assert sqlite3.connect(tmp_path / "copied.sqlite").execute(query).fetchone() == (0,)
    assert sqlite3.connect(tmp_path / "backed.sqlite").execute(query).fetchone() == (1,)
