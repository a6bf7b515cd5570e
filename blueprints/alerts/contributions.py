"""What alerts show on other modules' pages."""

from typing import Any

from flask import url_for

from portal.access.scope import Scope


def list_actions(_scope: Scope, _subject: object) -> dict[str, Any]:
    """The way from the inventory to its thresholds."""
    return {"href": url_for("alerts.index")}
