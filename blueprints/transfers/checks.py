"""What `portal check` proves of transfers."""

from collections.abc import Iterator

from sqlalchemy import func, select

from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.transfers.models import TransferLine
from blueprints.transfers.rules import LineState
from portal.db import session


def conserved() -> Iterator[str]:
    """Records whose doses in transit are not those of their open lines, and doses that left one
    location and did not come to another (SPEC E4)."""
    open_doses = (
        select(TransferLine.inventory_id, func.sum(TransferLine.doses_sent).label("doses"))
        .where(TransferLine.state == LineState.IN_TRANSIT)
        .group_by(TransferLine.inventory_id)
        .subquery()
    )
    for number, counter, doses in session().execute(
        select(
            VaccineInventory.id,
            VaccineInventory.doses_in_transit,
            func.coalesce(open_doses.c.doses, 0),
        )
        .outerjoin(open_doses, open_doses.c.inventory_id == VaccineInventory.id)
        .where(VaccineInventory.doses_in_transit != func.coalesce(open_doses.c.doses, 0))
    ):
        yield (
            f"Vaccine inventory {number}: {counter} doses are in transit, "
            f"its transfers say {doses}."
        )
    sums = {
        kind: int(doses or 0)
        for kind, doses in session().execute(
            select(DoseEntry.kind, func.sum(DoseEntry.doses))
            .where(DoseEntry.kind.in_((Kind.ARRIVED, Kind.TRANSFERRED_IN)))
            .group_by(DoseEntry.kind)
        )
    }
    arrived, taken_in = sums.get(Kind.ARRIVED, 0), sums.get(Kind.TRANSFERRED_IN, 0)
    if arrived != taken_in:
        yield f"{arrived} doses arrived by transfer, {taken_in} were taken in."
