"""Proving that the audit trail is whole: every entry, the chain's end, the anchors, and the rows
that its entries seal."""

import hmac
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, select, type_coerce
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType

from portal import settings
from portal.audit import anchor as anchors
from portal.audit import guards
from portal.audit.anchor import Anchor
from portal.audit.chain import FIELDS, FORM, first_break, head_mac
from portal.audit.models import START, AuditEntry, AuditHead
from portal.audit.rows import Book, moment
from portal.audit.services import record
from portal.db import db, is_sqlite, unit_of_work
from portal.i18n import _, ngettext
from portal.jobs import JobFailed
from portal.running import command_line

AT_ONCE = 2_000
# The entry that seals what was there before rows were sealed. From it on there must be anchors.
SEALED = "audit.sealed"


@dataclass(frozen=True)
class TrailVerdict:
    """What was found: `entries` good ones from the start; for a broken trail the number of the
    first entry that is wrong or missing, and a sentence. `first_bad` is None where only the
    chain's end or an anchor was changed. `others` are sentences about anchors and sealed rows."""

    entries: int
    first_bad: int | None = None
    problem: str = ""
    others: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is wrong."""
        return (self.problem, *self.others) if self.problem else self.others

    @property
    def ok(self) -> bool:
        """Whether the trail is whole, and what it seals as it was."""
        return not self.problems


@dataclass
class _Read:
    """What the database holds: how far the chain holds, its end row, the hashes at the anchors,
    whether the trail says that there must be some, and what is wrong with sealed rows."""

    count: int = 0
    last: str = START
    broken_at: int | None = None
    head: Any = None
    at_anchors: dict[int, str] = field(default_factory=dict)
    anchored: bool = False
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Anchors:
    """The good anchors by their place, and a sentence for each other one that there is."""

    held: dict[str, Anchor]
    faults: dict[str, str]

    @property
    def last(self) -> Anchor:
        """The one that is furthest."""
        return max(self.held.values(), key=lambda one: one.number, default=Anchor(0, START))


def verify() -> TrailVerdict:
    """Follow the whole chain, compare its end, the anchors and the sealed rows, and move the
    anchors forward.

    Works on one snapshot of the database, outside any unit of work, so it may run beside writers.
    """
    return _verify(Anchor(0, START), whole=True)


def move_anchors() -> str:
    """Follow the chain from the last anchor on and move the anchors (a job of the platform).
    Raises `JobFailed`."""
    verdict = _verify(_read_anchors().last, whole=False)
    if not verdict.ok:
        verdict = verify()  # which can say better what is wrong
    if not verdict.ok:
        raise JobFailed(" ".join(verdict.problems))
    return ngettext("%(num)s entry", "%(num)s entries", verdict.entries)


def faults() -> list[str]:
    """What is wrong with the trail, for `portal check`."""
    return list(verify().problems)


def daily() -> str:
    """Verify the trail and the database's own rules, and move the anchors (a job of the platform).
    Raises `JobFailed`."""
    verdict = verify()
    problems = [*verdict.problems, *guards.faults()]
    if problems:
        raise JobFailed(" ".join(problems))
    return ngettext("%(num)s entry, unbroken", "%(num)s entries, unbroken", verdict.entries)


def _verify(start: Anchor, *, whole: bool) -> TrailVerdict:
    key, known = _key(), _read_anchors()
    found = _follow(key, start, {one.number for one in known.held.values()}, whole=whole)
    verdict = _judge(key, found, known)
    missing = known.faults | _missing(found, known)
    wrong = list(missing.values())
    if verdict.ok and (found.count or found.anchored):
        wrong += _move(found, known, spared=missing)
    return replace(verdict, others=(*wrong, *found.rows))


def renew_anchors() -> TrailVerdict:
    """Write all anchors again, after one was lost or changed, and note it in the trail.

    What was there is kept beside them. Does nothing if the chain itself is not whole.
    """
    found, known = _follow(_key(), Anchor(0, START), set(), whole=False), _read_anchors()
    verdict = _judge(_key(), found, known)
    if verdict.ok:
        with unit_of_work():
            record(
                None,
                "audit.anchor_renewed",
                subject="instance",
                subject_id=None,
                location_id=None,
                before={"places": sorted(known.held)},
            )
        anchors.put_aside(settings.current())
        found = _follow(_key(), Anchor(0, START), set(), whole=False)
        wrong = _move(found, _Anchors({}, {}), spared=())
        verdict = replace(verdict, entries=found.count, others=tuple(wrong))
    return verdict


def begin_anchors() -> None:
    """Write the first anchors, before an entry says that there must be some; not if the trail is
    not whole."""
    found, known = _follow(_key(), Anchor(0, START), set(), whole=False), _read_anchors()
    if _judge(_key(), found, known).ok and not known.faults:
        _move(found, known, spared=())


def _move(found: _Read, known: _Anchors, *, spared: Collection[str]) -> list[str]:
    """Move the anchors but for the places that are `spared`, where one is missing or was changed;
    a sentence for each that cannot be written."""
    due = {place for one in known.held.values() for place in one.places}
    failed = anchors.move_all(settings.current(), found.count, found.last, known=due, spared=spared)
    return [_("The anchor cannot be written to %(path)s.", path=one) for one in failed]


def _key() -> bytes:
    return settings.current().key("audit")


def _read_anchors() -> _Anchors:
    configuration = settings.current()
    key = configuration.key("audit")
    held, wrong = {}, {}
    for name, folder in anchors.places(configuration).items():
        try:
            found = anchors.read(folder, key)
        except anchors.AnchorTampered:
            wrong[name] = _changed(name)
        except OSError:
            wrong[name] = _("The anchor in %(path)s cannot be read.", path=folder)
        else:
            if found is not None:
                held[name] = found
    return _Anchors(held, wrong)


def _changed(name: str) -> str:
    if name == "instance":
        return _("The anchor file beside the database was changed.")
    return _("The anchor file in %(place)s was changed.", place=_place(name))


def _missing(found: _Read, known: _Anchors) -> dict[str, str]:
    """A sentence for each anchor that must be there: the trail says so, or another anchor."""
    wrong = {}
    due = {place for one in known.held.values() for place in one.places}
    if found.anchored:
        due |= set(anchors.ALWAYS)
    for name, folder in anchors.places(settings.current()).items():
        if name in due and not (folder / anchors.NAME).exists():
            wrong[name] = _(
                "The anchor file in %(place)s is missing. If you know why, write it again: "
                "%(command)s",
                place=_place(name),
                command=command_line(settings.current().instance, ["audit", "anchor"]),
            )
        elif found.anchored and name in known.held and not known.held[name].places:
            wrong[name] = _changed(name)
    return wrong


def _place(name: str) -> str:
    return str(anchors.places(settings.current())[name])


def _follow(key: bytes, start: Anchor, anchored: set[int], *, whole: bool) -> _Read:
    found, book = _Read(), Book()

    def watched(rows: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        for row in rows:
            if row["number"] in anchored:
                found.at_anchors[row["number"]] = str(row["hash"])
            if whole:
                book.note(row)
            found.anchored |= row.get("action") == SEALED
            yield row

    with db.engine.connect() as connection:
        if not is_sqlite():
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        found.head = connection.execute(
            select(AuditHead.count.label("entries"), AuditHead.hash, AuditHead.mac).where(
                AuditHead.id == 1
            )
        ).one_or_none()
        if start.number:
            number = AuditEntry.number
            found.at_anchors[start.number] = str(
                connection.scalar(select(AuditEntry.hash).where(number == start.number))
            )
            begun = select(number).where(AuditEntry.action == SEALED).limit(1)
            found.anchored = connection.scalar(begun) is not None
        rows = watched(_rows(connection, start.number))
        found.count, found.last, found.broken_at = first_break(
            key, start.hash, rows, after=start.number
        )
        if whole and found.broken_at is None:
            found.rows = tuple(book.differences(connection, key))
        connection.rollback()
    return found


def _judge(key: bytes, found: _Read, known: _Anchors) -> TrailVerdict:
    count = found.count
    if found.broken_at is not None:
        sentence = _(
            "The chain breaks at entry %(number)s: it was changed, or an entry was put in or "
            "taken out there.",
            number=found.broken_at,
        )
        return TrailVerdict(count, found.broken_at, sentence)
    cut = _("The entries from %(number)s on were cut off.", number=count + 1)
    head = found.head
    if head is None:
        return TrailVerdict(count, None, _("The end of the chain was taken out."))
    fresh = head.entries == 0 and head.mac == "" and head.hash == START
    if not fresh and not _is_mac(key, head):
        return TrailVerdict(count, None, _("The end of the chain was changed."))
    if head.entries > count:
        return TrailVerdict(count, count + 1, cut)
    if head.entries < count or head.hash != found.last:
        first = min(head.entries + 1, count)
        added = _("The entries from %(number)s on were put in.", number=first)
        return TrailVerdict(head.entries, first, added)
    for anchor in sorted(known.held.values(), key=lambda one: -one.number):
        if anchor.number > count:
            return TrailVerdict(count, count + 1, cut)
        if anchor.number and found.at_anchors.get(anchor.number, anchor.hash) != anchor.hash:
            sentence = _("Entry %(number)s is not the same as before.", number=anchor.number)
            return TrailVerdict(count, anchor.number, sentence)
    return TrailVerdict(count)


def _is_mac(key: bytes, head: Any) -> bool:
    expected = head_mac(key, head.entries, head.hash)
    return hmac.compare_digest(str(head.mac).encode("utf-8", "replace"), expected.encode())


def _rows(connection: Connection, after: int) -> Iterator[Mapping[str, Any]]:
    """All entries behind `after` in order, as the database holds them; one that cannot be read ends
    the rest."""
    columns = [
        type_coerce(AuditEntry.at, NullType()).label("at")
        if name == "at"
        else getattr(AuditEntry, name)
        for name in (*FIELDS[FORM], "form", "hash")
    ]
    query = select(*columns).order_by(AuditEntry.number)
    last = after or None
    for at_once in (AT_ONCE, 1):
        part = query if last is None else query.where(AuditEntry.number > last)
        try:
            rows = connection.execution_options(yield_per=at_once).execute(part)
            for row in rows.mappings():
                last = row["number"]
                yield {**row, "at": moment(row["at"])}
            return
        except DBAPIError:
            continue
    yield {"number": (last or 0) + 1, "hash": "", "seals": None}
