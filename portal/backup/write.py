"""Writing a backup while the portal runs, and proving it."""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine

from portal import migrations, soundness
from portal.audit import anchor
from portal.backup import archive, postgresql, reading, seal
from portal.backup.sqlite import copy_sqlite, damage_of
from portal.clock import now
from portal.durable import sync
from portal.errors import PortalError, is_without_space
from portal.running import refuse_half_restored
from portal.settings import Settings

PREFIX = "sqlite:///"
APART = "damaged"


@dataclass(frozen=True)
class Made:
    """A finished backup; `size` in bytes."""

    path: Path
    size: int
    files: int


class NotProved(PortalError):
    """The database in the backup is damaged. The archive was kept apart, at `made.path`."""

    def __init__(self, made: Made, damage: str) -> None:
        super().__init__(
            f"The database is damaged ({damage}). What could be saved of it was kept apart, in "
            f"{made.path}; it is no backup that can be restored."
        )
        self.made = made


class DiskFull(PortalError):
    """There was no room for the backup; nothing of it is left."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The disk is full. No backup was written, and nothing was left behind in {folder}. "
            "Free some space there, then run the backup again."
        )


def own_folder(settings: Settings) -> Path:
    """Where backups go that were given no name."""
    return settings.instance / "backups"


def backup(settings: Settings, path: Path | None = None, *, with_keys: bool = True) -> Made:
    """Write everything the instance needs to the archive `path` (mode 0600), and prove it.

    The database is copied in one step, as it is at one moment; files are added after it, so that
    none is missing that a row names. The archive appears under its name only when it is complete
    and on the disk, its database was checked, and all of it was read again. One with a damaged
    database is put into the folder `damaged` beside it instead.

    Raises `NotProved` then, `DiskFull`, another `PortalError` if the file exists already or there
    is nothing to back up, and `AlreadyLocked` for an instance whose restore did not end.
    """
    refuse_half_restored(settings.instance)
    if path is None:
        path = own_folder(settings) / f"portal-{now():%Y%m%d-%H%M%S}.tar"
    if path.exists():
        raise PortalError(f"{path} exists already.")
    with _room(path.parent):
        if path.parent == own_folder(settings):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _working_folder(path.parent) as folder:
            fresh = folder / "backup.tar"
            damage, files = _write(settings, fresh, folder, with_keys=with_keys)
            with reading.opened(fresh) as written:
                written.prove()
            if damage:
                path = _place_apart(path)
            made = Made(path, fresh.stat().st_size, files)
            _name(fresh, path)
    if damage:
        raise NotProved(made, damage)
    return made


def _write(settings: Settings, fresh: Path, folder: Path, *, with_keys: bool) -> tuple[str, int]:
    """Write the archive `fresh`; what is wrong with its database, and the number of its files."""
    made_at = now().isoformat(timespec="seconds")
    key = settings.key(seal.NAME)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        writer = archive.Writer(file)
        schema, damage = _add_database(settings, writer, folder)
        _add_files(settings, writer, with_keys=with_keys)
        writer.finish(made_at=made_at, schema=schema, proved=not damage, key=key)
        file.flush()
        os.fsync(file.fileno())
    return damage, len(writer.members)


def _place_apart(path: Path) -> Path:
    """A free place for a copy that is not good."""
    folder = path.parent / APART
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"{APART}-{path.name}"
    for number in count(2):
        if not target.exists():
            break
        target = folder / f"{APART}-{path.stem}-{number}{path.suffix}"
    return target


def _name(fresh: Path, path: Path) -> None:
    """Give the finished archive its name, for good."""
    try:
        os.link(fresh, path)
    except FileExistsError as error:
        raise PortalError(f"{path} exists already.") from error
    try:
        sync(path.parent)
    except OSError:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """Say of a full disk that it is full. Raises `DiskFull`."""
    try:
        yield
    except OSError as error:
        if not is_without_space(error):
            raise
        raise DiskFull(folder) from error
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}:
            raise PortalError(f"The database cannot be copied now ({error}).") from error
        raise DiskFull(folder) from error
    except postgresql.NoSpace as error:
        raise DiskFull(folder) from error


@contextmanager
def _working_folder(parent: Path) -> Iterator[Path]:
    folder = parent / f".backup-{secrets.token_hex(6)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _add_database(settings: Settings, writer: archive.Writer, folder: Path) -> tuple[str, str]:
    """Add a copy of the database; its schema, and what is wrong with it."""
    # The anchor of the audit trail is read first: the copied trail is then at least as long.
    held = settings.instance / anchor.NAME
    if held.exists():
        writer.add_file(held, anchor.NAME)
    if settings.database_url.startswith(PREFIX):
        copied = folder / archive.SQLITE
        copy_sqlite(Path(settings.database_url.removeprefix(PREFIX)), copied)
        # Where damage is known, a quick look at a copy proves too little.
        known = {fault.kind for fault in soundness.faults(settings.instance)}
        damage = damage_of(copied, whole=soundness.DAMAGED in known)
        schema = None if damage else migrations.current_of_file(copied)
        writer.add_file(copied, archive.SQLITE)
    else:
        copied = folder / archive.POSTGRESQL
        damage = ""
        engine = create_engine(settings.database_url)
        schema = migrations.current(engine)
        engine.dispose()
        postgresql.dump(settings.database_url, copied)
        postgresql.prove(copied)
        writer.add_file(copied, archive.POSTGRESQL)
    copied.unlink()
    if schema is None and not damage:
        raise PortalError("There is nothing to back up yet: the database is empty.")
    return schema or "", damage


def _add_files(settings: Settings, writer: archive.Writer, *, with_keys: bool) -> None:
    for name in archive.FOLDERS:
        if name == "keys" and not with_keys:
            continue
        folder = settings.instance / name
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                member = str(path.relative_to(settings.instance))
                if member == archive.SEAL_KEY:
                    continue
                try:
                    writer.add_file(path, member)
                except FileNotFoundError:
                    continue  # removed since the folder was listed
    own = settings.instance / archive.SETTINGS
    if own.exists():
        writer.add_file(own, archive.SETTINGS)
