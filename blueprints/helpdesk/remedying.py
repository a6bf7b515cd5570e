"""Carrying out remedies. Where a second person has to confirm one, the first proposes it, another
one decides, and nothing changes before (SPEC H8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from blueprints.helpdesk import carrying, telling
from blueprints.helpdesk.entries import add_event, note_change, put
from blueprints.helpdesk.models import Case, CaseProposal
from blueprints.helpdesk.queries import get_case, lock_any, lock_case, name_of, sees_all
from blueprints.helpdesk.rules import CaseState
from portal.access.scope import Scope
from portal.clock import now
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound
from portal.i18n import _
from portal.remedies import Remedy, RemedyPlan

WAITING, CONFIRMED, REFUSED, WITHDRAWN = "waiting", "confirmed", "refused", "withdrawn"
LONGEST_REASON = 200


@dataclass(frozen=True)
class ShownProposal:
    """A proposal of a case, as pages show it; `label` names the remedy, `said` says what would
    happen. `stale`: the record has been changed since."""

    row: CaseProposal
    proposed_by: str
    decided_by: str
    label: str = ""
    stale: bool = False

    @property
    def waits(self) -> bool:
        """Whether nobody has decided."""
        return self.row.state == WAITING


def carry_out(
    scope: Scope, case_id: int, name: str, reason: str, answers: Mapping[str, str] | None = None
) -> str:
    """Do it once, note it on the case and in the audit trail, and tell the requester; returns what
    was done, in plain words. What a second person has to confirm is proposed, and nothing else
    happens. `answers` are those of the remedy's form. Raises `Conflict` if it was done before, or
    cannot be done."""
    scope.require("helpdesk.work")
    case = lock_case(scope, case_id)
    carrying.ensure_open(case, name)
    _case, remedy = carrying.find_remedy(scope, case_id, name)
    if remedy.why_not:
        raise Conflict(remedy.why_not)
    if remedy.plan is None:
        assert remedy.perform is not None
        said = remedy.perform(reason)
    else:
        plan = remedy.plan(answers or {})
        if plan.second is not None:
            return propose(scope, case, remedy, plan, reason, answers or {})
        said = plan.perform(reason, None)
    return carrying.note_done(scope, case, name, said)


def propose(
    scope: Scope,
    case: Case,
    remedy: Remedy,
    plan: RemedyPlan,
    reason: str,
    answers: Mapping[str, str],
) -> str:
    """Propose a remedy of a case that is locked; says what will happen now. Raises `Conflict` if
    one like it waits."""
    if not reason.strip():
        raise Invalid(_("Please fill in this field."), field="reason")
    if waiting_of(case.id, remedy.name) is not None:
        raise Conflict(
            _("This was proposed already, and waits to be confirmed. Nothing was changed.")
        )
    row = CaseProposal(
        case_id=case.id,
        remedy=remedy.name,
        location_id=remedy.location_id,
        answers=dict(answers),
        based_on=plan.based_on,
        said=plan.said(),
        reason=reason.strip(),
        proposed_by_id=scope.user.id,
    )
    session().add(row)
    session().flush()
    if case.state == CaseState.NEW:
        put(case, CaseState.OPEN)

    def said() -> str:
        why = plan.second() if plan.second else ""
        return _(
            "Proposed: %(what)s Reason: %(reason)s. %(why)s Somebody else has to confirm it; "
            "nothing has changed yet.",
            what=plan.said(),
            reason=row.reason,
            why=why,
        )

    add_event(case, said, author=scope.user)
    telling.tell_deciders(case, row)
    _note(scope, "case.remedy_proposed", case, row)
    return _("This was proposed. Somebody else has to confirm it; nothing has changed yet.")


def confirm(scope: Scope, proposal_id: int) -> str:
    """Carry out what somebody else proposed; returns what was done. Raises `Conflict` if it is out
    of date, was decided on, or is one's own."""
    case, row = _lock(scope, proposal_id)
    _ensure_another(scope, row)
    carrying.ensure_open(case, row.remedy)
    remedy = carrying.remedy_named(scope, case, row.remedy)
    if remedy is None or remedy.plan is None:
        raise Conflict(_("This cannot be done for this case. Nothing was changed."))
    try:
        plan = remedy.plan(row.answers)
    except Invalid as refusal:
        raise Conflict(_stale()) from refusal
    if plan.based_on != row.based_on:
        raise Conflict(_stale())
    said = plan.perform(row.reason, row.proposed_by_id)
    _decide(scope, case, row, CONFIRMED)
    _note(scope, "case.remedy_confirmed", case, row)
    return carrying.note_done(scope, case, row.remedy, said)


def refuse(scope: Scope, proposal_id: int, why: str) -> None:
    """Say no to what somebody else proposed, and why. Raises `Conflict` if it was decided on, or is
    one's own."""
    case, row = _lock(scope, proposal_id)
    _ensure_another(scope, row)
    if not why.strip():
        raise Invalid(_("Please fill in this field."), field="reason")
    _decide(scope, case, row, REFUSED, why.strip())
    add_event(
        case,
        lambda: _(
            "The proposal was refused: %(reason)s. Nothing was changed.", reason=row.decision
        ),
        author=scope.user,
    )
    _note(scope, "case.remedy_refused", case, row)


def withdraw(scope: Scope, proposal_id: int) -> None:
    """Take back what one proposed oneself. Raises `Conflict` if it was decided on, or is somebody
    else's."""
    case, row = _lock(scope, proposal_id)
    if row.proposed_by_id != scope.user.id:
        raise Conflict(_("Only who proposed it withdraws it. Refuse it instead."))
    _decide(scope, case, row, WITHDRAWN)
    add_event(
        case, lambda: _("The proposal was withdrawn. Nothing was changed."), author=scope.user
    )
    _note(scope, "case.remedy_withdrawn", case, row)


def get_proposal(scope: Scope, proposal_id: int) -> CaseProposal:
    """A proposal, for staff and the managers of its location. Raises `NotFound`."""
    scope.require("helpdesk.decide")
    found = session().get(CaseProposal, proposal_id)
    if found is None:
        raise NotFound
    if not sees_all(scope):
        scope.require_location(found.location_id)
    return found


def proposals_of(scope: Scope, case: Case) -> list[ShownProposal]:
    """The proposals of a case, oldest first, for whoever sees it."""
    get_case(scope, case.id)
    query = select(CaseProposal).where(CaseProposal.case_id == case.id).order_by(CaseProposal.id)
    return [shown(scope, case, row) for row in session().scalars(query)]


def shown(scope: Scope, case: Case, row: CaseProposal) -> ShownProposal:
    """A proposal as pages show it."""
    remedy = carrying.remedy_named(scope, case, row.remedy) if row.state == WAITING else None
    return ShownProposal(
        row,
        name_of(row.proposed_by_id),
        name_of(row.decided_by_id),
        label=remedy.label if remedy else "",
        stale=remedy is not None and remedy.based_on != row.based_on,
    )


def may_decide(scope: Scope, proposals: Sequence[ShownProposal]) -> bool:
    """Whether `scope` may decide on the proposals of a case, or would but for having made them."""
    if not scope.can("helpdesk.decide"):
        return False
    here = scope.location.id if scope.location else None
    return sees_all(scope) or any(one.row.location_id == here for one in proposals)


def waiting_of(case_id: int, name: str) -> CaseProposal | None:
    """What waits to be confirmed of a remedy of a case."""
    return session().scalar(
        select(CaseProposal).where(
            CaseProposal.case_id == case_id,
            CaseProposal.remedy == name,
            CaseProposal.state == WAITING,
        )
    )


def _lock(scope: Scope, proposal_id: int) -> tuple[Case, CaseProposal]:
    """The proposal and its case, locked. Raises `NotFound`, and `Conflict` if it was decided on."""
    case = lock_any(get_proposal(scope, proposal_id).case_id)
    row = session().get(CaseProposal, proposal_id, populate_existing=True)
    assert row is not None
    if row.state != WAITING:
        raise Conflict(
            {
                CONFIRMED: _("This was confirmed already. Nothing more was changed."),
                REFUSED: _("This was refused already. Nothing was changed."),
                WITHDRAWN: _("This was withdrawn. Nothing was changed."),
            }[row.state]
        )
    return case, row


def _ensure_another(scope: Scope, row: CaseProposal) -> None:
    if row.proposed_by_id == scope.user.id:
        raise Conflict(_("You proposed this yourself. Somebody else has to decide on it."))


def _stale() -> str:
    return _(
        "The record was changed after this was proposed. Nothing was changed. Look at the record, "
        "and propose it again if it is still wrong."
    )


def _decide(scope: Scope, case: Case, row: CaseProposal, state: str, why: str = "") -> None:
    row.state, row.decision = state, why
    row.decided_at, row.decided_by_id = now(), scope.user.id
    session().flush()
    waits = select(CaseProposal.id).where(
        CaseProposal.case_id == case.id, CaseProposal.state == WAITING
    )
    if session().scalar(waits.limit(1)) is None:
        telling.drop_waiting(case)


def _note(scope: Scope, action: str, case: Case, row: CaseProposal) -> None:
    note_change(
        scope.user,
        action,
        case,
        after={
            "remedy": row.remedy,
            "record": f"{case.about_kind}:{case.about_id}",
            "proposal": row.id,
        },
    )
