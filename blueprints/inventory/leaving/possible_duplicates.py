"""What has been taken off records already: whoever enters a loss may mean the same doses.

Only the ledger is asked: what was booked stays there, whoever counts or wastes now.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import aliased

from blueprints.inventory.models import DoseEntry, StockDocument
from blueprints.inventory.rules import DocumentKind, Kind, document_number, on_hand
from portal.access.scope import Scope
from portal.db import session
from portal.people.models import User

LOWERING = [kind for kind in Kind if on_hand(kind, 1) < 0]


@dataclass(frozen=True)
class DosesThatLeft:
    """So many doses that left a record on a day, under the `number` of a document; who entered
    that, and when. What of them was reversed is left out."""

    inventory_id: int
    document_id: int
    number: str
    happened_on: date
    doses: int
    by: str
    recorded_at: datetime


def list_counted_losses(
    scope: Scope, inventory_ids: Collection[int], *, since: date
) -> list[DosesThatLeft]:
    """What counts of the present location have taken off these records on `since` or after it,
    first to last; one statement for all of them."""
    return _booked(
        scope,
        DoseEntry.inventory_id.in_(inventory_ids),
        DoseEntry.kind.in_(LOWERING),
        DoseEntry.happened_on >= since,
        StockDocument.kind == DocumentKind.COUNT,
    )


def list_alike(
    scope: Scope,
    kind: DocumentKind,
    doses: Mapping[int, int],
    *,
    on: date,
    among: Select[int] | None = None,
) -> list[DosesThatLeft]:
    """Entries of the same kind, day and number of doses, given by record; first to last. `among`
    selects the documents that can mean the same; all of that kind if it is left out."""
    same = [
        (DoseEntry.inventory_id == record) & (DoseEntry.doses == number)
        for record, number in doses.items()
    ]
    if not same:
        return []
    return _booked(
        scope,
        DoseEntry.inventory_id.in_(doses),
        or_(*same),
        DoseEntry.happened_on == on,
        StockDocument.kind == kind,
        true() if among is None else StockDocument.id.in_(among),
    )


def _booked(scope: Scope, *conditions: ColumnElement[bool]) -> list[DosesThatLeft]:
    scope.require("inventory.view")
    reversal = aliased(DoseEntry)
    left = DoseEntry.doses + func.coalesce(reversal.doses, 0)
    rows = session().execute(
        select(DoseEntry, StockDocument.kind, left, User)
        .join(StockDocument, StockDocument.id == DoseEntry.document_id)
        .outerjoin(reversal, reversal.reverses_id == DoseEntry.id)
        .outerjoin(User, User.id == DoseEntry.actor_id)
        .where(
            *conditions,
            DoseEntry.location_id == scope.location_id,
            DoseEntry.reverses_id.is_(None),
            left > 0,
        )
        .order_by(DoseEntry.id)
    )
    return [
        DosesThatLeft(
            entry.inventory_id,
            entry.document_id or 0,
            document_number(kind, entry.document_id or 0),
            entry.happened_on,
            doses,
            user.full_name if user else "",
            entry.recorded_at,
        )
        for entry, kind, doses, user in rows
    ]
