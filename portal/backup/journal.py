"""The journal of a restore: what is moved aside and put in place, so that a crash can be undone.

It is written before the first step and removed after the last. While it is there nobody else may
use the instance (`portal.running`); the next restore first puts back what was there.
"""

import errno
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from portal import durable
from portal.audit import anchor
from portal.backup import archive, postgresql
from portal.backup.sqlite import copy_sqlite
from portal.backup.write import PREFIX
from portal.running import RESTORING
from portal.settings import Settings

STAGED = ".restoring-"


@dataclass(frozen=True)
class Journal:
    """Folders of a restore within the instance, and which of its parts were there before."""

    staged: str
    aside: str
    held: list[str]


def begin(settings: Settings, staged: Path, aside: Path) -> None:
    """Write down what is there. On PostgreSQL it is saved now; files are moved by `exchange`."""
    if not settings.database_url.startswith(PREFIX):
        postgresql.dump(settings.database_url, aside / archive.POSTGRESQL)
    held = [name for name, path in _parts(settings).items() if path.exists()]
    durable.sync(aside)
    text = json.dumps(asdict(Journal(staged.name, aside.name, held)))
    durable.replace(settings.instance / RESTORING, text.encode())


def exchange(settings: Settings, staged: Path, aside: Path) -> None:
    """Move what is there aside and put what is `staged` in its place; settings stay."""
    parts = _parts(settings)
    if not (staged / "keys").exists():
        parts.pop("keys")
    for name, path in parts.items():
        _move(path, aside / name)
    if settings.database_url.startswith(PREFIX):
        live = Path(settings.database_url.removeprefix(PREFIX))
        live.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _place(staged / archive.SQLITE, live)
    else:
        postgresql.load(settings.database_url, staged / archive.POSTGRESQL)
    for name in (anchor.NAME, "uploads", "keys"):
        _move(staged / name, settings.instance / name)


def undo(settings: Settings) -> bool:
    """Put back what a restore that did not end has moved; True if there was one.

    Can be interrupted and repeated as often as need be.
    """
    marker = settings.instance / RESTORING
    try:
        journal = Journal(**json.loads(marker.read_text("utf-8")))
    except FileNotFoundError:
        return False
    aside = settings.instance / journal.aside
    if (aside / archive.POSTGRESQL).exists():
        postgresql.load(settings.database_url, aside / archive.POSTGRESQL)
    for name, path in _parts(settings).items():
        if (aside / name).exists():
            _remove(path)
            _move(aside / name, path)
        elif name not in journal.held:
            _remove(path)
        _remove(_beside(path))
    finish(settings)
    _remove(aside)
    _remove(settings.instance / journal.staged)
    return True


def finish(settings: Settings) -> None:
    """The restore, or its undoing, is on the disk: others may use the instance."""
    os.sync()
    (settings.instance / RESTORING).unlink()
    durable.sync(settings.instance)


def _parts(settings: Settings) -> dict[str, Path]:
    """What a restore exchanges, by its name in the folder aside."""
    instance = settings.instance
    parts = {name: instance / name for name in (anchor.NAME, "uploads", "keys")}
    if settings.database_url.startswith(PREFIX):
        live = Path(settings.database_url.removeprefix(PREFIX))
        for ending in ("-shm", "-wal", ""):
            parts[live.name + ending] = live.with_name(live.name + ending)
    return parts


def _place(source: Path, target: Path) -> None:
    """Put the database in place, which may be on another disk than the instance folder."""
    fresh = _beside(target)
    _remove(fresh)
    copy_sqlite(source, fresh)
    fresh.chmod(0o600)
    os.rename(fresh, target)


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.restoring")


def _move(source: Path, target: Path) -> None:
    """Move a file or folder, also to another disk; it is never in part under its new name."""
    if not source.exists():
        return
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        fresh = _beside(target)
        _remove(fresh)
        if source.is_dir():
            shutil.copytree(source, fresh)
        else:
            shutil.copy2(source, fresh)
        os.rename(fresh, target)
        _remove(source)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
