"""What every change of a case goes through: its clocks, its entries, its files, the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from blueprints.helpdesk import hours, rules, telling
from blueprints.helpdesk.models import Case, CaseEntry, CaseFile
from blueprints.helpdesk.queries import number_of_files
from blueprints.helpdesk.rules import CaseState, EntryKind
from blueprints.helpdesk.settings import HelpDeskSettings
from portal import settings
from portal.access.scope import Actor
from portal.access.through import present
from portal.audit.services import record
from portal.clock import now
from portal.db import session
from portal.files.models import StoredFile
from portal.i18n import speaking
from portal.people.models import User
from portal.remedies import Said
from portal.settings import of_module


def due(start: datetime, open_hours: float) -> datetime:
    """The moment when so many hours of the help line have passed since `start`."""
    week = hours.read_week(of_module(HelpDeskSettings).hours)
    return hours.after_hours(start, open_hours, week=week, zone=settings.current().time_zone)


def put(case: Case, to: CaseState) -> None:
    """Put the case where it may go, and set its clocks. Raises `Conflict`."""
    rules.check_move(case.state, to)
    moment, before = now(), case.state
    if before == CaseState.WAITING and case.waiting_since is not None:
        left = hours.open_between(
            case.waiting_since,
            case.solution_due_at,
            week=hours.read_week(of_module(HelpDeskSettings).hours),
            zone=settings.current().time_zone,
        )
        case.solution_due_at = due(moment, left / timedelta(hours=1))
    if before in {CaseState.RESOLVED, CaseState.CLOSED} and to == CaseState.OPEN:
        case.resolved_at, case.solution_breach_at = None, None
        case.solution_due_at = due(moment, of_module(HelpDeskSettings).solution_hours)
    case.waiting_since = moment if to == CaseState.WAITING else None
    if to in {CaseState.RESOLVED, CaseState.CLOSED}:
        case.resolved_at = case.resolved_at or moment
    case.closed_at = moment if to == CaseState.CLOSED else None
    case.state = to


@dataclass(frozen=True)
class ByMail:
    """What came with words that were said by e-mail: its Message-ID, and what it repeated."""

    message_id: str
    quoted: str = ""


def add_entry(
    case: Case,
    kind: EntryKind,
    text: str,
    *,
    author: Actor | None,
    files: Sequence[StoredFile] = (),
    tell: bool = True,
    mail: ByMail | None = None,
) -> CaseEntry:
    """Add an entry to a case that is locked, and mail it to whom it concerns."""
    entry = CaseEntry(
        case_id=case.id,
        kind=kind,
        author_id=author.id if author else None,
        through=str(present()),
        text=text,
        quoted=mail.quoted if mail else "",
        mail_id=mail.message_id or None if mail else None,
    )
    session().add(entry)
    case.version += 1
    case.changed_at = now()
    session().flush()
    session().add_all(
        CaseFile(
            case_id=case.id,
            entry_id=entry.id,
            file_id=file.id,
            name=file.name,
            by_id=entry.author_id,
        )
        for file in files
    )
    session().flush()
    if tell:
        telling.tell_entry(case, entry)
    return entry


def add_event(case: Case, said: Said, *, author: Actor | None) -> CaseEntry:
    """Note what happened to a case that is locked, in the language of its requester, who reads
    it."""
    requester = session().get_one(User, case.requester_id)
    with speaking(requester.language):
        text = said()
    return add_entry(case, EntryKind.EVENT, text, author=author)


def check_files(files: Sequence[StoredFile], case: Case | None = None) -> None:
    """Raise `Invalid` on `files` for what is not taken, and for too many."""
    if not files:
        return
    rules.check_number_of_files(len(files), number_of_files(case.id) if case else 0)
    for file in files:
        rules.check_kind(file.content_type, file.name)


def note_change(
    actor: Actor | None,
    action: str,
    case: Case,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    record(
        actor,
        action,
        subject="case",
        subject_id=case.id,
        location_id=case.location_id,
        summary=case.number,
        before=before,
        after=after,
    )
