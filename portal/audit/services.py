"""Adding to the audit trail.

Entries are gathered while the unit of work runs and written just before it commits: the chain's
end, which all writers share, is locked only for that moment. The last one takes the seals of the
rows that were written with them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import bindparam, event, select, update
from sqlalchemy.orm import Session, SessionTransaction

from portal import settings
from portal.access.scope import Actor, Scope
from portal.access.through import present
from portal.audit import seals
from portal.audit.chain import FORM, entry_hash, head_mac, values_text
from portal.audit.models import AuditEntry, AuditHead
from portal.bulk import insert_rows
from portal.clock import now
from portal.db import Base, before_commit, session

GATHERED = "audit_gathered"
MARKS = "audit_marks"
# Made once: every unit that writes asks for them.
HEAD = (
    select(AuditHead.count.label("entries"), AuditHead.hash)
    .where(AuditHead.id == 1)
    .with_for_update()
)
NEW_HEAD = (
    update(AuditHead)
    .where(AuditHead.id == 1)
    .values(count=bindparam("number"), hash=bindparam("last"), mac=bindparam("proof"))
    .execution_options(synchronize_session=False)
)


def record(
    actor: Actor | None,
    action: str,
    *,
    subject: str,
    subject_id: int | None,
    location_id: int | None,
    summary: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Note in the audit trail, as part of this unit of work, that `actor` did `action`.

    `actor` is None for what the portal does by itself. `action` is a dotted name
    ("inventory.wasted"), `subject` the kind of record ("inventory"), `location_id` the location
    whose business it is. `before` and `after` hold the changed fields only. What is recorded
    inside a savepoint that is rolled back is forgotten with it.
    """
    gathered: list[dict[str, Any]] = session().info.setdefault(GATHERED, [])
    gathered.append(
        {
            "at": now(),
            "actor_id": actor.id if actor else None,
            "actor_username": _storable(actor.username, 64) if actor else "",
            "action": _storable(action, 64),
            "subject": _storable(subject, 64),
            "subject_id": subject_id,
            "location_id": location_id,
            "summary": _storable(summary, 500),
            "before": values_text(before),
            "after": values_text(after),
            "through": present(),
            "form": FORM,
            "profile": actor.profile if actor else "",
            "seals": None,
        }
    )
    _write_last()


def seal(*rows: Base) -> None:
    """Seal rows of a model with `__sealed__`, as they are now: flushed, with their ids.

    Called again for a row that is changed. The seals go with the unit's last audit entry; a unit
    without one gets an entry of their own.
    """
    for row in rows:
        names = ("id", *type(row).__sealed__)
        seals.gather(type(row), [{name: getattr(row, name) for name in names}])
    _write_last()


def seal_rows(model: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """Seal rows that were written by the thousand, each with its id."""
    seals.gather(model, rows)
    _write_last()


def attach_seals() -> None:
    """Give what was sealed so far to the last entry recorded so far."""
    _attach(session(), session().info[GATHERED], _key())


def _write_last() -> None:
    # Taken out first, so that the trail is written after all else that waits for the commit.
    session().info.get("before_commit", {}).pop("audit", None)
    before_commit("audit", _append)


def _key() -> bytes:
    return settings.current().key("audit")


def _attach(current: Session, entries: list[dict[str, Any]], key: bytes) -> None:
    held = seals.take(current, key)
    if held is not None:
        assert entries[-1]["seals"] is None
        entries[-1]["seals"] = held


def viewed(
    scope: Scope,
    subject: str,
    subject_id: int | None,
    *,
    location_id: int | None = None,
    summary: str = "",
) -> None:
    """Note that the user of `scope` looked at a record; meant for `portal.web.requests.note`.

    `location_id` is the record's location, by default the one the user works at.
    """
    here = scope.location.id if scope.location else None
    record(
        scope.user,
        f"{subject}.viewed",
        subject=subject,
        subject_id=subject_id,
        location_id=here if location_id is None else location_id,
        summary=summary,
    )


def _append(current: Session) -> None:
    if current.info.get(seals.WRITTEN) and not current.info.get(GATHERED):
        record(None, "rows.sealed", subject="instance", subject_id=None, location_id=None)
    entries: list[dict[str, Any]] = current.info.pop(GATHERED, [])
    if not entries:
        return
    key = _key()
    _attach(current, entries, key)
    current.flush()
    connection = current.connection()
    head = connection.execute(HEAD).one()
    number, last = head.entries, head.hash
    for entry in entries:
        number += 1
        entry["number"] = number
        entry["hash"] = last = entry_hash(key, last, entry)
    insert_rows(AuditEntry, entries)
    proof = head_mac(key, number, last)
    connection.execute(NEW_HEAD, {"number": number, "last": last, "proof": proof})


def _storable(text: str, longest: int) -> str:
    """`text` as both databases can hold it: no NUL, no half characters, not too long."""
    clean = str(text).replace("\0", "").encode("utf-8", "replace").decode()
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


@event.listens_for(Session, "after_transaction_create")
def _savepoint_made(current: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        marks = current.info.setdefault(MARKS, {})
        marks[id(transaction)] = [
            len(current.info.get(name, ())) for name in (GATHERED, seals.WRITTEN)
        ]


@event.listens_for(Session, "after_soft_rollback")
def _savepoint_undone(current: Session, transaction: SessionTransaction) -> None:
    marks = current.info.get(MARKS, {}).pop(id(transaction), None)
    if transaction.nested and marks is not None:
        for name, mark in zip((GATHERED, seals.WRITTEN), marks, strict=True):
            del current.info.get(name, [])[mark:]


@event.listens_for(Session, "before_commit")
def _last_chance(current: Session) -> None:
    # What the last work before the commit recorded, after the trail had been written.
    left = current.info.get(GATHERED) or current.info.get(seals.WRITTEN)
    if left and not current.in_nested_transaction():
        _append(current)
