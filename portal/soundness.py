"""What is known to be wrong with the data of an instance, kept in a file beside the database.

A damaged database may not be able to say that it is damaged. A fault is noted by whoever meets it:
a request, the nightly check, `portal check`, a backup. It stays until the same kind of look has
found nothing: a whole check, or a backup that was proved good.
"""

import fcntl
import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from portal import durable
from portal.clock import now

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import ExceptionContext

log = logging.getLogger("portal.soundness")

NAME = "faults.json"
SQLITE = "sqlite:///"
MAGIC = b"SQLite format 3\0"

# A part of the database cannot be read; a check of the data found something; the last backup could
# not be made, or was not proved good.
DAMAGED, WRONG, BACKUP = "damaged", "wrong", "backup"
SENTENCES = {
    DAMAGED: "The database is damaged.",
    WRONG: "The last check of the data found something wrong.",
    BACKUP: "The last backup could not be made, or was not proved good.",
}
# PostgreSQL: data_corrupted, index_corrupted.
DAMAGED_STATES = frozenset({"XX001", "XX002"})
DAMAGED_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

# What could not be written into the file (a full disk), by instance.
_unwritten: dict[Path, dict[str, "Fault"]] = {}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that is wrong; `since` when it was found. `told`: the mail about it is queued."""

    kind: str
    since: datetime
    told: bool = False

    @property
    def of_data(self) -> bool:
        """Whether the data itself is wrong, and not only its backup."""
        return self.kind != BACKUP


def faults(instance: Path) -> list[Fault]:
    """The faults that are known, the first found first. Reads one small file."""
    found = {**_read(instance), **_unwritten.get(instance, {})}
    return sorted(found.values(), key=lambda fault: fault.since)


def note(instance: Path, kind: str) -> None:
    """Write down that there is a fault of this `kind`; one that is known keeps its moment."""

    def add(known: dict[str, Fault]) -> None:
        known.setdefault(kind, Fault(kind=kind, since=now()))

    if kind in _read(instance):
        return
    unwritten = _unwritten.setdefault(instance, {})
    if kind not in unwritten:
        log.error("%s", SENTENCES[kind])
    try:
        _change(instance, add)
        unwritten.pop(kind, None)
    except OSError as error:
        log.error("the fault could not be written down: %s", type(error).__name__)
        add(unwritten)


def clear(instance: Path, *kinds: str) -> None:
    """Write down that there are no faults of these `kinds` any more."""
    for kind in kinds:
        _unwritten.get(instance, {}).pop(kind, None)
    if _read(instance).keys() & set(kinds):
        try:
            _change(instance, lambda known: [known.pop(kind, None) for kind in kinds])
        except PermissionError:
            log.warning("%s still names a fault: this user may not change it", NAME)


def set_told(instance: Path, told: Fault) -> None:
    """Write down that the mail about the fault `told` is queued."""

    def mark(known: dict[str, Fault]) -> None:
        if known.get(told.kind) == told:
            known[told.kind] = replace(told, told=True)

    _change(instance, mark)


def is_damage(error: BaseException | None) -> bool:
    """Whether a driver's `error` says that the database itself is damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in DAMAGED_CODES  # the rest says where it was found
    return getattr(error, "sqlstate", None) in DAMAGED_STATES


def watch(engine: "Engine", instance: Path) -> None:
    """Note the fault whenever a statement on `engine` meets damage, whoever asked."""
    from sqlalchemy import event

    @event.listens_for(engine, "handle_error")
    def _look(context: "ExceptionContext") -> None:
        if context.engine is engine and is_damage(context.original_exception):
            note(instance, DAMAGED)


def probe(instance: Path, database_url: str) -> None:
    """Look at the beginning of a SQLite file, which open connections read only once."""
    if not database_url.startswith(SQLITE):
        return
    try:
        with Path(database_url.removeprefix(SQLITE)).open("rb") as file:
            begins = file.read(len(MAGIC))
    except OSError:
        return  # whoever asks the database says so
    if begins and begins != MAGIC:
        note(instance, DAMAGED)


def _read(instance: Path) -> dict[str, Fault]:
    try:
        held = json.loads((instance / NAME).read_text("utf-8"))
        made = [
            Fault(
                kind=str(one["kind"]),
                since=datetime.fromisoformat(one["since"]),
                told=bool(one["told"]),
            )
            for one in held
        ]
        return {fault.kind: fault for fault in made if fault.kind in SENTENCES}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        # Not known to be good is not good: the next whole check decides.
        log.error("%s cannot be read: %s", NAME, type(error).__name__)
        return {WRONG: Fault(kind=WRONG, since=now(), told=True)}


def _change(instance: Path, change: Callable[[dict[str, Fault]], object]) -> None:
    with _locked(instance):
        known = _read(instance)
        change(known)
        if not known:
            (instance / NAME).unlink(missing_ok=True)
            durable.sync(instance)
            return
        held = [{**asdict(one), "since": one.since.isoformat()} for one in known.values()]
        durable.replace(instance / NAME, f"{json.dumps(held, indent=1)}\n".encode())


@contextmanager
def _locked(instance: Path) -> Iterator[None]:
    descriptor = os.open(instance / f"{NAME}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
