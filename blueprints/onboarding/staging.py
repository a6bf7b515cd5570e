"""Rows that the sender of a file corrected in the portal: saved, and loaded once an agent accepts
them (SPEC H9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Select, func, select

from blueprints.helpdesk.models import Case
from blueprints.helpdesk.rules import CaseState
from blueprints.helpdesk.services import say
from blueprints.onboarding.kinds import RowResult
from blueprints.onboarding.models import OnboardingRow, OnboardingUpload
from blueprints.onboarding.queries import get_upload, is_requester
from blueprints.onboarding.services import (
    StillWrong,
    kind_of,
    lock_row,
    lock_upload,
    may_mend,
    take,
)
from portal.access.scope import Scope
from portal.audit.services import record
from portal.db import session
from portal.errors import Conflict, NotFound, PortalError
from portal.i18n import _, ngettext

# What one press of the button takes in, within one request.
MOST_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Staged:
    """How many rows of a file wait for an agent, and what tells whether they are still the same."""

    count: int
    seen: str


@dataclass(frozen=True, kw_only=True)
class CellChange:
    """A cell that its sender corrected."""

    label: str
    before: str
    now: str


def may_stage(scope: Scope, case: Case) -> bool:
    """Whether `scope` may save corrections for an agent: who sent the files of the case, and may
    not do by hand what they ask for."""
    return (
        case.state != CaseState.CLOSED and is_requester(scope, case) and not may_mend(scope, case)
    )


def staged_of(run_id: int) -> Staged:
    """What waits of an import."""
    rows = session().scalars(_waiting(run_id).limit(MOST_AT_ONCE)).all()
    count = len(rows)
    if count == MOST_AT_ONCE:
        query = select(func.count()).select_from(_waiting(run_id).subquery())
        count = session().scalar(query) or 0
    return Staged(count=count, seen=_sign_of(rows))


def _waiting(run_id: int) -> Select[OnboardingRow]:
    return (
        select(OnboardingRow)
        .where(
            OnboardingRow.run_id == run_id,
            OnboardingRow.state == "failed",
            OnboardingRow.staged.is_not(None),
        )
        .order_by(OnboardingRow.row)
    )


def _sign_of(rows: Sequence[OnboardingRow]) -> str:
    said = [(row.row, sorted((row.staged or {}).items())) for row in rows]
    return sha256(repr(said).encode()).hexdigest()[:32]


def changes_of(case: Case, row: OnboardingRow) -> list[CellChange]:
    """What the sender of a row corrected in it."""
    if row.staged is None:
        return []
    labels = {one.key: one.label for one in kind_of(case).columns}
    return [
        CellChange(label=labels[key], before=row.cells.get(key, ""), now=row.staged.get(key, ""))
        for key in labels
        if row.staged.get(key, "") != row.cells.get(key, "")
    ]


def stage(scope: Scope, upload_id: int, number: int, typed: Mapping[str, str]) -> OnboardingRow:
    """Save a failed row as its sender corrected it. Nothing is loaded; the case is the help desk's
    again.

    Raises `StillWrong` if what was typed cannot be read, and `Conflict` if the row has been loaded.
    """
    upload, case = get_upload(scope, upload_id)
    if not may_stage(scope, case):
        raise NotFound
    row = lock_row(scope, upload, number, "failed")
    wrong = kind_of(case).check(case, number, typed)
    if wrong:
        raise StillWrong(wrong)
    first = staged_of(upload.run_id).count == 0
    row.staged = dict(typed)
    session().flush()
    record(
        scope.user,
        "onboarding.row_staged",
        subject="onboarding_run",
        subject_id=upload.run_id,
        location_id=case.location_id,
        summary=upload.run.row_name(number),
    )
    if first:
        say(
            case.id,
            _(
                "Rows of “%(name)s” were corrected in the portal. They are loaded when the help "
                "desk processes them.",
                name=upload.run.file_name,
            ),
            state=CaseState.OPEN,
            by=scope.user,
        )
    return row


def process_staged(scope: Scope, upload_id: int, *, seen: str) -> tuple[OnboardingUpload, int]:
    """Load the rows that the sender of a file corrected, and tell in the case what became of them;
    returns how many were loaded. A row that is still wrong is the sender's again, with the reason.

    Raises `Conflict` if there are none, or others than the agent has `seen`.
    """
    scope.require("onboarding.process")
    upload, case = lock_upload(scope, upload_id)
    rows = list(
        session().scalars(
            _waiting(upload.run_id).limit(MOST_AT_ONCE).execution_options(populate_existing=True)
        )
    )
    if not rows or _sign_of(rows) != seen:
        raise Conflict(
            _("These rows have changed since you opened the page. Nothing was loaded. Look again.")
        )
    loaded = wrong = undecided = 0
    # Whoever moves keeps the access: first what is given, then what is taken away.
    for row in sorted(rows, key=_removes):
        result = _take_in(scope, upload, case, row)
        loaded += bool(result.record_id)
        wrong += bool(result.wrong)
        undecided += bool(result.alike)
    if wrong or undecided or staged_of(upload.run_id).count:
        _tell(upload, loaded, wrong, undecided)
    return upload, loaded


def _removes(row: OnboardingRow) -> tuple[bool, int]:
    action = (row.staged or {}).get("action", "")
    return action.strip().casefold() == "remove", row.row


def _take_in(scope: Scope, upload: OnboardingUpload, case: Case, row: OnboardingRow) -> RowResult:
    typed = dict(row.staged or {})
    try:
        with session().begin_nested():
            return take(scope, upload, case, row, typed)
    except StillWrong as refusal:
        wrong = refusal.wrong
    except PortalError as refusal:
        wrong = [(refusal.field or "", refusal.message)]
    row.cells, row.staged = typed, None
    row.wrong = [list(each) for each in wrong]
    session().flush()
    return RowResult(wrong=wrong)


def _tell(upload: OnboardingUpload, loaded: int, wrong: int, undecided: int) -> None:
    said = [
        ngettext(
            "%(num)s row of “%(name)s” that was corrected in the portal was loaded.",
            "%(num)s rows of “%(name)s” that were corrected in the portal were loaded.",
            loaded,
            name=upload.run.file_name,
        )
    ]
    if wrong:
        said.append(
            ngettext(
                "%(num)s row is still wrong. Open “Result” beside the attachment and correct it.",
                "%(num)s rows are still wrong. Open “Result” beside the attachment and correct "
                "them.",
                wrong,
            )
        )
    if undecided:
        said.append(
            ngettext(
                "%(num)s recipient may be registered already. The help desk decides.",
                "%(num)s recipients may be registered already. The help desk decides.",
                undecided,
            )
        )
    say(upload.case_id, " ".join(said), state=CaseState.WAITING if wrong else None)
