"""Reading the audit trail: for programme administrators, over all locations."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from portal.access.scope import Scope
from portal.audit.models import AuditEntry, AuditHead
from portal.db import session
from portal.errors import NotFound
from portal.searching.distinct import distinct_values

CAPABILITY = "audit.read"
PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to look for; None and empty mean any. Days are those of the time zone `zone`."""

    actor_id: int | None = None
    action: str = ""
    subject: str = ""
    subject_id: int | None = None
    location_id: int | None = None
    through: str = ""
    first_day: date | None = None
    last_day: date | None = None
    zone: str = "UTC"


@dataclass(frozen=True)
class EntriesFound:
    """A page of entries, newest first; `below` continues it, None at the end."""

    entries: list[AuditEntry]
    below: int | None


def find_entries(scope: Scope, wanted: Wanted, *, below: int | None = None) -> EntriesFound:
    """The 50 newest entries that fit, of those with numbers smaller than `below`."""
    scope.require(CAPABILITY)
    return _page(_fitting(wanted), below)


def history(
    _scope: Scope,
    subject: str,
    subject_id: int,
    *,
    actions: Collection[str],
    below: int | None = None,
) -> EntriesFound:
    """The newest entries about one record with these actions, for whoever may see the record: the
    caller has loaded it for this scope. At most `PAGE`, with numbers smaller than `below`."""
    query = _fitting(Wanted(subject=subject, subject_id=subject_id))
    return _page(query.where(AuditEntry.action.in_(actions)), below)


def get_entry(scope: Scope, number: int) -> AuditEntry:
    """One entry. Raises `NotFound`."""
    scope.require(CAPABILITY)
    entry = session().get(AuditEntry, number)
    if entry is None:
        raise NotFound
    return entry


def count_entries(scope: Scope) -> int:
    """How many entries the trail has, by the end of its chain."""
    scope.require(CAPABILITY)
    return session().scalar(select(AuditHead.count).where(AuditHead.id == 1)) or 0


def actions(scope: Scope) -> list[str]:
    """The actions that occur, in alphabetical order."""
    scope.require(CAPABILITY)
    return distinct_values(AuditEntry.action)


def subjects(scope: Scope) -> list[str]:
    """The kinds of records that occur, in alphabetical order."""
    scope.require(CAPABILITY)
    return distinct_values(AuditEntry.subject)


def _page(query: Select[AuditEntry], below: int | None) -> EntriesFound:
    if below is not None:
        query = query.where(AuditEntry.number < below)
    rows = list(session().scalars(query.order_by(AuditEntry.number.desc()).limit(PAGE + 1)))
    more = len(rows) > PAGE
    return EntriesFound(rows[:PAGE], rows[PAGE - 1].number if more else None)


def _fitting(wanted: Wanted) -> Select[AuditEntry]:
    query = select(AuditEntry)
    for column, value in (
        (AuditEntry.actor_id, wanted.actor_id),
        (AuditEntry.action, wanted.action or None),
        (AuditEntry.subject, wanted.subject or None),
        (AuditEntry.subject_id, wanted.subject_id),
        (AuditEntry.location_id, wanted.location_id),
        (AuditEntry.through, wanted.through or None),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.first_day is not None:
        query = query.where(AuditEntry.at >= _midnight(wanted.first_day, wanted.zone))
    if wanted.last_day is not None:
        after = wanted.last_day + timedelta(days=1)
        query = query.where(AuditEntry.at < _midnight(after, wanted.zone))
    return query


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone))
