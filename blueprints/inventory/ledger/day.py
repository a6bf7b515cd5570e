"""How the doses of each record changed on one day (SPEC D14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import Kind, on_hand
from portal.access.scope import Scope
from portal.db import session

RECEIVED = (Kind.RECEIVED, Kind.TRANSFERRED_IN)
SENT = (Kind.RETURNED, Kind.TRANSFERRED_OUT)


@dataclass(frozen=True, kw_only=True)
class RecordDay:
    """A record on one day of its location: the doses in the morning, what came and left by the
    ledger, and those in the evening.

    Reversals count as what they undo, so a number may be negative. `later` is how the ledger
    changed after the day, `available` what the record says now, and `entered_later` how many lines
    of the day were entered on a later one.
    """

    inventory_id: int
    name: str
    lot: str
    available: int
    opening: int
    received: int
    corrected: int
    given: int
    wasted: int
    sent: int
    later: int
    entered_later: int

    @property
    def closing(self) -> int:
        """The doses in the evening."""
        return self.opening + self.received + self.corrected - self.given - self.wasted - self.sent

    @property
    def unexplained(self) -> int:
        """The doses that the record has now beyond those of the ledger; 0 if both agree."""
        return self.available - self.closing - self.later

    @property
    def is_quiet(self) -> bool:
        """Whether there were no doses, and nothing happened."""
        moved = (self.received, self.corrected, self.given, self.wasted, self.sent)
        return not (self.opening or any(moved) or self.entered_later or self.unexplained)


def day_of_records(scope: Scope, day: date) -> list[RecordDay]:
    """The records of the present location that had doses on `day`, or whose doses changed, by
    product and lot. Everything is added up from the ledger, in one question."""
    entry, record = DoseEntry, VaccineInventory
    before, on_day, after = (
        func.coalesce(func.sum(entry.doses).filter(condition), 0)
        for condition in (
            entry.happened_on < day,
            entry.happened_on == day,
            entry.happened_on > day,
        )
    )
    entered_later = func.count().filter(
        entry.happened_on == day, entry.recorded_at >= _end_of(day, scope.place.time_zone)
    )
    shown = (record.id, record.name, record.lot, record.doses_available)
    rows = session().execute(
        select(*shown, entry.kind, before, on_day, after, entered_later)
        .join(entry, entry.inventory_id == record.id)
        .where(record.location_id == scope.location_id)
        .group_by(*shown, record.product_name, entry.kind)
        .order_by(record.product_name, record.lot, record.id)
    )
    lines: dict[int, list[_KindOfDay]] = {}
    for row in rows:
        number, name, lot, available, kind, *sums, later = row
        numbers = [int(one) for one in sums]
        line = _KindOfDay(
            number, name, lot, available, Kind(kind), numbers[0], numbers[1], numbers[2], later
        )
        lines.setdefault(line.inventory_id, []).append(line)
    days = (_of_record(of_record) for of_record in lines.values())
    return [one for one in days if not one.is_quiet]


class _KindOfDay(NamedTuple):
    """The doses of a record that moved in one way: before, on and after the day."""

    inventory_id: int
    name: str
    lot: str
    available: int
    kind: Kind
    before: int
    on_day: int
    after: int
    entered_later: int


def _of_record(lines: Sequence[_KindOfDay]) -> RecordDay:
    moved = {line.kind: line.on_day for line in lines}
    return RecordDay(
        inventory_id=lines[0].inventory_id,
        name=lines[0].name,
        lot=lines[0].lot,
        available=lines[0].available,
        opening=sum(on_hand(line.kind, line.before) for line in lines),
        received=sum(moved.get(kind, 0) for kind in RECEIVED),
        corrected=moved.get(Kind.ADJUSTED, 0),
        given=moved.get(Kind.ADMINISTERED, 0),
        wasted=moved.get(Kind.WASTED, 0),
        sent=sum(moved.get(kind, 0) for kind in SENT),
        later=sum(on_hand(line.kind, line.after) for line in lines),
        entered_later=sum(line.entered_later for line in lines),
    )


def _end_of(day: date, zone: str) -> datetime:
    """The moment at which the day is over where the location is."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
