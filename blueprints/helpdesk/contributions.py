"""What the help desk shows on other pages."""

from typing import Any

from flask import url_for

from blueprints.helpdesk.queries import cases_about, sees_all
from blueprints.helpdesk.topics import groups
from blueprints.helpdesk.words import state_label, state_tone
from portal.access.scope import Scope
from portal.records.page import RecordPage


def on_home(_scope: Scope, _subject: object) -> dict[str, Any]:
    """The groups of topics, as buttons."""
    return {"groups": groups()}


def on_help(_scope: Scope, _subject: object) -> dict[str, Any]:
    """The way to `Get Help`."""
    return {}


def of_record(scope: Scope, page: RecordPage) -> dict[str, Any] | None:
    """The cases that carry the record, as far as the user may see them."""
    record_id = getattr(page.subject, "id", None)
    found = cases_about(scope, page.kind, record_id) if isinstance(record_id, int) else ()
    if not found:
        return None
    return {
        "staff": sees_all(scope),
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
