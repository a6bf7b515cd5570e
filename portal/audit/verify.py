"""Proving that the audit trail is whole: every entry, the chain's end, and the anchor."""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select, type_coerce
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType

from portal import settings
from portal.audit import anchor as anchors
from portal.audit.chain import FIELDS, first_break, head_mac
from portal.audit.models import START, AuditEntry, AuditHead
from portal.db import db, is_sqlite
from portal.i18n import _
from portal.jobs import JobFailed

AT_ONCE = 2_000


@dataclass(frozen=True)
class Verdict:
    """What was found: `entries` good ones from the start; for a broken trail the number of the
    first entry that is wrong or missing, and a sentence. `first_bad` is None where only the
    chain's end or the anchor was changed."""

    entries: int
    first_bad: int | None = None
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether the trail is whole."""
        return not self.problem


@dataclass(frozen=True)
class _Read:
    """What the database holds: how far the chain holds, and its end row."""

    count: int
    last: str
    broken_at: int | None
    head: Any
    at_anchor: str | None


def verify() -> Verdict:
    """Follow the whole chain, compare its end and the anchor, and move the anchor forward.

    Works on one snapshot of the database, outside any unit of work, so it may run beside writers.
    """
    configuration = settings.current()
    key, folder = configuration.key("audit"), configuration.instance
    try:
        anchor = anchors.read(folder, key)
        tampered = False
    except anchors.AnchorTampered:
        anchor, tampered = None, True
    found = _follow(key, anchor.number if anchor else 0)
    verdict = _judge(key, found, anchor)
    if not verdict.ok:
        return verdict
    if tampered:
        return Verdict(found.count, None, _("The anchor file beside the database was changed."))
    if found.count:
        anchors.move_forward(folder, key, anchors.Anchor(found.count, found.last))
    return verdict


def faults() -> list[str]:
    """What is wrong with the trail, for `portal check`."""
    verdict = verify()
    return [] if verdict.ok else [verdict.problem]


def daily() -> str:
    """Verify the trail and move the anchor (a job of the platform). Raises `JobFailed`."""
    verdict = verify()
    if not verdict.ok:
        raise JobFailed(verdict.problem)
    return _("%(number)s entries, unbroken", number=verdict.entries)


def _follow(key: bytes, anchored: int) -> _Read:
    seen: dict[int, str] = {}

    def watched(rows: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        for row in rows:
            if row["number"] == anchored:
                seen[anchored] = str(row["hash"])
            yield row

    with db.engine.connect() as connection:
        if not is_sqlite():
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        head = connection.execute(
            select(AuditHead.count.label("entries"), AuditHead.hash, AuditHead.mac).where(
                AuditHead.id == 1
            )
        ).one_or_none()
        count, last, broken_at = first_break(key, START, watched(_rows(connection)))
        connection.rollback()
    return _Read(count, last, broken_at, head, seen.get(anchored))


def _judge(key: bytes, found: _Read, anchor: anchors.Anchor | None) -> Verdict:
    count = found.count
    if found.broken_at is not None:
        sentence = _(
            "The chain breaks at entry %(number)s: it was changed, or an entry was put in or "
            "taken out there.",
            number=found.broken_at,
        )
        return Verdict(count, found.broken_at, sentence)
    cut = _("The entries from %(number)s on were cut off.", number=count + 1)
    head = found.head
    if head is None:
        return Verdict(count, None, _("The end of the chain was taken out."))
    fresh = head.entries == 0 and head.mac == "" and head.hash == START
    if not fresh and not _is_mac(key, head):
        return Verdict(count, None, _("The end of the chain was changed."))
    if head.entries > count:
        return Verdict(count, count + 1, cut)
    if head.entries < count or head.hash != found.last:
        first = min(head.entries + 1, count)
        added = _("The entries from %(number)s on were put in.", number=first)
        return Verdict(head.entries, first, added)
    if anchor is not None and anchor.number > count:
        return Verdict(count, count + 1, cut)
    if anchor is not None and found.at_anchor != anchor.hash:
        sentence = _("Entry %(number)s is not the one it was.", number=anchor.number)
        return Verdict(count, anchor.number, sentence)
    return Verdict(count)


def _is_mac(key: bytes, head: Any) -> bool:
    expected = head_mac(key, head.entries, head.hash)
    return hmac.compare_digest(str(head.mac).encode("utf-8", "replace"), expected.encode())


def _rows(connection: Connection) -> Iterator[Mapping[str, Any]]:
    """All entries in order, as the database holds them; one that cannot be read ends the rest."""
    columns = [
        type_coerce(AuditEntry.at, NullType()).label("at")
        if name == "at"
        else getattr(AuditEntry, name)
        for name in (*FIELDS, "hash")
    ]
    query = select(*columns).order_by(AuditEntry.number)
    last: int | None = None
    for at_once in (AT_ONCE, 1):
        part = query if last is None else query.where(AuditEntry.number > last)
        try:
            rows = connection.execution_options(yield_per=at_once).execute(part)
            for row in rows.mappings():
                last = row["number"]
                yield {**row, "at": _moment(row["at"])}
            return
        except DBAPIError:
            continue
    yield {"number": (last or 0) + 1, "hash": ""}


def _moment(raw: Any) -> Any:
    """The stored moment; on SQLite only in the very form it was written in."""
    if not isinstance(raw, str):
        return raw
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        return raw
    same = moment.tzinfo is None and raw == moment.isoformat(" ", "microseconds")
    return moment.replace(tzinfo=UTC) if same else raw
