"""What `portal check` proves of transfers."""

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import func, select

from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.transfers.models import Transfer, TransferLine, TransferSide
from blueprints.transfers.rules import LineState, state_of
from portal.db import session

AT_ONCE = 5_000


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


def listed() -> Iterator[str]:
    """Transfers that a list of theirs does not hold, or calls something else than they are."""
    newest = session().scalar(select(func.max(Transfer.id))) or 0
    for first in range(1, newest + 1, AT_ONCE):
        yield from _listed(first, first + AT_ONCE - 1)


def _listed(first: int, last: int) -> Iterator[str]:
    doses = (
        select(func.sum(TransferLine.doses_sent))
        .where(TransferLine.transfer_id == Transfer.id)
        .correlate(Transfer)
        .scalar_subquery()
    )
    rows = session().execute(
        select(
            Transfer.id,
            Transfer.from_location_id,
            Transfer.to_location_id,
            TransferLine.state,
            TransferSide.location_id,
            TransferSide.state,
            TransferSide.doses,
            doses,
        )
        .join(TransferLine, TransferLine.transfer_id == Transfer.id)
        .outerjoin(TransferSide, TransferSide.transfer_id == Transfer.id)
        .where(Transfer.id.between(first, last))
        .distinct()
        .order_by(Transfer.id)
    )
    for (number, sender, receiver), found in groupby(rows, key=lambda row: row[:3]):
        lines, sides = set(), set()
        for _number, _sender, _receiver, line, place, state, listed_doses, doses_sent in found:
            lines.add(LineState(line))
            sides.add((place, state, listed_doses))
            sent = doses_sent
        state = state_of(lines)
        if sides != {(sender, state, sent), (receiver, state, sent)}:
            yield (
                f"Transfer {number} is {state}, {sent} doses; the lists of its locations do not "
                "say so."
            )
