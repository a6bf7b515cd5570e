"""Sending, receiving, refusing and cancelling transfers.

Whoever takes a line out of `in_transit` settles it; the statement that does so lets one win, and
the others are told who it was and when.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, update

from blueprints.inventory.counted import counted_after_sending, ensure_meant
from blueprints.inventory.leaving.selection import Chosen, ensure_usable
from blueprints.inventory.leaving.warnings import counted_before
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.ledger.documents import open_document
from blueprints.inventory.ledger.reasons import OTHER, ensure_explained
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.quarantine import services as quarantine
from blueprints.inventory.queries import get_inventory
from blueprints.inventory.rules import DocumentKind, Kind, ensure_not_in_future
from blueprints.inventory.services import lock_arrivals, record_for_arrival
from blueprints.transfers import arriving, list_rows, notices
from blueprints.transfers.models import Transfer, TransferLine
from blueprints.transfers.queries import (
    Inbound,
    SentTransfer,
    find_receiver,
    get_inbound,
    get_transfer,
)
from blueprints.transfers.rules import (
    SENDING,
    LineState,
    came_back,
    ensure_days,
    ensure_received,
)
from blueprints.transfers.settled import settled
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.audit.services import seal
from portal.clock import now, today
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound
from portal.i18n import _
from portal.linked import Linked
from portal.places.models import Location


@dataclass(frozen=True, kw_only=True)
class Sending:
    """Doses that go to another location; `confirmed` says that they are others than what counts
    since have found."""

    lines: Sequence[Chosen]
    to_location_id: int
    sent_on: date
    reason: str
    note: str = ""
    confirmed: bool = False


def ensure_sendable(scope: Scope, sending: Sending) -> None:
    """Raise `Invalid`, naming the field, for what cannot be right about where, when and why."""
    if find_receiver(scope, sending.to_location_id) is None:
        raise Invalid(_("Choose a location that may receive vaccine."), field="receiver")
    ensure_not_in_future(sending.sent_on, scope.today())
    ensure_explained(sending.reason, sending.note, SENDING)


def send(scope: Scope, sending: Sending) -> SentTransfer:
    """Send doses: they leave availability at once and are in transit (SPEC E1).

    Raises `Invalid` for an expired or quarantined lot, for more doses than there are, and for a
    location that is not approved, and with the field "confirmed" if records were counted since;
    nothing is sent then.
    """
    scope.require("transfers.handle")
    ensure_sendable(scope, sending)
    if not sending.lines:
        raise Invalid(_("Enter the number of doses beside at least one record."))
    records = {
        line.inventory_id: get_inventory(scope, line.inventory_id).name for line in sending.lines
    }
    ensure_meant(counted_before(scope, records, on=sending.sent_on), confirmed=sending.confirmed)
    document = open_document(
        scope,
        DocumentKind.TRANSFER,
        happened_on=sending.sent_on,
        reason=sending.reason,
        note=sending.note,
    )
    transfer = Transfer(
        document_id=document.id,
        from_location_id=scope.location_id,
        to_location_id=sending.to_location_id,
        sent_on=sending.sent_on,
    )
    session().add(transfer)
    session().flush()
    for chosen in sorted(sending.lines, key=lambda line: line.inventory_id):
        record = get_inventory(scope, chosen.inventory_id)
        ensure_usable(scope, [record])
        entry = ledger.post(
            scope.user,
            record.id,
            ledger.Movement(
                kind=Kind.TRANSFERRED_OUT,
                doses=chosen.doses,
                happened_on=sending.sent_on,
                reason=sending.reason,
                document_id=document.id,
            ),
        )
        session().add(
            TransferLine(
                transfer_id=transfer.id,
                from_location_id=transfer.from_location_id,
                to_location_id=transfer.to_location_id,
                inventory_id=record.id,
                out_entry_id=entry.id,
                doses_sent=chosen.doses,
            )
        )
    session().flush()
    sent = get_transfer(scope, transfer.id)
    seal(transfer, *(line.row for line in sent.lines))
    list_rows.add(sent)
    _audit(scope, "transfer.sent", sent, {"doses": sent.doses})
    notices.tell_receiver(sent, "transfer_sent", [line.row.id for line in sent.lines])
    return sent


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What arrived of a line; a reason is needed if it is less than was sent. `confirmed` says that
    what is unusual about it is right all the same."""

    line_id: int
    received_on: date
    doses: int
    reason: str = ""
    note: str = ""
    confirmed: bool = False


def ensure_receivable(scope: Scope, receipt: Receipt) -> Inbound:
    """The line, if it is on its way here and the receipt can be right.

    Raises `Invalid` naming the field ("confirmed" for what was not confirmed), or `Conflict` saying
    who settled the line and when.
    """
    found = get_inbound(scope, receipt.line_id)
    if found.line.state != LineState.IN_TRANSIT:
        raise settled(scope, found.line)
    ensure_days(found.transfer.sent_on, receipt.received_on, scope.today())
    ensure_received(found.line.doses_sent, receipt.doses, receipt.reason)
    if receipt.doses < found.line.doses_sent and receipt.reason == "other" and not receipt.note:
        raise Invalid(_("Say in a few words what happened."), field="note")
    doubts = arriving.doubts(scope, found, receipt.received_on)
    if came_back(found.line.doses_sent, receipt.doses, receipt.reason):
        doubts += counted_after_sending(
            scope,
            session().get_one(Location, found.line.from_location_id),
            {found.line.inventory_id: found.line.out_entry_id},
            found.transfer.sent_on,
        )
    ensure_meant(doubts, confirmed=receipt.confirmed)
    return found


def receive(scope: Scope, receipt: Receipt) -> VaccineInventory:
    """Take doses of a transfer into the inventory, once (SPEC E2, E3); the record they are on now.

    Doses that are missing are booked as wastage here, or go back to the sender's record if the
    sender counted wrong. Raises what `ensure_receivable` raises.
    """
    scope.require("transfers.handle")
    lock_arrivals(scope)
    found = ensure_receivable(scope, receipt)
    line, source = found.line, found.record
    back = came_back(line.doses_sent, receipt.doses, receipt.reason)
    arrived = line.doses_sent - back
    list_rows.lock_rows(found.transfer.id)
    quarantine.hold_lot(source.product_id, source.lot_key)
    target = record_for_arrival(scope, source)
    held = quarantine.find_hold_at_sender(source)
    _claim(
        scope,
        found.transfer.id,
        [line.id],
        LineState.RECEIVED,
        doses_received=receipt.doses,
        received_on=receipt.received_on,
        reason=receipt.reason if receipt.doses < line.doses_sent else "",
        note=receipt.note,
        received_inventory_id=target.id,
    )
    document_id = found.transfer.document_id
    # The sender's clocks may show another day.
    there = session().get_one(Location, line.from_location_id)
    left_on = min(receipt.received_on, today(there.time_zone))
    if back:
        # Two transfers that cross each other would otherwise wait for each other.
        ledger.lock_records(
            select(VaccineInventory.id).where(VaccineInventory.id.in_((source.id, target.id)))
        )
        ledger.reverse(
            scope.user,
            line.out_entry_id,
            happened_on=left_on,
            doses=back,
            reason=receipt.reason,
            note=receipt.note,
        )
    left = ledger.Movement(
        kind=Kind.ARRIVED, doses=arrived, happened_on=left_on, document_id=document_id
    )
    came = ledger.Movement(
        kind=Kind.TRANSFERRED_IN,
        doses=arrived,
        happened_on=receipt.received_on,
        document_id=document_id,
    )
    movements = [(source.id, left), (target.id, came)]
    if receipt.doses < arrived:
        lost = ledger.Movement(
            kind=Kind.WASTED,
            doses=arrived - receipt.doses,
            happened_on=receipt.received_on,
            reason=receipt.reason,
            note=receipt.note,
            document_id=document_id,
        )
        movements.append((target.id, lost))
    ledger.post_all(scope.user, movements)
    if receipt.doses and held is not None:
        quarantine.follow(scope, held, target)
    sent = found.sent
    changed = {"sent": line.doses_sent, "received": receipt.doses, "reason": receipt.reason}
    _audit(scope, "transfer.received", sent, changed)
    notices.tell_sender(sent, "transfer_received", [line.id])
    return target


def refuse(
    scope: Scope, transfer_id: int, *, note: str, usable: bool = True, confirmed: bool = False
) -> SentTransfer:
    """Send everything of a transfer that is still under way back to its sender.

    Unless the doses are `usable`, their lots are in quarantine at the sender from now on, also if
    the sender has just cancelled the transfer: what the receiver has seen of the box holds.
    Raises `Invalid` without a note, or with the field "confirmed" if the sender has counted the
    records since and nobody has said that the doses are others; `Conflict` if nothing of it is
    under way any more, `NotFound` unless it comes to the present location.
    """
    reason = "fit" if usable else "unfit"
    try:
        with session().begin_nested():
            sent, line_ids, _untold = _send_back(
                scope, transfer_id, note, LineState.REFUSED, reason=reason, confirmed=confirmed
            )
    except Conflict:
        cancelled = [] if usable else _just_cancelled(scope, transfer_id)
        if not cancelled:
            raise
        for record in cancelled:
            quarantine.hold_there(scope, record, reason=OTHER, note=_said(scope, note))
        return get_transfer(scope, transfer_id)
    notices.tell_sender(sent, "transfer_refused", line_ids)
    return sent


def cancel(scope: Scope, transfer_id: int, *, note: str, confirmed: bool = False) -> SentTransfer:
    """Take back everything of a transfer that has not been received yet (SPEC E1).

    Raises `Invalid` without a note, or with the field "confirmed" if the records were counted
    since and nobody has said that the doses are others; `Conflict` if nothing of it is under way
    any more, `NotFound` unless it leaves the present location.
    """
    back = _send_back(scope, transfer_id, note, LineState.CANCELLED, confirmed=confirmed)
    notices.tell_cancelled(*back)
    sent, _line_ids, _untold = back
    return sent


def counted_since_sent(scope: Scope, sent: SentTransfer) -> list[Linked]:
    """What to ask about the sender's counts before what is still under way goes back."""
    left = {line.row.inventory_id: line.row.out_entry_id for line in sent.open}
    return counted_after_sending(scope, sent.sender, left, sent.transfer.sent_on)


def _send_back(
    scope: Scope,
    transfer_id: int,
    note: str,
    state: LineState,
    *,
    reason: str = "",
    confirmed: bool = False,
) -> tuple[SentTransfer, list[int], set[int]]:
    """Settle what is still under way, back to its sender, and hold its lots there if the `reason`
    is "unfit"; the transfer, the lines settled, and who cannot have heard that it was sent."""
    scope.require("transfers.handle")
    sent = get_transfer(scope, transfer_id)
    mine = (
        sent.transfer.from_location_id
        if state is LineState.CANCELLED
        else sent.transfer.to_location_id
    )
    if mine != scope.location_id:
        raise NotFound
    if not note:
        raise Invalid(_("Say in a few words why."), field="note")
    lines = [line.row for line in sent.open]
    if not lines:
        raise settled(scope, max(sent.lines, key=lambda line: line.row.id).row)
    ensure_meant(counted_since_sent(scope, sent), confirmed=confirmed)
    line_ids = [line.id for line in lines]
    _claim(scope, transfer_id, line_ids, state, note=note, reason=reason)
    unfit = sent.open if reason == "unfit" else []
    records = {line.record.id: line.record for line in unfit}
    for product_id, key in sorted({(each.product_id, each.lot_key) for each in records.values()}):
        quarantine.hold_lot(product_id, key)
    for line in sorted(lines, key=lambda line: line.inventory_id):
        ledger.reverse(
            scope.user, line.out_entry_id, happened_on=today(sent.sender.time_zone), note=note
        )
    for record in records.values():
        quarantine.hold_there(scope, record, reason=OTHER, note=_said(scope, note))
    session().expire_all()
    sent = get_transfer(scope, transfer_id)
    _audit(scope, f"transfer.{state}", sent, {"note": note, "reason": reason})
    return sent, line_ids, notices.take_back_sent(sent)


def _said(scope: Scope, note: str) -> str:
    """The receiver's words on the record of the sender."""
    return f"{scope.place.name}: {note}"


def _just_cancelled(scope: Scope, transfer_id: int) -> list[VaccineInventory]:
    """The sender's records of a transfer to here that was cancelled within the last day, if
    nothing of it is under way any more."""
    session().expire_all()
    sent = get_transfer(scope, transfer_id)
    if sent.open or sent.transfer.to_location_id != scope.location_id:
        return []
    return [
        line.record
        for line in sent.lines
        if line.state is LineState.CANCELLED
        and line.row.settled_at is not None
        and now() - line.row.settled_at < timedelta(days=1)
    ]


def _claim(
    scope: Scope, transfer_id: int, line_ids: list[int], state: LineState, **values: Any
) -> None:
    """Settle these lines of a transfer, all of them or none. Raises `Conflict` if somebody else was
    first."""
    list_rows.lock_rows(transfer_id)
    done = session().scalars(
        update(TransferLine)
        .where(TransferLine.id.in_(line_ids), TransferLine.state == LineState.IN_TRANSIT)
        .values(state=state, settled_at=now(), settled_by_id=scope.user.id, **values)
        .returning(TransferLine)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    lines = sorted(done, key=lambda line: line.id)
    if len(lines) == len(line_ids):
        seal(*lines)
        list_rows.settle(transfer_id)
        return
    lines = list(
        session().scalars(
            select(TransferLine)
            .where(TransferLine.id.in_(line_ids))
            .execution_options(populate_existing=True)
        )
    )
    raise settled(scope, next(line for line in lines if line.settled_by_id is not None))


def _audit(scope: Scope, action: str, sent: SentTransfer, after: dict[str, Any]) -> None:
    """On record at both locations: each sees what happened to its doses."""
    for location_id in (sent.transfer.from_location_id, sent.transfer.to_location_id):
        audit(
            scope.user,
            action,
            subject="transfer",
            subject_id=sent.transfer.id,
            location_id=location_id,
            summary=sent.number,
            after=after,
        )
