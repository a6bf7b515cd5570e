"""The sums of a location, and how the doses available come about."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import Kind
from portal.access.scope import Scope
from portal.db import session


@dataclass(frozen=True)
class Totals:
    """Doses of a location, over all its records (SPEC D9)."""

    received: int
    available: int
    administered: int
    wasted: int
    returned: int
    in_transit: int
    transferred: int
    expired: int
    transferred_in: int
    adjusted: int
    quarantined: int


def totals(scope: Scope) -> Totals:
    """The doses of the present location; of those available `expired` are past their date, and
    `quarantined` are in quarantine."""
    record = VaccineInventory
    day = scope.today() if scope.location else date.max
    row = (
        session()
        .execute(
            select(
                func.coalesce(func.sum(record.doses_total), 0),
                func.coalesce(func.sum(record.doses_available), 0),
                func.coalesce(func.sum(record.doses_administered), 0),
                func.coalesce(func.sum(record.doses_wasted), 0),
                func.coalesce(func.sum(record.doses_returned), 0),
                func.coalesce(func.sum(record.doses_in_transit), 0),
                func.coalesce(func.sum(record.doses_transferred), 0),
                func.coalesce(
                    func.sum(record.doses_available).filter(record.expiration_date < day), 0
                ),
                func.coalesce(func.sum(record.doses_transferred_in), 0),
                func.coalesce(func.sum(record.doses_adjusted), 0),
                func.coalesce(func.sum(record.doses_available).filter(record.quarantined), 0),
            ).where(record.location_id == scope.location_id)
        )
        .one()
    )
    return Totals(*(int(number) for number in row))


@dataclass(frozen=True)
class Balance:
    """How the doses available come about (SPEC D14): what came and what left, in the order it is
    written down, and what the record or the location says is available."""

    received: int
    transferred_in: int
    adjusted: int
    administered: int
    wasted: int
    returned: int
    transferred_out: int
    available: int
    in_transit: int

    @property
    def computed(self) -> int:
        """What should be available."""
        came = self.received + self.transferred_in + self.adjusted
        left = self.administered + self.wasted + self.returned + self.transferred_out
        return came - left

    @property
    def proven(self) -> bool:
        """Whether the entries add up to what is said to be available."""
        return self.computed == self.available


def balance_of(record: VaccineInventory) -> Balance:
    """The balance of a record, added up from its ledger now: entries and counters of one moment."""
    counters = (VaccineInventory.doses_available, VaccineInventory.doses_in_transit)
    rows = session().execute(
        select(*counters, DoseEntry.kind, func.sum(DoseEntry.doses))
        .join(DoseEntry, DoseEntry.inventory_id == VaccineInventory.id)
        .where(VaccineInventory.id == record.id)
        .group_by(*counters, DoseEntry.kind)
    )
    sums: dict[str, int] = {}
    available, in_transit = record.doses_available, record.doses_in_transit
    for row in rows:
        available, in_transit = row.doses_available, row.doses_in_transit
        sums[row.kind] = int(row[3])
    return Balance(
        received=sums.get(Kind.RECEIVED, 0),
        transferred_in=sums.get(Kind.TRANSFERRED_IN, 0),
        adjusted=sums.get(Kind.ADJUSTED, 0),
        administered=sums.get(Kind.ADMINISTERED, 0),
        wasted=sums.get(Kind.WASTED, 0),
        returned=sums.get(Kind.RETURNED, 0),
        transferred_out=sums.get(Kind.TRANSFERRED_OUT, 0),
        available=available,
        in_transit=in_transit,
    )


def balance_here(scope: Scope) -> Balance:
    """The balance of the present location, over the counters of its records (each record's page
    and `portal check` compare those with the ledger)."""
    found = totals(scope)
    return Balance(
        received=found.received - found.transferred_in - found.adjusted,
        transferred_in=found.transferred_in,
        adjusted=found.adjusted,
        administered=found.administered,
        wasted=found.wasted,
        returned=found.returned,
        transferred_out=found.transferred + found.in_transit,
        available=found.available,
        in_transit=found.in_transit,
    )
