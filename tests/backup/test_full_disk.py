"""A full disk: the backup says so, exit code 1, and nothing is left of what was being written."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal.settings import Settings
from tests.backup.full import listed, may_mount, small_disk, without_room
from tests.backup.running import portal
from tests.backup.test_damage import ready

SMALL = 40_000


@pytest.mark.parametrize("how", ["disk", "bound"])
def test_a_backup_that_finds_no_room_leaves_nothing(
    app: Flask, settings: Settings, how: str
) -> None:
    folder = settings.instance / "backups"
    with without_room(how, folder, SMALL):
        done = portal(settings, "backup", "--keep", "1")
        assert listed(folder) == []
    assert done.code == 1
    assert "The disk is full. No backup was written" in done.complained
    assert str(folder) in done.complained
    assert ready(app)[0] == 503
    assert portal(settings, "backup").code == 0
    assert ready(app) == (200, "ready\n")


@pytest.mark.parametrize("size", [40_000, 700_000, 900_000, 1_300_000])
def test_wherever_the_room_ends(settings: Settings, tmp_path: Path, size: int) -> None:
    """In the copy of the database, in the archive, behind it, or not at all."""
    folder = tmp_path / "place"
    with small_disk(folder, size):
        done = portal(settings, "backup", folder / "b.tar")
        left = listed(folder)
    if done.code == 0:
        assert left == ["b.tar"]
    else:
        assert "The disk is full" in done.complained
        assert left == []


def test_the_small_disk_is_tried_where_that_is_possible() -> None:
    """As root the tests above may not be skipped unnoticed."""
    assert may_mount() or os.geteuid() != 0 or Path("/.dockerenv").exists()


CALLS = ("os.fsync", "os.link", "os.mkdir", "os.open", "portal.backup.write.sync")


@pytest.mark.parametrize("name", CALLS)
def test_each_step_may_find_the_disk_full(
    settings: Settings, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.key("backup")
    folder = tmp_path / "place"
    folder.mkdir()
    module, _, attribute = name.rpartition(".")
    owner: Any = os if module == "os" else __import__(module, fromlist=["x"])
    real: Callable[..., Any] = getattr(owner, attribute)

    def full(path: Any, *arguments: Any, **options: Any) -> Any:
        there = os.readlink(f"/proc/self/fd/{path}") if isinstance(path, int) else str(path)
        writes = name != "os.open" or bool(arguments and arguments[0] & os.O_CREAT)
        if writes and there.startswith(str(folder)):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, *arguments, **options)

    monkeypatch.setattr(owner, attribute, full)
    done = portal(settings, "backup", folder / "b.tar")
    monkeypatch.undo()
    assert done.code == 1
    assert "The disk is full" in done.complained
    assert listed(folder) == []


def test_a_restore_that_finds_no_room_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    made = tmp_path / "b.tar"
    assert portal(settings, "backup", made).code == 0
    before = listed(settings.instance)
    with small_disk(tmp_path / "small", SMALL):
        other = tmp_path / "small"
        key = other / "key"
        key.write_bytes(settings.key("backup"))
        away = Settings(instance=other, database_url=f"sqlite:///{other / 'portal.sqlite'}")
        done = portal(away, "restore", made, "--key-file", key)
        left = [name for name in listed(other) if name not in {"key", "server.lock"}]
    assert done.code == 1
    assert left == []
    assert listed(settings.instance) == before
    assert "MiB are free" in done.complained or "other kind" in done.complained


def test_a_key_that_finds_no_room_leaves_no_part(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listed(settings.instance / "keys")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        settings.key("another")
    monkeypatch.undo()
    assert listed(settings.instance / "keys") == before
