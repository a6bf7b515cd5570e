"""Saving, finishing and cancelling counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from blueprints.counts.models import StockCount
from blueprints.counts.queries import (
    Count,
    CountedLine,
    doubts,
    get_count,
    list_differing,
    list_entered,
    list_moved,
    list_numbered,
    records_of,
)
from blueprints.counts.rules import (
    OTHER,
    REASONS,
    CountState,
    EnteredLine,
    Problem,
    boxes_moved,
    mark_of,
    merged,
    problems,
)
from blueprints.inventory.counted import ensure_meant
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.ledger.documents import open_document
from blueprints.inventory.rules import DocumentKind, Kind
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.clock import now
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.formats.shown import moment_in
from portal.i18n import _


class Closed(Conflict):
    """The count was finished or cancelled before."""


class Overwriting(Conflict):
    """Something was changed both by the sender and by somebody else: `lines` as they are now, and
    the `note` if it was changed."""

    def __init__(self, lines: list[CountedLine], note: str | None) -> None:
        super().__init__(_("Someone else changed this count. Your changes aren't saved yet."))
        self.lines = lines
        self.note = note


class Incomplete(Invalid):
    """The count cannot be finished; `problems` say why, at least one."""

    def __init__(self, found: list[Problem]) -> None:
        super().__init__(_("The count is not complete yet."))
        self.problems = found


class StockMoved(Conflict):
    """Doses came or went, or boxes were moved, since the expected values were taken. Nothing was
    booked."""


# Save


@dataclass(frozen=True)
class SentCount:
    """A line as it was sent: what the page had shown, and what is in it now."""

    number: int
    was: EnteredLine
    typed: EnteredLine


def save(
    scope: Scope, count_id: int, lines: Iterable[SentCount], *, note: str, note_mark: str
) -> Count:
    """Keep what was typed, complete or not. Two may work on one count: only what the sender
    changed is written. `note_mark` is that of the note the sender was shown.

    Raises `Overwriting` for what somebody else changed, too, `Invalid` for a reason that is none,
    `Closed` for a count that is not open any more; nothing is kept then.
    """
    count = _lock_count(scope, count_id)
    sent = list(lines)
    held = {line.number: line for line in list_numbered(count, [one.number for one in sent])}
    changed, doubted = _changes(held, sent)
    was = count.row.note
    noted = mark_of(note) != note_mark and note != was
    if doubted or (noted and mark_of(was) != note_mark):
        raise Overwriting(doubted, was if noted and mark_of(was) != note_mark else None)
    before = {str(number): _in_words(held[number].entered) for number in changed}
    after = {str(number): _in_words(entered) for number, entered in changed.items()}
    for number, entered in changed.items():
        row = held[number].row
        row.counted_doses, row.reason = entered.counted, entered.reason
        row.not_counted = entered.not_counted
    if noted:
        before["note"], after["note"] = was, note
        count.row.note = note
    if after:
        count.row.version += 1
        session().flush()
        note_down(scope, "saved", count.row, after, before)
    return count


def _changes(
    held: dict[int, CountedLine], lines: Iterable[SentCount]
) -> tuple[dict[int, EnteredLine], list[CountedLine]]:
    """What the lines will hold that the sender changed, and the lines that others changed, too."""
    changed: dict[int, EnteredLine] = {}
    doubted: list[CountedLine] = []
    for sent in lines:
        line = held.get(sent.number)
        if line is None:
            continue
        if sent.typed.reason and sent.typed.reason not in REASONS:
            raise Invalid(_("Choose a reason from the list."), field=f"reason_{sent.number}")
        result = merged(sent.was, line.entered, sent.typed)
        if result is None:
            doubted.append(line)
        elif result != line.entered:
            changed[sent.number] = result
    return changed, doubted


def _in_words(entered: EnteredLine) -> str:
    counted = "" if entered.counted is None else str(entered.counted)
    return " ".join(filter(None, (counted, entered.reason, "-" if entered.not_counted else "")))


def _lock_count(scope: Scope, count_id: int) -> Count:
    """The count, with every other writer of it waiting. Raises `Closed` unless it is open."""
    scope.require("counts.handle")
    get_count(scope, count_id)
    session().execute(
        select(StockCount)
        .where(StockCount.id == count_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return ensure_open(scope, count_id)


def ensure_open(scope: Scope, count_id: int) -> Count:
    """The count. Raises `Closed` unless it is open."""
    count = get_count(scope, count_id)
    if not count.open:
        raise closed(scope, count)
    return count


def closed(scope: Scope, count: Count) -> Closed:
    """Who closed a count, how and when, as a refusal."""
    who = count.closed_by or _("Someone")
    when = moment_in(count.row.closed_at, scope.place.time_zone)
    if count.state is CountState.FINISHED:
        return Closed(_("%(who)s finished this count on %(when)s.", who=who, when=when))
    return Closed(_("%(who)s canceled this count on %(when)s.", who=who, when=when))


@dataclass(frozen=True)
class Renewed:
    """How many lines have a new expected value, and of how many others the box was moved."""

    doses: int
    boxes: int


def renew(scope: Scope, count_id: int) -> Renewed:
    """Take the new expected value and storage unit for lines whose stock moved; they must be
    counted again.

    Raises `Closed` for a count that is not open any more.
    """
    count = _lock_count(scope, count_id)
    moved = list_moved(count)
    doses = sum(line.moved for line in moved)
    before = _taken(moved)
    for line in moved:
        line.row.expected_doses, line.row.last_entry_id = line.available, line.newest
        line.row.storage_unit = line.record.storage_unit
        line.row.counted_doses, line.row.reason = None, ""
    if moved:
        count.row.version += 1
        session().flush()
        note_down(scope, "renewed", count.row, _taken(moved), before)
    return Renewed(doses, len(moved) - doses)


def _taken(lines: Iterable[CountedLine]) -> dict[str, str]:
    """What is expected in each line, and where, for the audit trail."""
    return {
        str(line.number): f"{line.row.expected_doses} {line.row.storage_unit}".strip()
        for line in lines
    }


# Finish and cancel


def ensure_complete(count: Count) -> None:
    """Raise `Incomplete` unless every line was counted, or is said not to be, and every difference
    has its reason."""
    found = list_problems(count)
    if found:
        raise Incomplete(found)


def list_problems(count: Count) -> list[Problem]:
    """What keeps a count from being finished, in the order of its lines. Nothing is asked of those
    that must be counted again."""
    again = {line.number for line in list_moved(count)}
    lines = [(number, entered) for number, entered in list_entered(count) if number not in again]
    found = problems(lines, count.row.note)
    # Those will be counted: the count is not without any.
    return [problem for problem in found if problem.name] if again else found


def finish(scope: Scope, count_id: int, *, seen: int, confirmed: bool = False) -> Count:
    """Book the differences, all or none, under one document: fewer doses as wastage, more as an
    adjustment. `seen` is the version of the count that the user was shown, `confirmed` that
    differences that are unusually large are meant.

    Raises `StockMoved` if doses of a counted line came or went since its expected value was taken,
    or the box of one that differs was moved out of the unit that is counted, `Conflict` if the
    count was changed since it was shown, `Invalid` with the field "confirmed" for a difference that
    was not confirmed, `Incomplete`, and `Closed`.
    """
    scope.require("counts.handle")
    _claim(scope, count_id, CountState.FINISHED)
    count = get_count(scope, count_id)
    if count.row.version != seen:
        raise Conflict(_("Someone else changed this count. Please check it again."))
    ledger.lock_records(records_of(count))
    ensure_unmoved(scope, count_id)
    ensure_complete(count)
    ensure_meant(doubts(scope, list_differing(count)), confirmed=confirmed)
    _book(scope, count)
    done = {"document": count.document, "differing": count.figures.differing}
    note_down(scope, "finished", count.row, done)
    return count


def ensure_unmoved(scope: Scope, count_id: int) -> None:
    """Raise `StockMoved` unless the records of the count are where they were. Only what is held
    stays so."""
    moved = list_moved(get_count(scope, count_id))
    if any(line.moved for line in moved):
        raise StockMoved(
            _(
                "Doses came in or went out during the count. Nothing was recorded. Refresh the "
                "expected numbers, then count these records again."
            )
        )
    if moved:
        raise StockMoved(boxes_moved([f"{line.number}. {line.record.name}" for line in moved]))


def _book(scope: Scope, count: Count) -> None:
    """One entry for every difference; no document if there is none."""
    differing = list_differing(count)
    if not differing:
        return
    day = scope.today()
    document = open_document(scope, DocumentKind.COUNT, happened_on=day, note=count.row.note)
    count.row.document_id = document.id
    for line in sorted(differing, key=lambda line: line.record.id):
        entered = line.entered
        kind = entered.kind
        assert kind is not None
        doses = abs(entered.difference)
        entry = ledger.post(
            scope.user,
            line.record.id,
            ledger.Movement(
                kind=kind,
                doses=doses,
                happened_on=day,
                reason=entered.reason,
                note=count.row.note if entered.reason == OTHER else "",
                document_id=document.id,
            ),
        )
        line.row.entry_id = entry.id
        audit(
            scope.user,
            f"inventory.{Kind(kind)}",
            subject="inventory",
            subject_id=line.record.id,
            location_id=line.record.location_id,
            summary=f"{line.record.name}: {doses}",
            after={"doses": doses, "reason": entered.reason, "document": count.document},
        )
    session().flush()


def cancel(scope: Scope, count_id: int) -> Count:
    """Give a count up; nothing is booked. Raises `Closed` for one that is not open any more."""
    scope.require("counts.handle")
    _claim(scope, count_id, CountState.CANCELLED)
    count = get_count(scope, count_id)
    note_down(scope, "cancelled", count.row, {"counted": count.figures.done})
    return count


def _claim(scope: Scope, count_id: int, state: CountState) -> None:
    """Close the count. Raises `Closed` if somebody else was first."""
    row = get_count(scope, count_id).row
    done = session().execute(
        update(StockCount)
        .where(StockCount.id == count_id, StockCount.state == CountState.OPEN)
        .values(state=state, closed_at=now(), closed_by_id=scope.user.id)
        .execution_options(synchronize_session=False)
    )
    session().refresh(row)
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise closed(scope, get_count(scope, count_id))


def note_down(
    scope: Scope,
    action: str,
    count: StockCount,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
) -> None:
    """Put `action` on a count into the audit trail."""
    audit(
        scope.user,
        f"count.{action}",
        subject="count",
        subject_id=count.id,
        location_id=count.location_id,
        summary=count.storage_unit,
        before=before,
        after=after,
    )
