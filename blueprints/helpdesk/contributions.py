"""What the help desk shows on other pages."""

from typing import Any

from flask import url_for

from blueprints.helpdesk.carrying import read_carried
from blueprints.helpdesk.queries import cases_about, sees_all
from blueprints.helpdesk.topics import groups
from blueprints.helpdesk.words import state_label, state_tone
from portal.access.scope import Scope
from portal.people.models import User
from portal.records.page import RecordPage


def on_home(_scope: Scope, _subject: object) -> dict[str, Any]:
    """The groups of topics, as buttons."""
    return {"groups": groups()}


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
