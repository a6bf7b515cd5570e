"""What the lists of transfers read: a row for each of the two locations, kept with the transfer."""

from sqlalchemy import ColumnElement, case, exists, select, update

from blueprints.transfers.models import Transfer, TransferLine, TransferSide
from blueprints.transfers.queries import SentTransfer
from blueprints.transfers.rules import BECAME, LineState, TransferState, in_short
from portal.db import lock, session
from portal.places.models import Location
from portal.searching.text import join

INBOUND, OUTBOUND = "in", "out"


def add(sent: SentTransfer) -> None:
    """Enter a new transfer into the lists of both locations. It is found by its number, the other
    location, and what is in the box."""

    def side(direction: str, here: Location, there: Location) -> TransferSide:
        return TransferSide(
            transfer_id=sent.transfer.id,
            location_id=here.id,
            direction=direction,
            document_id=sent.document.id,
            number=sent.number,
            sent_on=sent.transfer.sent_on,
            sender=sent.sender.name,
            receiver=sent.receiver.name,
            product=in_short([line.record.product_name for line in sent.lines]),
            lot=_lots(sent),
            doses=sent.doses,
            state=sent.state,
            search=_found_by(sent, there),
        )

    both = [
        side(OUTBOUND, sent.sender, sent.receiver),
        side(INBOUND, sent.receiver, sent.sender),
    ]
    # Everybody counts the rows of the lower location first: nobody waits in a circle.
    both.sort(key=lambda one: one.location_id)
    session().add_all(both)
    session().flush()


def follow_lots(sent: SentTransfer) -> None:
    """Bring both rows of a transfer in line with the lot numbers of its records."""
    there = {sent.sender.id: sent.receiver, sent.receiver.id: sent.sender}
    rows = select(TransferSide).where(TransferSide.transfer_id == sent.transfer.id)
    for row in session().scalars(rows.order_by(TransferSide.location_id)):
        row.lot, row.search = _lots(sent), _found_by(sent, there[row.location_id])


def _lots(sent: SentTransfer) -> str:
    return in_short([line.record.lot for line in sent.lines])


def _found_by(sent: SentTransfer, there: Location) -> str:
    records = [line.record for line in sent.lines]
    contents = (
        *(record.product_name for record in records),
        *(record.manufacturer for record in records),
        *(record.lot for record in records),
    )
    return join(dict.fromkeys((sent.number, there.name, there.pin, *contents)))


def lock_rows(transfer_id: int) -> None:
    """Make everybody else who settles lines of this transfer wait until this transaction ends."""
    row = select(Transfer.id).where(Transfer.id == transfer_id)
    lock(row, name=("transfer", transfer_id))


def settle(transfer_id: int) -> None:
    """Bring both rows of a transfer that the caller holds in line with its lines."""
    partly = _has(LineState.RECEIVED)
    became = case(
        *((_has(state) & partly, beside) for state, _wholly, beside in BECAME),
        *((_has(state), wholly) for state, wholly, _beside in BECAME),
        else_=TransferState.RECEIVED,
    )
    session().execute(
        update(TransferSide)
        .where(TransferSide.transfer_id == transfer_id)
        .values(state=became)
        .execution_options(synchronize_session=False)
    )


def _has(state: LineState) -> ColumnElement[bool]:
    """Whether a line of the row's transfer is in this state."""
    return exists().where(
        TransferLine.transfer_id == TransferSide.transfer_id, TransferLine.state == state
    )
