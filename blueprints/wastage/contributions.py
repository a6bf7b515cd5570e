"""What this module shows on the pages of the vaccine inventory."""

from typing import Any

from flask import url_for

from blueprints.inventory.models import VaccineInventory
from portal.access.scope import Scope


def list_actions(_scope: Scope, _subject: object) -> dict[str, Any]:
    """`Wastage` and `Return` beside the name of the list."""
    return {"wastage": url_for("wastage.wastage"), "giving_back": url_for("wastage.giving_back")}


def list_menu(_scope: Scope, _subject: object) -> dict[str, Any]:
    """The way to what was wasted and returned before."""
    return {"href": url_for("wastage.index")}


def record_actions(_scope: Scope, record: VaccineInventory) -> dict[str, Any] | None:
    """`Wastage` and `Return` of one record, while it has doses."""
    if record.doses_available == 0:
        return None
    return {
        "wastage": url_for("wastage.wastage", record=record.id),
        "giving_back": url_for("wastage.giving_back", record=record.id),
    }
