"""The watched folder: a supplier's files are put there by other programs."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from blueprints.shipments.importing import IMPORT
from portal import clock
from portal.db import unit_of_work
from portal.files.models import StoredFile
from portal.files.services import Stored, drop, needed, store
from portal.imports.models import ImportRun
from portal.imports.receiving import open_run
from portal.settings import Settings

log = logging.getLogger("portal.imports")

SUFFIXES = frozenset({".csv", ".xlsx", ".txt"})
SETTLED_SECONDS = 30.0
DONE, REFUSED = "done", "refused"
UNFINISHED = ".unfinished"
STAMP = "%Y%m%dT%H%M%S%f"
SOURCE = "folder"


def watched_files(
    inbox: Path, *, now: float, settled_seconds: float = SETTLED_SECONDS
) -> Iterator[Path]:
    """The files of the watched folder that nobody has touched for a while, oldest first.

    Whoever writes a file may set its time afterwards (`cp -p`, FTP), so the moment of the last
    change counts too. A name that begins with a dot is a file under way.
    """
    if not inbox.is_dir():
        return
    found: list[tuple[float, Path]] = []
    for path in inbox.iterdir():
        if path.suffix.lower() not in SUFFIXES or path.name.startswith((".", "~$")):
            continue
        try:
            if path.is_symlink() or not path.is_file():
                continue
            state = path.stat()
        except FileNotFoundError:
            continue
        if now - max(state.st_mtime, state.st_ctime) >= settled_seconds:
            found.append((state.st_mtime, path))
    yield from (path for _touched, path in sorted(found))


def collect_from_folder(settings: Settings) -> int:
    """Open a run for each settled file of the watched folder; returns how many files
    were dealt with.

    A file is moved to `done/` first, and taken from there: what cannot be moved is not taken, or
    it would be taken again at every look. After a crash between the two the next look finds it
    under its unfinished name. A file that cannot be taken keeps no other waiting.

    The folder of the instance is made, so that it is there to be found.
    """
    if not settings.import_folder:
        settings.inbox.mkdir(mode=0o700, exist_ok=True)
    count = sum(_attempt(_resume, settings, path) for path in _unfinished(settings.inbox))
    for path in watched_files(settings.inbox, now=clock.now().timestamp()):
        count += _attempt(_collect, settings, path)
    return count


def _attempt(work: Callable[[Settings, Path], bool], settings: Settings, path: Path) -> int:
    try:
        return int(work(settings, path))
    except PermissionError:
        log.error(
            "a file in the watched folder cannot be taken: the portal may not read or move it"
        )
        return 0
    except (OSError, ValueError) as error:
        log.error("a file in the watched folder cannot be taken: %s", type(error).__name__)
        return 0


def _collect(settings: Settings, path: Path) -> bool:
    """Move a file aside and open its run, or put it to `refused/` if it is too large."""
    name = f"{clock.now():{STAMP}}-{path.name}"
    with path.open("rb") as content:
        if path.stat().st_size > settings.upload_mib * 1024 * 1024:
            log.error("a file in the watched folder is larger than %s MiB", settings.upload_mib)
            path.rename(_made(settings.inbox / REFUSED) / name)
            return True
        moved = path.rename(_made(settings.inbox / DONE) / (name + UNFINISHED))
        stored = store(settings, content, IMPORT.name)
    _open(settings, moved, stored)
    return True


def _resume(settings: Settings, path: Path) -> bool:
    """Go on where a crash stopped; False if the run had been opened by then."""
    with path.open("rb") as content:
        stored = store(settings, content, IMPORT.name)
    stamp, _dash, _name = path.name.partition("-")
    moved_at = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    with unit_of_work(write=False) as current:
        known = current.scalar(
            select(ImportRun.id)
            .join(ImportRun.file)
            .where(
                StoredFile.sha256 == stored.sha256,
                ImportRun.kind == IMPORT.name,
                ImportRun.source == SOURCE,
                ImportRun.created_at >= moved_at,
            )
            .limit(1)
        )
    if known is not None:
        drop(settings, stored)
        path.rename(_finished(path))
        return False
    _open(settings, path, stored)
    return True


def _open(settings: Settings, path: Path, stored: Stored) -> None:
    """Open the run of a file in `done/`, then give the file its lasting name there."""
    finished = _finished(path)
    with needed(settings, stored), unit_of_work():
        name = finished.name.partition("-")[2]
        open_run(IMPORT, None, name=name, stored=stored, source=SOURCE)
    path.rename(finished)


def _unfinished(inbox: Path) -> list[Path]:
    """What an earlier look had moved to `done/` and did not come to the end with."""
    done = inbox / DONE
    return sorted(done.glob(f"*-*{UNFINISHED}")) if done.is_dir() else []


def _finished(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(UNFINISHED))


def _made(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    return path
