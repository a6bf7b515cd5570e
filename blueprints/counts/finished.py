"""Reading what finished counts found, for entries that come after them."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from blueprints.counts.models import StockCount, StockCountLine
from blueprints.counts.rules import CountState
from blueprints.inventory.counted import Asked, Counted
from blueprints.inventory.models import VaccineInventory
from portal.access.scope import Scope
from portal.clock import local
from portal.db import session


def list_finished(scope: Scope, asked: Asked) -> list[Counted]:
    """What finished counts of the present location found of records, newest count first."""
    zone = scope.place.time_zone
    midnight = datetime.combine(asked.since, time.min, ZoneInfo(zone)).astimezone(UTC)
    line = StockCountLine
    query = (
        select(
            line.inventory_id,
            VaccineInventory.name,
            StockCount.id,
            StockCount.closed_at,
            line.counted_doses,
        )
        .join(StockCount, StockCount.id == line.count_id)
        .join(VaccineInventory, VaccineInventory.id == line.inventory_id)
        .where(
            line.inventory_id.in_(asked.inventory_ids),
            line.counted_doses.is_not(None),
            ~line.not_counted,
            StockCount.location_id == scope.location_id,
            StockCount.state == CountState.FINISHED,
            StockCount.closed_at >= midnight,
        )
        .order_by(StockCount.id.desc())
    )
    if asked.entry_id is not None:
        query = query.where(
            or_(line.last_entry_id >= asked.entry_id, line.entry_id == asked.entry_id)
        )
    return [
        Counted(inventory_id, name, count_id, local(closed_at, zone).date(), doses)
        for inventory_id, name, count_id, closed_at, doses in session().execute(query)
        if closed_at is not None and doses is not None
    ]
