"""Reading cases: whose they are decides who sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from blueprints.helpdesk.models import (
    Case,
    CaseEntry,
    CaseFile,
    CaseLook,
    CaseMail,
    CaseProposal,
    CaseRemedy,
    CaseWatcher,
    CaseWord,
    Requester,
)
from blueprints.helpdesk.rules import UNSOLVED, CaseState, EntryKind, MailOutcome
from portal.access.profiles import STAFF
from portal.access.scope import Scope
from portal.clock import now
from portal.db import session
from portal.errors import NotFound
from portal.files.models import StoredFile
from portal.people.models import User
from portal.people.queries import registered
from portal.places.models import Location
from portal.searching.among import one_of_those

LOOKS_LAST = timedelta(seconds=75)
MOST_FOUND = 200
LOOKED_THROUGH = 1_000


def sees_all(scope: Scope) -> bool:
    """Whether `scope` works at the help desk: all cases, and internal notes."""
    return scope.can("helpdesk.work")


def get_case(scope: Scope, case_id: int) -> Case:
    """The case, if it is one's own, or for staff. Raises `NotFound`."""
    scope.require("helpdesk.ask")
    found = session().get(Case, case_id)
    if found is None or not (sees_all(scope) or found.requester_id == scope.user.id):
        raise NotFound
    return found


def lock_case(scope: Scope, case_id: int) -> Case:
    """Like `get_case`, locked against other changes until the unit ends."""
    get_case(scope, case_id)
    return lock_any(case_id)


def lock_any(case_id: int) -> Case:
    """The case, locked, whoever asks. Raises `NotFound`."""
    query = select(Case).where(Case.id == case_id).with_for_update()
    found = session().scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True)
class Said:
    """An entry with its author's name and its files."""

    entry: CaseEntry
    author: str
    files: tuple[tuple[CaseFile, StoredFile], ...]


def entries_of(scope: Scope, case: Case) -> list[Said]:
    """What was said in the case, oldest first, as far as `scope` may see it."""
    query = (
        select(CaseEntry, User.first_name, User.last_name)
        .outerjoin(User, User.id == CaseEntry.author_id)
        .where(CaseEntry.case_id == case.id)
        .order_by(CaseEntry.id)
    )
    if not sees_all(scope):
        query = query.where(CaseEntry.kind != EntryKind.INTERNAL)
    files: dict[int, list[tuple[CaseFile, StoredFile]]] = {}
    for file, stored in session().execute(
        select(CaseFile, StoredFile)
        .join(StoredFile, StoredFile.id == CaseFile.file_id)
        .where(CaseFile.case_id == case.id)
        .order_by(CaseFile.id)
    ):
        files.setdefault(file.entry_id, []).append((file, stored))
    return [
        Said(entry, f"{first} {last}" if first else "", tuple(files.get(entry.id, ())))
        for entry, first, last in session().execute(query)
    ]


def get_file(scope: Scope, case_id: int, file_id: int) -> tuple[CaseFile, StoredFile]:
    """A file of the case, and where it is stored. Raises `NotFound`, also for one that hangs on a
    note which `scope` does not see."""
    get_case(scope, case_id)
    query = (
        select(CaseFile, StoredFile, CaseEntry.kind)
        .join(StoredFile, StoredFile.id == CaseFile.file_id)
        .join(CaseEntry, CaseEntry.id == CaseFile.entry_id)
        .where(CaseFile.id == file_id, CaseFile.case_id == case_id)
    )
    found = session().execute(query).one_or_none()
    if found is None or (found[2] == EntryKind.INTERNAL and not sees_all(scope)):
        raise NotFound
    return found[0], found[1]


def number_of_files(case_id: int) -> int:
    """How many files the case has."""
    query = select(func.count()).select_from(CaseFile).where(CaseFile.case_id == case_id)
    return session().scalar(query) or 0


def agents() -> list[User]:
    """The users who work at the help desk, by name."""
    return list(
        session().scalars(
            select(User)
            .where(User.profile.in_([str(profile) for profile in STAFF]), User.active, registered())
            .order_by(User.last_name, User.first_name, User.id)
        )
    )


def watchers_of(case_id: int) -> list[User]:
    """The staff who watch a case."""
    return list(
        session().scalars(
            select(User)
            .join(CaseWatcher, CaseWatcher.user_id == User.id)
            .where(CaseWatcher.case_id == case_id, User.active)
            .order_by(User.last_name, User.id)
        )
    )


def others_looking(scope: Scope, case_id: int) -> list[str]:
    """The names of other agents who have the case open."""
    rows = session().execute(
        select(User.first_name, User.last_name)
        .join(CaseLook, CaseLook.user_id == User.id)
        .where(
            CaseLook.case_id == case_id,
            CaseLook.user_id != scope.user.id,
            CaseLook.at > now() - LOOKS_LAST,
        )
        .order_by(User.last_name, User.id)
    )
    return [f"{first} {last}" for first, last in rows]


def remedies_done(case_id: int) -> frozenset[str]:
    """The names of the remedies that were carried out from the case."""
    query = select(CaseRemedy.name).where(CaseRemedy.case_id == case_id)
    return frozenset(session().scalars(query))


def cases_about(scope: Scope, kind: str, record_id: int) -> Sequence[Case]:
    """The cases that carry a record, newest first, as far as `scope` may see them."""
    query = select(Case).where(Case.about_kind == kind, Case.about_id == record_id)
    if not sees_all(scope):
        query = query.where(Case.requester_id == scope.user.id)
    return session().scalars(query.order_by(Case.id.desc())).all()


@dataclass(frozen=True)
class WaitingCases:
    """How many cases are not resolved: all, those nobody has looked at, one's own, and those whose
    time for an answer or a solution is over."""

    unsolved: int
    new: int
    mine: int
    late: int


def count_waiting(scope: Scope) -> WaitingCases:
    """What waits at the help desk, for those who work there; by one statement."""
    scope.require("helpdesk.work")
    moment = now()
    late = or_(
        and_(Case.first_answered_at.is_(None), Case.answer_due_at < moment),
        and_(Case.state != CaseState.WAITING, Case.solution_due_at < moment),
    )
    query = select(
        func.count(),
        func.count().filter(Case.state == CaseState.NEW),
        func.count().filter(Case.assigned_to_id == scope.user.id),
        func.count().filter(late),
    ).where(Case.state.in_(UNSOLVED))
    return WaitingCases(*session().execute(query).one())


def count_unmatched(scope: Scope) -> int:
    """How many e-mails that belong to no case, or could not be read, wait for somebody."""
    scope.require("helpdesk.work")
    waiting = CaseMail.outcome.in_((MailOutcome.UNMATCHED, MailOutcome.ASIDE))
    query = select(func.count()).where(waiting, CaseMail.settled_at.is_(None))
    return session().scalar(query) or 0


def list_to_decide(scope: Scope, *, most: int) -> Sequence[CaseProposal]:
    """Proposals that `scope` may confirm or refuse, oldest first: somebody else's, and for managers
    those about a record of their location. Those that can no longer be carried out are not shown.
    """
    scope.require("helpdesk.decide")
    query = (
        select(CaseProposal)
        .join(Case, Case.id == CaseProposal.case_id)
        .where(
            waits_for_decision(),
            CaseProposal.proposed_by_id != scope.user.id,
            Case.state != CaseState.CLOSED,
        )
    )
    if not sees_all(scope):
        query = query.where(CaseProposal.location_id == scope.location_id)
    return session().scalars(query.order_by(CaseProposal.id).limit(most)).all()


def waits_for_decision() -> ColumnElement[bool]:
    """Whether a proposal waits, and what it proposes was not done from its case meanwhile."""
    done = exists().where(
        CaseRemedy.case_id == CaseProposal.case_id, CaseRemedy.name == CaseProposal.remedy
    )
    return and_(CaseProposal.state == "waiting", ~done)


def is_undecided() -> ColumnElement[bool]:
    """Whether a proposal of a case waits."""
    return exists().where(CaseProposal.case_id == Case.id, waits_for_decision())


def breached(clock: str, moment: datetime, *, most: int) -> list[Case]:
    """Cases whose time for the first answer (`answer`) or the solution is over at `moment`, and of
    which nobody was told yet. While a case waits for its requester its solution's clock stands."""
    if clock == "answer":
        where = (
            Case.first_answered_at.is_(None),
            Case.answer_breach_at.is_(None),
            Case.answer_due_at < moment,
            Case.state.in_(UNSOLVED),
        )
    else:
        where = (
            Case.resolved_at.is_(None),
            Case.solution_breach_at.is_(None),
            Case.solution_due_at < moment,
            Case.state.in_((CaseState.NEW, CaseState.OPEN)),
        )
    return list(session().scalars(select(Case).where(*where).order_by(Case.id).limit(most)))


def find_cases(sought: Sequence[str]) -> list[int]:
    """The ids of cases with a word that begins with each of these, at most 200: of what is found
    more often, newer ones.

    A word that few cases have is looked for first, and the others among those. Where all words are
    frequent, the newest 1,000 cases of the first are looked through.
    """
    if not sought:
        return []
    newest = {word: _newest(word) for word in sought}
    first = min(sought, key=lambda word: len(newest[word].cases))
    others = [word for word in dict.fromkeys(sought) if word != first]
    found = newest[first].cases
    if not others:
        return found[:MOST_FOUND]
    values: dict[str, Any] = {"most": MOST_FOUND}
    for place, word in enumerate(others):
        values |= _begun(word, str(place))
    if len(found) <= MOST_FOUND:
        return _ids(_holding("these", len(others)), {**values, "cases": found})
    kind: Among = "whole" if newest[first].whole else "begun"
    return _ids(_holding(kind, len(others)), {**values, **_begun(first)})


Among = Literal["these", "whole", "begun"]


@dataclass(frozen=True)
class _Newest:
    """The newest cases with a word, and whether any has just that word."""

    cases: list[int]
    whole: bool


def _newest(word: str) -> _Newest:
    """The newest cases with the word, at most one more than are shown: the whole word if that is
    frequent, otherwise all words that begin so, as far as a bounded look at the index goes."""
    most = MOST_FOUND + 1
    whole = _ids(WITH_WORD, {"word": word, "most": most})
    if len(whole) == most:
        return _Newest(whole, whole=True)
    looked = {**_begun(word), "most": most, "looked_through": LOOKED_THROUGH + 1}
    begun = session().execute(NEWEST_WITH_BEGINNING, looked).all()
    if not begun or begun[0].looked_through <= LOOKED_THROUGH:
        return _Newest([row.case_id for row in begun], whole=bool(whole))
    # From the end of the index: of its last word the newest.
    found = {*whole, *_ids(LAST_WITH_BEGINNING, {**_begun(word), "most": most})}
    return _Newest(sorted(found, reverse=True)[:most], whole=bool(whole))


@lru_cache(maxsize=32)
def _holding(among: Among, others: int) -> Select[Any]:
    """The newest of the cases `among` which the first word was found that have the others, too."""
    if among == "these":
        query: Select[Any] = select(Case.id.label("case_id")).where(one_of_those(Case.id, "cases"))
    else:
        where = (_IS_WORD,) if among == "whole" else _begins(CaseWord.word)
        query = select(CaseWord.case_id.label("case_id")).where(*where).order_by(*_BACKWARDS)
        query = query.limit(LOOKED_THROUGH)
    found = query.subquery()
    word = aliased(CaseWord)
    # As a value of each case: for EXISTS, PostgreSQL reads all cases with the other word first.
    has = [
        select(word.case_id)
        .where(word.case_id == found.c.case_id, *_begins(word.word, str(place)))
        .limit(1)
        .scalar_subquery()
        .is_not(None)
        for place in range(others)
    ]
    return select(found.c.case_id).where(*has).order_by(found.c.case_id.desc()).limit(_MOST)


def _begins(column: Any, name: str = "") -> tuple[ColumnElement[bool], ...]:
    """That the column begins with a word; `_begun` has the values."""
    return column >= bindparam(f"word{name}"), column < bindparam(f"end{name}")


def _begun(word: str, name: str = "") -> dict[str, str]:
    return {f"word{name}": word, f"end{name}": word + "\U0010ffff"}


def _ids(query: Select[Any], values: Mapping[str, Any]) -> list[int]:
    return list(session().scalars(query, values).all())


# A search asks for several words, each time the same.
_WORDS: Any = CaseWord.__table__
_MOST = bindparam("most", type_=Integer())
_IS_WORD = _WORDS.c.word == bindparam("word")
_BACKWARDS = (_WORDS.c.word.desc(), _WORDS.c.case_id.desc())
WITH_WORD = select(_WORDS.c.case_id).where(_IS_WORD).order_by(*_BACKWARDS).limit(_MOST)
_BEGUN = select(_WORDS.c.case_id).where(*_begins(_WORDS.c.word))
LAST_WITH_BEGINNING = _BEGUN.order_by(*_BACKWARDS).limit(_MOST)
# With the number of index entries that were looked at: of too many, others are the newest.
_LOOKED_AT = _BEGUN.limit(bindparam("looked_through", type_=Integer())).cte("looked_at")
_HOW_MANY = select(func.count()).select_from(_LOOKED_AT).scalar_subquery()
NEWEST_WITH_BEGINNING = (
    select(_LOOKED_AT.c.case_id, _HOW_MANY.label("looked_through"))
    .group_by(_LOOKED_AT.c.case_id)
    .order_by(_LOOKED_AT.c.case_id.desc())
    .limit(_MOST)
)


def usual_location(scope: Scope) -> int | None:
    """The location that a new case is about if nothing else is said: where one works now, or the
    one whose PIN one registered with."""
    if scope.location is not None:
        return scope.location.id
    query = select(Requester.location_id).where(Requester.user_id == scope.user.id)
    return session().scalar(query)


def location_with_pin(pin: str) -> Location | None:
    """The location with this Provider PIN."""
    return session().scalar(select(Location).where(Location.pin == pin))


def name_of(user_id: int | None) -> str:
    """The name of a user; empty for none."""
    user = session().get(User, user_id) if user_id is not None else None
    return user.full_name if user else ""
