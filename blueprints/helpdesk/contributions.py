"""What the help desk shows on other pages."""

from typing import Any

from flask import url_for

from blueprints.helpdesk.carrying import read_carried
from blueprints.helpdesk.lists import MINE, UNSOLVED_KEY
from blueprints.helpdesk.models import number_of
from blueprints.helpdesk.queries import (
    cases_about,
    count_unmatched,
    count_waiting,
    list_to_decide,
    sees_all,
)
from blueprints.helpdesk.rules import CaseState
from blueprints.helpdesk.topics import groups
from blueprints.helpdesk.words import state_label, state_tone
from portal.access.scope import Scope
from portal.people.models import User
from portal.records.page import RecordPage

PROPOSALS_SHOWN = 3


def on_home(_scope: Scope, _subject: object) -> dict[str, Any]:
    """The groups of topics, as buttons."""
    return {"groups": groups()}


def work_card(scope: Scope, _subject: object) -> dict[str, Any]:
    """What waits at the help desk; also that nothing does."""
    return {
        "cases": count_waiting(scope),
        "all": url_for("helpdesk.index", view="all", state=UNSOLVED_KEY),
        "mine": url_for("helpdesk.index", view="all", state=UNSOLVED_KEY, assigned=MINE),
        "new": url_for("helpdesk.index", view="all", state=CaseState.NEW),
    }


def review_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """What somebody has to look at: proposals to decide on, and e-mails without a case."""
    found = list_to_decide(scope, most=PROPOSALS_SHOWN + 1)
    mails = count_unmatched(scope) if sees_all(scope) else 0
    if not found and not mails:
        return None
    proposals = [
        (number_of(one.case_id), url_for("helpdesk.proposal", proposal_id=one.id))
        for one in found[:PROPOSALS_SHOWN]
    ]
    return {"proposals": proposals, "more": len(found) > PROPOSALS_SHOWN, "mails": mails}


def on_help(_scope: Scope, _subject: object) -> dict[str, Any]:
    """The way to `Get Help`."""
    return {}


def of_record(scope: Scope, page: RecordPage) -> dict[str, Any] | None:
    """The cases that carry the record, as far as the user may see them, and the way to ask about
    it."""
    return _about(scope, page.kind, getattr(page.subject, "id", None))


def of_user(scope: Scope, user: User) -> dict[str, Any] | None:
    """The same for a user."""
    return _about(scope, "user", user.id)


def _about(scope: Scope, kind: str, record_id: object) -> dict[str, Any] | None:
    if not isinstance(record_id, int):
        return None
    found, staff = cases_about(scope, kind, record_id), sees_all(scope)
    about = f"{kind}:{record_id}"
    asks = "" if staff or read_carried(scope, about) is None else about
    if not found and not asks:
        return None
    return {
        "staff": staff,
        "ask": url_for("helpdesk.ask", about=asks) if asks else "",
        "cases": [
            {
                "number": case.number,
                "subject": case.subject,
                "href": url_for("helpdesk.case", case_id=case.id),
                "label": state_label(case.state),
                "tone": state_tone(case.state),
            }
            for case in found
        ],
    }
