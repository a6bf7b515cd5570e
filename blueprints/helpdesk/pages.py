"""What the page of a case shows."""

from typing import Any

from flask import Response, url_for

from blueprints.helpdesk.carrying import remedies_of
from blueprints.helpdesk.forms import AnswerForm, AssignForm, CommentForm
from blueprints.helpdesk.models import Case, number_of
from blueprints.helpdesk.queries import (
    agents,
    entries_of,
    name_of,
    others_looking,
    remedies_done,
    sees_all,
    watchers_of,
)
from blueprints.helpdesk.remedying import ShownProposal, may_decide, proposals_of
from blueprints.helpdesk.rules import UNSOLVED, CaseState
from blueprints.helpdesk.settings import HelpDeskSettings
from blueprints.helpdesk.topics import group_of
from blueprints.helpdesk.topics import name_of as topic_name
from blueprints.helpdesk.words import PROPOSALS, state_label, state_tone
from portal.access.scope import Scope
from portal.clock import now
from portal.db import session
from portal.i18n import _
from portal.places.models import Location
from portal.settings import of_module
from portal.web.late_forms import late_values
from portal.web.respond import respond


def case_page(
    scope: Scope,
    case: Case,
    *,
    form: CommentForm | None = None,
    status: int = 200,
    refusal: str = "",
    part: str = "",
    answer: int | None = None,
) -> Response:
    """The page of a case, with a form that was refused."""
    staff = sees_all(scope)
    entries = entries_of(scope, case)
    proposals = proposals_of(scope, case)
    if form is None:
        form = (AnswerForm if staff else CommentForm)(
            formdata=late_values(url_for("helpdesk.comment", case_id=case.id))
        )
    if staff and answer and not form.text.data:
        form.text.data = dict(enumerate(_prepared(), 1)).get(answer, ("", ""))[1]
    if isinstance(form, AnswerForm) and status != 409 and not form.seen.data:
        form.seen.data = str(entries[-1].entry.id if entries else 0)
    elif isinstance(form, AnswerForm) and status == 409:
        # The colleague's answer is on the page now: sent again, this one goes out.
        form.seen.data = str(entries[-1].entry.id if entries else 0)
    return respond(
        "helpdesk/case.html",
        status=status,
        case=case,
        staff=staff,
        entries=entries,
        files=[(said, *pair) for said in entries for pair in said.files],
        facts=_facts(case),
        label=state_label(case.state),
        tone=state_tone(case.state),
        form=form,
        refusal=refusal,
        part=part,
        may_comment=case.state != CaseState.CLOSED or staff,
        may_reopen=case.state == CaseState.RESOLVED
        or (staff and case.state == CaseState.CLOSED and case.merged_into_id is None),
        merged_into=number_of(case.merged_into_id) if case.merged_into_id else "",
        proposals=proposals,
        states=PROPOSALS,
        user=scope.user,
        may_decide=may_decide(scope, proposals),
        desk=_desk(scope, case, proposals) if staff else None,
    )


def _facts(case: Case) -> list[tuple[str, object]]:
    place = session().get(Location, case.location_id) if case.location_id else None
    group = group_of(case.topic)
    own = [
        (field.label, case.fields.get(field.key, "")) for field in (group.fields if group else ())
    ]
    return [
        (_("Topic"), topic_name(case.topic)),
        (_("Location"), f"{place.name}, {place.pin}" if place else ""),
        *own,
        (_("Requester"), case.requester_name),
    ]


def _desk(scope: Scope, case: Case, proposals: list[ShownProposal]) -> dict[str, Any]:
    """What staff alone see."""
    people = agents()
    form = AssignForm(formdata=None, data={"assignee": str(case.assigned_to_id or "")})
    form.assignee.choices = [
        ("", _("Nobody")),
        *((str(user.id), user.full_name) for user in people),
    ]
    watchers = watchers_of(case.id)
    done = remedies_done(case.id)
    moment = now()
    return {
        "assign": form,
        "assigned": name_of(case.assigned_to_id),
        "watchers": [user.full_name for user in watchers],
        "watches": any(user.id == scope.user.id for user in watchers),
        "others": others_looking(scope, case.id),
        "unsolved": case.state in UNSOLVED,
        "may_close": case.state != CaseState.CLOSED,
        "answer_late": case.first_answered_at is None and case.answer_due_at < moment,
        "solution_late": case.state in UNSOLVED
        and case.state != CaseState.WAITING
        and case.solution_due_at < moment,
        "remedies": [(each, each.name in done) for each in remedies_of(scope, case)],
        "waiting": {one.row.remedy for one in proposals if one.waits},
        "canned": _prepared(),
    }


def _prepared() -> list[tuple[str, str]]:
    return [_canned(line) for line in of_module(HelpDeskSettings).canned]


def _canned(line: str) -> tuple[str, str]:
    title, _colon, text = line.partition(":")
    return title.strip(), text.strip() or title.strip()
