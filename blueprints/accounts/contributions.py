"""What accounts show on other pages."""

from typing import Any

from flask import url_for

from blueprints.accounts.cases import carried_user
from blueprints.accounts.queries import is_alone
from portal.access.scope import Scope
from portal.i18n import _
from portal.remedies import Carried


def of_case(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """The user, as the page of a case shows one."""
    found = carried_user(scope, carried)
    if found is None:
        return None
    manages = scope.can("accounts.manage")
    return {
        "href": url_for("accounts.user", user_id=found.id) if manages else "",
        "title": _("User %(name)s, %(username)s", name=found.full_name, username=found.username),
    }


def add_users_step(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """To add a user, as long as nobody else works at the location."""
    if scope.location is None or not is_alone(scope):
        return None
    return {
        "href": url_for("accounts.add"),
        "title": _("Add a user"),
        "why": _("Nobody else works at %(location)s yet.", location=scope.location.name),
    }
