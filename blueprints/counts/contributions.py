"""What counts show on the pages of the vaccine inventory."""

from typing import Any

from flask import url_for

from blueprints.counts.finished import list_finished
from blueprints.counts.queries import find_of_document
from blueprints.inventory.counted import Asked
from blueprints.inventory.models import StockDocument
from portal.access.scope import Scope


def list_actions(_scope: Scope, _subject: object) -> dict[str, Any]:
    """`Count` beside the name of the list."""
    return {"href": url_for("counts.index")}


def of_document(scope: Scope, document: StockDocument) -> dict[str, Any] | None:
    """The way from what a count booked to the count."""
    count = find_of_document(scope, document.id)
    return {"href": url_for("counts.record", count_id=count.id)} if count else None


def counted(scope: Scope, asked: Asked) -> dict[str, Any]:
    """The finished counts that an entry may contradict."""
    return {"found": list_finished(scope, asked)}
