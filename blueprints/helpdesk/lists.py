"""The list of the `Help Desk` tab, and everybody's own cases."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, false
from sqlalchemy.orm import InstrumentedAttribute

from blueprints.helpdesk.models import Case, CaseMail, number_of
from blueprints.helpdesk.queries import find_cases
from blueprints.helpdesk.rules import UNSOLVED, CaseState, MailOutcome
from blueprints.helpdesk.topics import name_of, queues
from blueprints.helpdesk.words import (
    OUTCOMES,
    STATES,
    outcome_label,
    outcome_tone,
    state_label,
    state_tone,
)
from portal.access.scope import Scope
from portal.i18n import Label, _l
from portal.listviews.definition import Clauses, Column, Filter, ListDefinition, Part
from portal.searching.among import one_of
from portal.searching.text import phrase_in, words

UNSOLVED_KEY = "unsolved"
MINE, NOBODY = "mine", "nobody"


def _state_clauses(_scope: Scope, key: str) -> Clauses:
    if key == UNSOLVED_KEY:
        return (Case.state.in_(UNSOLVED),)
    return (Case.state == key,) if key in set(CaseState) else (false(),)


def _states() -> Mapping[str, Label]:
    return {
        UNSOLVED_KEY: _l("Not resolved"),
        "": _l("All"),
        **{str(state): STATES[state] for state in CaseState},
    }


def _own_states() -> Mapping[str, Label]:
    return {"": _l("All"), **{str(state): STATES[state] for state in CaseState}}


def _queues() -> Mapping[str, Label]:
    return {"": _l("All"), **{queue: queue for queue in queues()}}


def _assigned(scope: Scope, key: str) -> Clauses:
    if key == MINE:
        return (Case.assigned_to_id == scope.user.id,)
    return (Case.assigned_to_id.is_(None),) if key == NOBODY else (false(),)


def _assignees() -> Mapping[str, Label]:
    return {"": _l("Anybody"), MINE: _l("Me"), NOBODY: _l("Nobody")}


def _parts(scope: Scope, values: Mapping[str, str]) -> Sequence[Part] | None:
    """The cases of each state apart: by queue, by whom they are assigned to, or all. What is
    searched for is few."""
    if "q" in values:
        return None
    state = values.get("state", "")
    states = UNSOLVED if state == UNSOLVED_KEY else [state] if state else list(CaseState)
    assigned = values.get("assigned", "")
    if not set(states) <= set(CaseState) or assigned not in {"", MINE, NOBODY}:
        return None
    others: dict[InstrumentedAttribute[Any], Any] = {}
    if queue := values.get("queue"):
        others[Case.queue] = queue
    if assigned:
        others[Case.assigned_to_id] = scope.user.id if assigned == MINE else None
    return [{Case.state: str(each), **others} for each in states]


def _searched(_scope: Scope, text: str) -> Clauses:
    """A status; each other word begins a word of the number, the subject or the requester's name.
    Of what is found too often, the newest cases are shown."""
    meant = {str(label): state for state, label in STATES.items()}
    phrase, rest = phrase_in(text, meant)
    clauses: list[ColumnElement[bool]] = [Case.state == meant[phrase]] if phrase else []
    if rest.strip():
        ids = find_cases(words(rest))
        clauses.append(one_of(Case.id, ids) if ids else false())
    return clauses


NUMBER = Column(
    key="number",
    label=_l("Case Number"),
    attribute=Case.id,
    kind="status",
    labels=number_of,
    sortable=False,
)
SUBJECT = Column(key="subject", label=_l("Subject"), attribute=Case.subject, sortable=False)
TOPIC = Column(
    key="topic",
    label=_l("Topic"),
    attribute=Case.topic,
    kind="status",
    labels=name_of,
    sortable=False,
)
STATUS = Column(
    key="status",
    label=_l("Status"),
    attribute=Case.state,
    kind="status",
    labels=state_label,
    tone=state_tone,
    sortable=False,
)
OPENED = Column(key="opened", label=_l("Opened"), attribute=Case.opened_at, kind="moment")

CASES = ListDefinition(
    name="cases",
    title=_l("Help Desk"),
    all_label=_l("All Cases"),
    model=Case,
    columns=(
        SUBJECT,
        NUMBER,
        STATUS,
        Column(key="queue", label=_l("Queue"), attribute=Case.queue, sortable=False),
        Column(
            key="requester",
            label=_l("Requester"),
            attribute=Case.requester_name,
            sortable=False,
        ),
        OPENED,
    ),
    default_sort="-opened",
    endpoint="helpdesk.index",
    record_endpoint="helpdesk.case",
    capability="helpdesk.work",
    scope_column=None,
    private=True,
    brief=("number", "status", "opened"),
    filters=(
        Filter(key="q", label=_l("Search Cases"), where=_searched, private=True),
        Filter(
            key="state",
            label=_l("Status"),
            where=_state_clauses,
            kind="choice",
            choices=_states,
            usual=lambda _scope: UNSOLVED_KEY,
        ),
        Filter(
            key="queue",
            label=_l("Queue"),
            where=lambda _scope, queue: (Case.queue == queue,),
            kind="choice",
            choices=_queues,
        ),
        Filter(
            key="assigned",
            label=_l("Assigned To"),
            where=_assigned,
            kind="choice",
            choices=_assignees,
        ),
    ),
    parts=_parts,
    empty_title=_l("No cases here"),
    empty_text=_l("Change the filters to see others."),
)

OWN_CASES = ListDefinition(
    name="own_cases",
    title=_l("My Cases"),
    all_label=_l("All My Cases"),
    model=Case,
    columns=(SUBJECT, NUMBER, STATUS, TOPIC, OPENED),
    default_sort="-opened",
    endpoint="helpdesk.own",
    record_endpoint="helpdesk.case",
    capability="helpdesk.ask",
    scope_column=None,
    private=True,
    brief=("number", "status"),
    where=lambda scope: (Case.requester_id == scope.user.id,),
    filters=(
        Filter(
            key="state",
            label=_l("Status"),
            where=_state_clauses,
            kind="choice",
            choices=_own_states,
        ),
    ),
    empty_title=_l("You have no cases yet"),
    empty_text=_l("Get Help is where you ask the help desk."),
)


def _mail_clauses(_scope: Scope, key: str) -> Clauses:
    if key == UNSOLVED_KEY:
        return (
            CaseMail.outcome.in_((MailOutcome.UNMATCHED, MailOutcome.ASIDE)),
            CaseMail.settled_at.is_(None),
        )
    return (CaseMail.outcome == key,) if key in set(MailOutcome) else (false(),)


def _outcomes() -> Mapping[str, Label]:
    return {
        UNSOLVED_KEY: _l("Not settled"),
        "": _l("All"),
        **{str(outcome): OUTCOMES[outcome] for outcome in MailOutcome},
    }


MAILS = ListDefinition(
    name="case_mails",
    title=_l("E-mails"),
    all_label=_l("All E-mails"),
    model=CaseMail,
    columns=(
        Column(
            key="subject",
            label=_l("Subject"),
            attribute=CaseMail.subject,
            kind="status",
            labels=lambda subject: subject or _l("No subject"),
            sortable=False,
        ),
        Column(key="sender", label=_l("From"), attribute=CaseMail.sender, sortable=False),
        Column(
            key="outcome",
            label=_l("Status"),
            attribute=CaseMail.outcome,
            kind="status",
            labels=outcome_label,
            tone=outcome_tone,
            sortable=False,
        ),
        Column(key="at", label=_l("Arrived"), attribute=CaseMail.at, kind="moment"),
    ),
    default_sort="-at",
    endpoint="helpdesk.mails",
    record_endpoint="helpdesk.mail",
    capability="helpdesk.work",
    scope_column=None,
    private=True,
    brief=("outcome", "at"),
    filters=(
        Filter(
            key="outcome",
            label=_l("Status"),
            where=_mail_clauses,
            kind="choice",
            choices=_outcomes,
            usual=lambda _scope: UNSOLVED_KEY,
        ),
    ),
    empty_title=_l("No e-mails here"),
    empty_text=_l("E-mails that belong to no case are listed here."),
)
