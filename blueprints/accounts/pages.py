"""What was sent too late from the page of a user, and where it goes on."""

from collections.abc import Callable
from typing import Any

from flask import request, url_for

from blueprints.accounts import forms
from blueprints.accounts.queries import UserRecord
from portal.access.scope import Scope
from portal.web.late_forms import late_values


def page_of(user_id: int) -> str:
    """The page of the user."""
    return url_for("accounts.user", user_id=user_id)


def question_of(user_id: int) -> str:
    """The page that says what follows from the profile that was chosen."""
    chosen = request.form.get("profile", "")[:20]
    return url_for("accounts.confirm_profile", user_id=user_id, profile=chosen)


def late_forms(here: Scope, record: UserRecord) -> dict[str, Any]:
    """The forms of the user's page as they were sent too late; None for the others."""

    def late(endpoint: str, form: Callable[[Any], Any]) -> Any:
        values = late_values(url_for(f"accounts.{endpoint}", user_id=record.user.id))
        return form(values) if values else None

    return {
        "correction_form": late("correct", lambda sent: forms.correction_form(record, sent)),
        "second_form": late("change_second_profile", lambda sent: forms.second_form(record, sent)),
        "locations_form": late(
            "change_locations", lambda sent: forms.locations_form(here, record, sent)
        ),
    }
