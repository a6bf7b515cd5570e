"""Writing a backup while the portal runs."""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine

from portal import migrations
from portal.audit import anchor
from portal.backup import archive, postgresql
from portal.clock import now
from portal.errors import PortalError
from portal.running import refuse_half_restored
from portal.settings import Settings

PREFIX = "sqlite:///"


@dataclass(frozen=True)
class Made:
    """A finished backup; `size` in bytes."""

    path: Path
    size: int
    files: int


def own_folder(settings: Settings) -> Path:
    """Where backups go that were given no name."""
    return settings.instance / "backups"


def backup(settings: Settings, path: Path | None = None, *, with_keys: bool = True) -> Made:
    """Write everything the instance needs to the archive `path` (mode 0600).

    The database is copied in one step, as it is at one moment; files are added after it, so that
    none is missing that a row names. The archive appears under its name only when it is complete
    and on the disk. Raises `PortalError` if it exists already, or there is nothing to back up, and
    `AlreadyLocked` for an instance whose restore did not end.
    """
    refuse_half_restored(settings.instance)
    if path is None:
        path = own_folder(settings) / f"portal-{now():%Y%m%d-%H%M%S}.tar"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        raise PortalError(f"{path} exists already.")
    made_at = now().isoformat(timespec="seconds")
    with _working_folder(path.parent) as folder:
        fresh = folder / "backup.tar"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            writer = archive.Writer(file)
            schema = _add_database(settings, writer, folder)
            _add_files(settings, writer, with_keys=with_keys)
            writer.finish(made_at=made_at, schema=schema)
            file.flush()
            os.fsync(file.fileno())
        size = fresh.stat().st_size
        os.link(fresh, path)
    sync(path.parent)
    return Made(path, size, len(writer.members))


def remove_old(settings: Settings, *, keep: int) -> list[Path]:
    """Remove all but the newest `keep` backups of the instance's own folder; returns them."""
    old = sorted(own_folder(settings).glob("portal-*.tar"))[:-keep]
    for path in old:
        path.unlink()
    return old


@contextmanager
def _working_folder(parent: Path) -> Iterator[Path]:
    folder = parent / f".backup-{secrets.token_hex(6)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _add_database(settings: Settings, writer: archive.Writer, folder: Path) -> str:
    # The anchor of the audit trail is read first: the copied trail is then at least as long.
    held = settings.instance / anchor.NAME
    if held.exists():
        writer.add_file(held, anchor.NAME)
    if settings.database_url.startswith(PREFIX):
        copied = folder / archive.SQLITE
        copy_sqlite(Path(settings.database_url.removeprefix(PREFIX)), copied)
        schema = migrations.current_of_file(copied)
        writer.add_file(copied, archive.SQLITE)
    else:
        copied = folder / archive.POSTGRESQL
        engine = create_engine(settings.database_url)
        schema = migrations.current(engine)
        engine.dispose()
        postgresql.dump(settings.database_url, copied)
        writer.add_file(copied, archive.POSTGRESQL)
    copied.unlink()
    if schema is None:
        raise PortalError("There is nothing to back up yet: the database is empty.")
    return schema


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database that others may be writing to, as of one moment.

    In one step: with several, every write in between would begin the copy anew. Raises
    `PortalError` if there is no database.
    """
    if not source.exists():
        raise PortalError("There is nothing to back up yet: the database is empty.")
    with (
        closing(sqlite3.connect(source, timeout=30)) as live,
        closing(sqlite3.connect(target)) as copied,
    ):
        live.backup(copied, pages=-1)
        copied.execute("PRAGMA journal_mode=DELETE")


def _add_files(settings: Settings, writer: archive.Writer, *, with_keys: bool) -> None:
    for name in archive.FOLDERS:
        if name == "keys" and not with_keys:
            continue
        folder = settings.instance / name
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                member = str(path.relative_to(settings.instance))
                try:
                    writer.add_file(path, member)
                except FileNotFoundError:
                    continue  # removed since the folder was listed
    own = settings.instance / archive.SETTINGS
    if own.exists():
        writer.add_file(own, archive.SETTINGS)


def sync(folder: Path) -> None:
    """Put a folder's own entries on the disk: new names, and removed ones."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
