"""Reading what finished counts found, for entries that come after them."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import and_, false, or_, select

from blueprints.counts.models import StockCount, StockCountLine
from blueprints.counts.rules import CountState
from blueprints.inventory.counted import Asked, Counted
from blueprints.inventory.models import VaccineInventory
from portal.access.scope import Scope
from portal.clock import local
from portal.db import session


def list_finished(scope: Scope, asked: Asked) -> list[Counted]:
    """What finished counts of the location asked about found of records, newest count first."""
    place = asked.there or scope.place
    zone = place.time_zone
    midnight = datetime.combine(asked.since, time.min, ZoneInfo(zone)).astimezone(UTC)
    line = StockCountLine
    query = (
        select(
            line.inventory_id,
            VaccineInventory.name,
            StockCount.id,
            StockCount.closed_at,
            line.counted_doses,
            StockCount.document_id,
        )
        .join(StockCount, StockCount.id == line.count_id)
        .join(VaccineInventory, VaccineInventory.id == line.inventory_id)
        .where(
            line.inventory_id.in_(asked.inventory_ids),
            line.counted_doses.is_not(None),
            ~line.not_counted,
            StockCount.location_id == place.id,
            StockCount.state == CountState.FINISHED,
            StockCount.closed_at >= midnight,
        )
        .order_by(StockCount.id.desc())
    )
    if asked.entries is not None:
        took_into_account = [
            and_(
                line.inventory_id == inventory_id,
                or_(line.last_entry_id >= entry_id, line.entry_id == entry_id),
            )
            for inventory_id, entry_id in asked.entries.items()
        ]
        query = query.where(or_(false(), *took_into_account))
    endpoint = "counts.record" if _may_be_seen(scope, place.id) else ""
    return [
        Counted(
            inventory_id,
            name,
            count_id,
            local(closed_at, zone).date(),
            doses,
            document_id,
            endpoint,
        )
        for inventory_id, name, count_id, closed_at, doses, document_id in session().execute(query)
        if closed_at is not None and doses is not None
    ]


def _may_be_seen(scope: Scope, location_id: int) -> bool:
    """Whether the user may open counts of that location: also after switching to it."""
    mine = {scope.location_id, *(place.id for place in scope.locations)}
    return scope.can("counts.view") and location_id in mine
