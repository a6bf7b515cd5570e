"""Putting files down, naming them, letting go of them, and sweeping up what nobody names."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Select, column, delete, inspect, select, table
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import after_commit, session, unit_of_work
from portal.errors import Invalid
from portal.files.kinds import HEAD_BYTES, ZIP, content_type
from portal.files.models import StoredFile
from portal.i18n import _
from portal.outages import is_full
from portal.settings import Settings, current

LONGEST_NAME = 200
PIECE = 1 << 16
# A file that no row names yet may belong to a request that is still under way.
UNNAMED = timedelta(days=1)
STORED_AS = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Stored:
    """A file as it was put down: where, and what was found while copying it.

    `rows` is what a text can hold at most below its first line; 0 for a workbook, unknown.
    """

    area: str
    name: str
    content_type: str
    sha256: str
    bytes: int
    rows: int


def folder(settings: Settings, area: str) -> Path:
    """Where the files of an area are kept."""
    path = settings.uploads / area
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def store(settings: Settings, content: BinaryIO, area: str, *, most: int | None = None) -> Stored:
    """Put `content`, from its start, down for good.

    It takes as long as the disk does, so it belongs before a transaction. What is never named by
    `keep` is swept after a day. Raises `Invalid` for more than `most` bytes, and `OSError`, as for
    a full disk; then nothing is left.
    """
    content.seek(0)
    name = secrets.token_hex(16)
    path = folder(settings, area) / name
    digest, size, ends, head, tail = hashlib.sha256(), 0, 0, b"", b""
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            while piece := content.read(PIECE):
                head = head or piece[:HEAD_BYTES]
                tail = piece[-1:]
                ends += piece.count(b"\n")
                digest.update(piece)
                size += len(piece)
                if most is not None and size > most:
                    raise _too_large(most)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    kind = content_type(head)
    rows = 0 if kind == ZIP else ends - (tail == b"\n")
    return Stored(area, name, kind, digest.hexdigest(), size, rows)


def _too_large(most: int) -> Invalid:
    mib = max(1, most // (1024 * 1024))
    return Invalid(_("The file is larger than %(limit)s MB. Choose a smaller one.", limit=mib))


def open_stored(settings: Settings, stored: Stored) -> BinaryIO:
    """The content of a file that no row names yet."""
    return (folder(settings, stored.area) / stored.name).open("rb")


def drop(settings: Settings, stored: Stored) -> None:
    """Delete a file that no row will name."""
    (folder(settings, stored.area) / stored.name).unlink(missing_ok=True)


@contextmanager
def needed(settings: Settings, stored: Stored) -> Iterator[None]:
    """While a row is made that names the file: if the disk is full then, the file makes room."""
    try:
        yield
    except DBAPIError as error:
        if is_full(error):
            drop(settings, stored)
        raise


def keep(stored: Stored, *, name: str, otherwise: str = "file") -> StoredFile:
    """Name the file within the running unit of work; its owner points to the row in the same unit.

    `name` is what it came under; `otherwise` replaces one of which nothing can be shown.
    """
    file = StoredFile(
        area=stored.area,
        stored_as=stored.name,
        name=clean_name(name, otherwise),
        content_type=stored.content_type,
        sha256=stored.sha256,
        bytes=stored.bytes,
    )
    session().add(file)
    session().flush()
    return file


def clean_name(name: str, otherwise: str) -> str:
    """The name a file came under, as one line that can be shown, stored and sent in a header."""
    last = " ".join(name.replace("\\", "/").split("/")[-1].split())
    shown = "".join(character for character in last if character.isprintable())
    return shown[:LONGEST_NAME].strip() or otherwise


def path_of(settings: Settings, file: StoredFile) -> Path:
    """Where the content is; a path that does not exist once it was deleted."""
    return folder(settings, file.area) / (file.stored_as or "deleted")


def forget(settings: Settings, file: StoredFile) -> None:
    """Delete the content; what is known of it stays as long as its owner names it."""
    path = path_of(settings, file)
    file.stored_as = ""
    # After a crash between the two nobody names the file, and it is swept.
    after_commit(f"forget {path.name}", lambda: path.unlink(missing_ok=True))


def sweep() -> str:
    """Delete what nobody names: rows, then contents (a job of the platform); says how many."""
    rows, contents = _sweep_rows(), _sweep_contents(current())
    return f"{rows + contents} files"


def _sweep_rows() -> int:
    """Delete the rows that no other table names. What names them is read from the database, which
    also knows the tables of modules that are switched off."""
    with unit_of_work() as session:
        inspector = inspect(session.connection())
        named: list[Select[Any]] = [
            select(column(key["constrained_columns"][0])).select_from(table(name))
            for name in inspector.get_table_names()
            for key in inspector.get_foreign_keys(name)
            if key["referred_table"] == StoredFile.__tablename__
        ]
        unneeded = delete(StoredFile).where(
            StoredFile.created_at < clock.now() - UNNAMED,
            *(~query.where(query.selected_columns[0] == StoredFile.id).exists() for query in named),
        )
        done = session.execute(unneeded.execution_options(synchronize_session=False))
        return int(done.rowcount)  # type: ignore[attr-defined]


def _sweep_contents(settings: Settings) -> int:
    """Delete the contents that no row names and that are older than a day."""
    last = (clock.now() - UNNAMED).timestamp()
    found = [
        path
        for path in settings.uploads.glob("*/*")
        if STORED_AS.fullmatch(path.name) and path.stat().st_mtime < last
    ]
    with unit_of_work(write=False) as session:
        named = set(map(tuple, session.execute(select(StoredFile.area, StoredFile.stored_as))))
    unnamed = [path for path in found if (path.parent.name, path.name) not in named]
    for path in unnamed:
        path.unlink(missing_ok=True)
    return len(unnamed)
