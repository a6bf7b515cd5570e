"""Where the list of who could come is offered: at open vials, and on the page of the day."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import func, select

from blueprints.checkin.day import DayList
from blueprints.scheduling.models import Schedule, Slot
from blueprints.standby.queries import lists_of_today
from portal.access.scope import Scope
from portal.clock import local, now
from portal.db import session


class _OfProduct(Protocol):
    @property
    def product_id(self) -> int: ...
    @property
    def product_name(self) -> str: ...


class SoonOver(Protocol):
    """A vial whose doses will be lost."""

    @property
    def record(self) -> _OfProduct: ...


def offer(_scope: Scope, vials: Sequence[SoonOver]) -> dict[str, Any]:
    """For each vaccine of which doses would be lost, the way to who could come."""
    products = {one.record.product_id: one.record.product_name for one in vials}
    return {"products": sorted(products.items(), key=lambda item: item[1])}


def of_today(scope: Scope, found: DayList) -> dict[str, Any] | None:
    """Today's lists; nothing if there are none."""
    if found.day != scope.today():
        return None
    lists = lists_of_today(scope)
    return {"lists": lists} if lists else None


def minutes_open(scope: Scope) -> int | None:
    """For how many minutes more the present location takes people today, by its schedule: until the
    end of the last slot; None where nothing is scheduled today."""
    end = session().scalar(
        select(func.max(Slot.minute + Schedule.slot_minutes))
        .join(Schedule, Schedule.location_id == Slot.location_id)
        .where(Slot.location_id == scope.location_id, Slot.day == scope.today(), Slot.open)
    )
    if end is None:
        return None
    clock = local(now(), scope.place.time_zone)
    return max(0, end - clock.hour * 60 - clock.minute)
