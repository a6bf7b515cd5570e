"""What the recipients show on other pages."""

from typing import Any

from flask import url_for

from blueprints.recipients.cases import carried_person
from blueprints.recipients.words import full_name
from portal.access.scope import Scope
from portal.formats.shown import day
from portal.i18n import _
from portal.remedies import Carried


def of_case(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """The recipient, as the page of a case shows one."""
    found = carried_person(scope, carried)
    if found is None:
        return None
    return {
        "href": url_for("recipients.record", recipient_id=found.id),
        "title": _(
            "Recipient %(name)s, %(born)s", name=full_name(found), born=day(found.birth_date)
        ),
    }
