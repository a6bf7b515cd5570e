"""What the shipments show on other modules' pages."""

from typing import Any

from blueprints.shipments.queries import count_unreceived
from portal.places.scope import Scope


def unreceived_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """How many shipments still wait to be added to the inventory; nothing if there are none."""
    if scope.location is None:
        return None
    count = count_unreceived(scope)
    return {"count": count} if count else None
