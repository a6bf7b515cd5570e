"""Reading the audit trail: for programme administrators, over all locations."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, select

from portal.access.scope import Scope
from portal.audit.models import AuditEntry, AuditHead
from portal.clock import begin_of
from portal.db import session
from portal.errors import NotFound
from portal.searching.distinct import distinct_values
from portal.searching.newest import newest_first

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
    first, last, zone = wanted.first_day, wanted.last_day, wanted.zone
    since = begin_of(first, zone) if first else None
    until = begin_of(last + timedelta(days=1), zone) if last else None
    return _page(_fitting(wanted), below, since=since, until=until)


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


def _page(
    query: Select[AuditEntry],
    below: int | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> EntriesFound:
    query = newest_first(
        query, AuditEntry.at, AuditEntry.number, since=since, until=until, below=below
    )
    rows = list(session().scalars(query.limit(PAGE + 1)))
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
    return query
