"""The stored files of imports: put down before a run names them, deleted when none needs them."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError

from blueprints.shipments.models import ImportError, ImportPart, ImportRun
from portal import clock
from portal.db import unit_of_work
from portal.outages import is_full
from portal.settings import Settings
from portal.sheets.errors import refusal
from portal.sheets.kinds import refused_kind
from portal.sheets.limits import Limits

LONGEST_NAME = 200
PIECE = 1 << 16
WORKBOOK = b"PK"
# A file that no run names yet may belong to a request that is still under way.
UNNAMED = timedelta(days=1)


@dataclass(frozen=True)
class Stored:
    """A file as it was put down: its name in the folder and what was found while copying it.

    `rows` is what a text file can hold at most below its header; 0 for a workbook, unknown.
    """

    name: str
    sha256: str
    bytes: int
    rows: int


def folder(settings: Settings) -> Path:
    """Where the files of imports are kept."""
    path = settings.uploads / "shipments"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def store(settings: Settings, content: BinaryIO) -> Stored:
    """Put `content`, from its start, down for good.

    It takes as long as the disk does, so it belongs before a transaction. What is never named by
    a run is swept after a day. Raises `OSError`, as for a full disk; then nothing is left.
    """
    content.seek(0)
    name = secrets.token_hex(16)
    path = folder(settings) / name
    digest, size, ends, head, tail = hashlib.sha256(), 0, 0, b"", b""
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            while piece := content.read(PIECE):
                head = head or piece[:2]
                tail = piece[-1:]
                ends += piece.count(b"\n")
                digest.update(piece)
                size += len(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    below_header = ends - (tail == b"\n")
    rows = 0 if head == WORKBOOK else below_header
    return Stored(name, digest.hexdigest(), size, rows)


def refusal_of(settings: Settings, stored: Stored) -> str:
    """Why the stored file cannot be a table, if its first bytes say so; else nothing."""
    with (folder(settings) / stored.name).open("rb") as file:
        reason = refused_kind(file)
    return refusal(reason, Limits()).message if reason else ""


def drop(settings: Settings, stored: Stored) -> None:
    """Delete a file that no run will name."""
    (folder(settings) / stored.name).unlink(missing_ok=True)


@contextmanager
def needed(settings: Settings, stored: Stored) -> Iterator[None]:
    """While a run is made that names the file: if the disk is full then, the file makes room."""
    try:
        yield
    except DBAPIError as error:
        if is_full(error):
            drop(settings, stored)
        raise


def clean_name(name: str) -> str:
    """The name a file came under, as one line that can be shown, stored and sent in a header."""
    last = " ".join(name.replace("\\", "/").split("/")[-1].split())
    shown = "".join(character for character in last if character.isprintable())
    return shown[:LONGEST_NAME].strip() or "shipments"


def forget_old_files(settings: Settings, *, days: int) -> int:
    """Delete the stored files (not the runs) of imports finished more than `days` days ago."""
    with unit_of_work() as current:
        old = list(
            current.scalars(
                select(ImportRun).where(
                    ImportRun.finished_at < clock.now() - timedelta(days=days),
                    ImportRun.stored_as != "",
                )
            )
        )
        for run in old:
            (folder(settings) / run.stored_as).unlink(missing_ok=True)
            run.stored_as = ""
            for kept in (ImportError, ImportPart):
                current.execute(delete(kept).where(kept.run_id == run.id))
    return len(old)


def forget_unnamed_files(settings: Settings) -> int:
    """Delete the stored files that no run names and that are older than a day."""
    last = (clock.now() - UNNAMED).timestamp()
    found = [path for path in folder(settings).iterdir() if path.stat().st_mtime < last]
    with unit_of_work(write=False) as current:
        named = set(current.scalars(select(ImportRun.stored_as).where(ImportRun.stored_as != "")))
    unnamed = [path for path in found if path.name not in named]
    for path in unnamed:
        path.unlink(missing_ok=True)
    return len(unnamed)
