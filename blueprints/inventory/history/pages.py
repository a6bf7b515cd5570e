"""What the rows of a history of doses lead to."""

from collections.abc import Sequence
from typing import Any

from flask import url_for

from blueprints.inventory.correcting.services import may_reverse
from blueprints.inventory.rules import Kind
from portal.access.scope import Scope
from portal.i18n import _
from portal.listviews.definition import Action


def row_menus(scope: Scope, rows: Sequence[Any]) -> list[list[Action]]:
    """The slip, the shipment and `Reverse` of each entry, as far as there is one."""
    return [list(_menu(scope, row)) for row in rows]


def _menu(scope: Scope, row: Any) -> Sequence[Action]:
    links = []
    if row.document[1] and row.document_at == scope.location_id:
        href = url_for("inventory.document", document_id=row.document[1])
        links.append(Action(label=_("Slip"), href=href))
    if row.shipment_id and scope.can("shipments.view"):
        href = url_for("shipments.record", shipment_id=row.shipment_id)
        links.append(Action(label=_("Shipment"), href=href))
    kind, reverses, reversed_by = row.what
    if not reverses and not reversed_by and may_reverse(scope, Kind(kind), row.document[0] or ""):
        href = url_for("inventory.reverse", entry_id=row.id)
        links.append(Action(label=_("Reverse"), href=href))
    return links
