"""Opening cases, talking in them, moving them on. Whoever asks is the first argument."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import delete, select

from blueprints.helpdesk import rules, telling
from blueprints.helpdesk.entries import ByMail, add_entry, check_files, due, note_change, put
from blueprints.helpdesk.models import (
    Case,
    CaseEntry,
    CaseLook,
    CaseWatcher,
    CaseWord,
)
from blueprints.helpdesk.queries import (
    get_case,
    is_undecided,
    lock_any,
    lock_case,
    sees_all,
    usual_location,
)
from blueprints.helpdesk.rules import CaseState, EntryKind
from blueprints.helpdesk.settings import HelpDeskSettings
from blueprints.helpdesk.topics import Topic, find_topic
from portal.access.profiles import Profile
from portal.access.scope import Actor, Scope
from portal.clock import now
from portal.db import insert, lock, session
from portal.errors import Conflict, Invalid
from portal.files.models import StoredFile
from portal.i18n import _
from portal.people.models import User
from portal.places.models import Location
from portal.searching.text import words
from portal.settings import of_module

Carried = tuple[str, int]


def open_case(
    scope: Scope,
    *,
    topic: str,
    subject: str,
    description: str,
    location_id: int | None = None,
    fields: Mapping[str, str] | None = None,
    about: Carried | None = None,
    files: Sequence[StoredFile] = (),
) -> Case:
    """Open a case of the user who asks, and mail the number.

    `about` is the kind and id of the record that it carries; that the user may see it is the
    caller's business. Raises `Invalid` on the field at fault.
    """
    scope.require("helpdesk.ask")
    known = _topic(topic)
    subject = rules.clean_subject(subject)
    text = rules.clean_text(description, field="description")
    check_files(files)
    if known.needs_file and not files:
        raise Invalid(_("Attach the file that this request is about."), field="files")
    moment, clocks = now(), of_module(HelpDeskSettings)
    case = Case(
        topic=known.key,
        queue=known.queue,
        subject=subject,
        description=text,
        fields=dict(fields or {}),
        state=CaseState.NEW,
        requester_id=scope.user.id,
        requester_profile=scope.user.profile,
        requester_name=scope.user.full_name,
        location_id=_location(location_id) or usual_location(scope),
        about_kind=about[0] if about else None,
        about_id=about[1] if about else None,
        opened_at=moment,
        changed_at=moment,
        answer_due_at=due(moment, clocks.answer_hours),
        solution_due_at=due(moment, clocks.solution_hours),
        token=secrets.token_hex(16),
    )
    session().add(case)
    session().flush()
    found = {*words(subject), *words(scope.user.full_name), case.number.lower(), str(case.id)}
    session().add_all(CaseWord(word=word[:80], case_id=case.id) for word in sorted(found))
    add_entry(case, EntryKind.PUBLIC, text, author=scope.user, files=files, tell=False)
    note_change(scope.user, "case.opened", case)
    telling.tell_opened(case)
    return case


def _topic(key: str) -> Topic:
    found = find_topic(key)
    if found is None:
        raise Invalid(_("Choose a topic from the list."), field="topic")
    return found


def _location(location_id: int | None) -> int | None:
    if location_id is not None and session().get(Location, location_id) is None:
        raise Invalid(_("Choose a location from the list."), field="location")
    return location_id


def comment(
    scope: Scope,
    case_id: int,
    text: str,
    *,
    files: Sequence[StoredFile] = (),
    asks: bool = False,
    seen: int | None = None,
    mail: ByMail | None = None,
) -> CaseEntry:
    """Say something that everybody in the case sees; the other side is mailed.

    asks: an agent's question, the case waits for its requester then. seen: the newest entry that
    the agent has seen; raises `Conflict` if a colleague has answered since.
    """
    case = lock_case(scope, case_id)
    staff = sees_all(scope) and case.requester_id != scope.user.id
    rules.check_talking(case.state, staff=sees_all(scope))
    text = rules.clean_text(text, field="text")
    check_files(files, case)
    if staff:
        _check_unanswered(scope, case, seen)
        _note_answer(scope, case)
    after = rules.after_comment(case.state, staff=staff, asks=asks)
    if after != case.state:
        put(case, after)
    return add_entry(case, EntryKind.PUBLIC, text, author=scope.user, files=files, mail=mail)


def _check_unanswered(scope: Scope, case: Case, seen: int | None) -> None:
    if seen is None:
        return
    query = select(CaseEntry.id).where(
        CaseEntry.case_id == case.id,
        CaseEntry.id > seen,
        CaseEntry.kind == EntryKind.PUBLIC,
        CaseEntry.author_id.not_in({case.requester_id, scope.user.id}),
    )
    if session().scalar(query.limit(1)) is not None:
        raise Conflict(
            _(
                "A colleague has answered since you opened this page. Nothing was sent. Read the "
                "answer, then send yours again if it is still needed."
            )
        )


def _note_answer(scope: Scope, case: Case) -> None:
    """The first answer stops its clock; who answers a case of nobody's takes it."""
    case.first_answered_at = case.first_answered_at or now()
    if case.assigned_to_id is None:
        case.assigned_to_id = scope.user.id


def note(
    scope: Scope,
    case_id: int,
    text: str,
    *,
    files: Sequence[StoredFile] = (),
    mail: ByMail | None = None,
) -> CaseEntry:
    """Say something that staff alone see. Raises `Forbidden` for anybody else."""
    scope.require("helpdesk.work")
    case = lock_case(scope, case_id)
    text = rules.clean_text(text, field="text")
    check_files(files, case)
    return add_entry(case, EntryKind.INTERNAL, text, author=scope.user, files=files, mail=mail)


def attach(scope: Scope, case_id: int, files: Sequence[StoredFile]) -> CaseEntry:
    """Add files to the case, as a comment that names them."""
    if not files:
        raise Invalid(_("Choose a file."), field="files")
    names = ", ".join(file.name for file in files)
    return comment(scope, case_id, _("Attached: %(names)s", names=names), files=files)


def say(
    case_id: int,
    text: str,
    *,
    files: Sequence[StoredFile] = (),
    state: CaseState | None = None,
    by: Actor | None = None,
) -> CaseEntry:
    """Let the portal tell something in the case, with files that it made: an event that everybody
    sees and the requester is mailed. With `state` the case moves there, where it may. `by`: whose
    doing it was, who is not mailed."""
    case = lock_any(case_id)
    if state is not None and state in rules.MOVES[CaseState(case.state)]:
        put(case, state)
    return add_entry(case, EntryKind.EVENT, text, author=by, files=files)


def assign(scope: Scope, case_id: int, user_id: int | None) -> Case:
    """Give the case to a member of staff, or to nobody; staff alone see to whom."""
    scope.require("helpdesk.work")
    case = lock_case(scope, case_id)
    user = session().get(User, user_id) if user_id is not None else None
    if user_id is not None and (user is None or not user.active or not _works_here(user)):
        raise Invalid(_("Choose a user from the list."), field="assignee")
    if case.assigned_to_id == user_id:
        return case
    before, case.assigned_to_id = case.assigned_to_id, user_id
    if user is not None and case.state == CaseState.NEW:
        put(case, CaseState.OPEN)
    said = _("Assigned to %(name)s.", name=user.full_name) if user else _("Assigned to nobody.")
    add_entry(case, EntryKind.INTERNAL, said, author=scope.user)
    note_change(
        scope.user,
        "case.assigned",
        case,
        before={"assigned_to_id": before},
        after={"assigned_to_id": user_id},
    )
    return case


def _works_here(user: User) -> bool:
    return Profile(user.profile).is_staff


def watch(scope: Scope, case_id: int, *, on: bool) -> None:
    """Be told what happens in the case, or no longer."""
    scope.require("helpdesk.work")
    case = get_case(scope, case_id)
    if on:
        values = {"case_id": case.id, "user_id": scope.user.id}
        session().execute(insert(CaseWatcher).values(values).on_conflict_do_nothing())
    else:
        session().execute(
            delete(CaseWatcher).where(
                CaseWatcher.case_id == case.id, CaseWatcher.user_id == scope.user.id
            )
        )


def look(scope: Scope, case_id: int) -> None:
    """Note that an agent has the case open now."""
    scope.require("helpdesk.work")
    case = get_case(scope, case_id)
    values = {"case_id": case.id, "user_id": scope.user.id, "at": now()}
    session().execute(
        insert(CaseLook)
        .values(values)
        .on_conflict_do_update(index_elements=["case_id", "user_id"], set_={"at": values["at"]})
    )


def resolve(scope: Scope, case_id: int, notes: str) -> Case:
    """End the case with notes that its requester is mailed. Raises `Conflict` if it is over."""
    scope.require("helpdesk.work")
    case = lock_case(scope, case_id)
    text = rules.clean_text(notes, field="notes")
    rules.check_move(case.state, CaseState.RESOLVED)
    _note_answer(scope, case)
    put(case, CaseState.RESOLVED)
    case.resolution = text
    add_entry(case, EntryKind.PUBLIC, text, author=scope.user)
    note_change(scope.user, "case.resolved", case)
    return case


def move(scope: Scope, case_id: int, to: CaseState) -> Case:
    """Move the case on. Its requester may only open a resolved case again. Raises `Conflict` for a
    move that is not in the map, or of a case that was merged."""
    case = lock_case(scope, case_id)
    if not sees_all(scope) and (case.state, to) != (CaseState.RESOLVED, CaseState.OPEN):
        raise Conflict(_("Only a resolved case can be reopened. Nothing was changed."))
    rules.check_move(case.state, to)
    if to == CaseState.RESOLVED:
        raise Invalid(_("Please fill in this field."), field="notes")
    if case.merged_into_id is not None:
        raise Conflict(_("This case was merged into another one. Nothing was changed."))
    if to == CaseState.CLOSED:
        _ensure_decided(case)
    before = case.state
    put(case, to)
    add_entry(case, EntryKind.EVENT, _said(before, to), author=scope.user)
    note_change(scope.user, "case.moved", case, before={"state": before}, after={"state": to})
    return case


def _said(before: str, to: CaseState) -> str:
    if to == CaseState.CLOSED:
        return _("The case was closed.")
    if before in {CaseState.RESOLVED, CaseState.CLOSED}:
        return _("The case was opened again.")
    if to == CaseState.WAITING:
        return _("The help desk is waiting for an answer.")
    return _("The help desk is working on the case.")


def _ensure_decided(case: Case) -> None:
    """Raise `Conflict` while a proposal waits: nobody could confirm it in a closed case."""
    query = select(Case.id).where(Case.id == case.id, is_undecided())
    if session().scalar(query) is not None:
        raise Conflict(
            _(
                "A proposal in this case waits to be confirmed. Nothing was changed. Have it "
                "confirmed, refused, or withdrawn first, under Proposals on the page of the case."
            )
        )


def merge(scope: Scope, case_id: int, into_id: int) -> Case:
    """Close a case that says the same as another one of the same requester; returns the other."""
    scope.require("helpdesk.work")
    get_case(scope, case_id)
    get_case(scope, into_id)
    locked = {number: lock_any(number) for number in sorted({case_id, into_id})}
    case, into = locked[case_id], locked[into_id]
    rules.check_merge(
        same=case.id == into.id,
        requesters=(case.requester_id, into.requester_id),
        states=(case.state, into.state),
        merged=into.merged_into_id is not None,
    )
    _ensure_decided(case)
    put(case, CaseState.CLOSED)
    case.merged_into_id = into.id
    said = _("This case continues as %(number)s.", number=into.number)
    add_entry(case, EntryKind.EVENT, said, author=scope.user)
    said = _("%(number)s was merged into this case.", number=case.number)
    add_entry(into, EntryKind.EVENT, said, author=scope.user, tell=False)
    note_change(scope.user, "case.merged", case, after={"merged_into": into.number})
    return into


def close_old() -> str:
    """Close cases that were resolved some days ago (a job, within a unit of work of its own); says
    how many. Nobody is mailed: it was said when they were resolved. Where a proposal waits, the
    case is left."""
    limit = now() - timedelta(days=of_module(HelpDeskSettings).close_after_days)
    query = select(Case).where(
        Case.state == CaseState.RESOLVED, Case.resolved_at < limit, ~is_undecided()
    )
    lock(query.order_by(Case.id))
    count = 0
    for case in session().scalars(query.order_by(Case.id)):
        put(case, CaseState.CLOSED)
        add_entry(case, EntryKind.EVENT, _("The case was closed."), author=None, tell=False)
        count += 1
    return f"{count} cases"
