"""What `portal check` proves of the inventory."""

from collections.abc import Iterator

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import COUNTERS, Kind, changes, first_negative_day, on_hand
from blueprints.shipments.models import Shipment, ShipmentClosing
from blueprints.shipments.rules import status_of
from portal.db import session


def ledger_sums() -> Iterator[str]:
    """Records whose counters differ from the sums of their ledger, or that were negative once."""
    sums: dict[int, dict[str, int]] = {}
    for number, kind, doses in session().execute(
        select(DoseEntry.inventory_id, DoseEntry.kind, func.sum(DoseEntry.doses)).group_by(
            DoseEntry.inventory_id, DoseEntry.kind
        )
    ):
        entry = sums.setdefault(number, {})
        for counter, change in changes(Kind(kind), int(doses)).items():
            entry[counter] = entry.get(counter, 0) + change
    columns = [getattr(VaccineInventory, name) for name in COUNTERS]
    for row in session().execute(select(VaccineInventory.id, *columns)):
        ledger = sums.get(row.id, {})
        for name in COUNTERS:
            if getattr(row, name) != ledger.get(name, 0):
                yield (
                    f"Vaccine inventory {row.id}: {name} is {getattr(row, name)}, "
                    f"the ledger says {ledger.get(name, 0)}."
                )
    yield from _negative_days()
    yield from _odd_reversals()


def _negative_days() -> Iterator[str]:
    rows = session().execute(
        select(
            DoseEntry.inventory_id, DoseEntry.happened_on, DoseEntry.kind, func.sum(DoseEntry.doses)
        )
        .group_by(DoseEntry.inventory_id, DoseEntry.happened_on, DoseEntry.kind)
        .order_by(DoseEntry.inventory_id)
    )
    movements: list[tuple[object, int]] = []
    current: int | None = None
    for number, day, kind, doses in [*rows, (None, None, None, None)]:
        if number != current:
            found = first_negative_day(movements)  # type: ignore[arg-type]
            if found is not None:
                yield f"Vaccine inventory {current}: short of {-found[1]} doses on {found[0]}."
            movements, current = [], number
        if number is not None:
            movements.append((day, on_hand(Kind(kind), int(doses))))


def _odd_reversals() -> Iterator[str]:
    original, reversal = aliased(DoseEntry), aliased(DoseEntry)
    odd = (
        select(reversal.id, original.id)
        .join(original, original.id == reversal.reverses_id)
        .where(
            or_(
                reversal.inventory_id != original.inventory_id,
                reversal.kind != original.kind,
                -reversal.doses > original.doses,
                and_(
                    reversal.doses != -original.doses,
                    original.kind != Kind.TRANSFERRED_OUT,
                ),
                reversal.shipment_id.is_distinct_from(original.shipment_id),
            )
        )
    )
    for number, reversed_id in session().execute(odd):
        yield f"Ledger entry {number} is not the opposite of entry {reversed_id}."


def received_of_shipments() -> Iterator[str]:
    """Shipments whose received doses differ from what the ledger says came of them, or whose
    status from what follows from that and from their being closed."""
    received = (
        select(DoseEntry.shipment_id, func.sum(DoseEntry.doses).label("doses"))
        .where(DoseEntry.shipment_id.is_not(None), DoseEntry.kind == Kind.RECEIVED)
        .group_by(DoseEntry.shipment_id)
        .subquery()
    )
    for row in session().execute(
        select(
            Shipment.number,
            Shipment.doses_shipped,
            Shipment.doses_received,
            Shipment.status,
            ShipmentClosing.shipment_id.is_not(None).label("closed"),
            func.coalesce(received.c.doses, 0).label("doses"),
        )
        .outerjoin(received, received.c.shipment_id == Shipment.id)
        .outerjoin(ShipmentClosing, ShipmentClosing.shipment_id == Shipment.id)
    ):
        if row.doses_received != row.doses:
            yield (
                f"Shipment {row.number}: {row.doses_received} doses are noted as received, "
                f"the ledger says {row.doses}."
            )
        if row.status != status_of(row.doses_shipped, row.doses_received, closed=row.closed):
            yield f"Shipment {row.number}: the status {row.status} does not follow from its doses."
