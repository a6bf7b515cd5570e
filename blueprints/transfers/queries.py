"""Reading transfers: a location sees those that leave it and those that come to it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from blueprints.inventory.models import StockDocument, VaccineInventory
from blueprints.inventory.rules import DocumentKind, document_number
from blueprints.transfers.models import Transfer, TransferLine
from blueprints.transfers.rules import LineState, TransferState, state_of
from portal.access.scope import Scope
from portal.db import session
from portal.errors import NotFound
from portal.lookups.search import Choice
from portal.people.models import User
from portal.places.models import Location
from portal.remembering import remembered
from portal.searching.text import fold

MOST = 25
LISTED = 100
# What a line on its way to a location is read from.
INBOUND = ("transfer_line", "vaccine_inventory", "transfer", "stock_document", "location")


@dataclass(frozen=True)
class LineOnTheWay:
    """A line as pages show it; `record` is the sender's."""

    row: TransferLine
    record: VaccineInventory
    state: LineState
    settled_by: str


@dataclass(frozen=True)
class SentTransfer:
    """A transfer with both locations, its document and its lines."""

    transfer: Transfer
    document: StockDocument
    number: str
    sender: Location
    receiver: Location
    lines: list[LineOnTheWay]

    @property
    def doses(self) -> int:
        """How many doses were sent."""
        return sum(line.row.doses_sent for line in self.lines)

    @property
    def state(self) -> TransferState:
        """What became of it as a whole."""
        return state_of({line.state for line in self.lines})

    @property
    def open(self) -> list[LineOnTheWay]:
        """The lines that are still under way."""
        return [line for line in self.lines if line.state is LineState.IN_TRANSIT]


def get_transfer(scope: Scope, transfer_id: int) -> SentTransfer:
    """The transfer, if it leaves or comes to the present location. Raises `NotFound`."""
    scope.require("transfers.view")
    found = _load(Transfer.id == transfer_id)
    if not found:
        raise NotFound
    sent = found[0]
    here = {sent.transfer.from_location_id, sent.transfer.to_location_id}
    if scope.location is None or scope.location.id not in here:
        # One of the user's other locations may be a side of it: the page then offers to switch.
        mine = [place.id for place in scope.locations if place.id in here]
        scope.require_location(mine[0] if mine else None)
    return sent


def find_of_document(scope: Scope, document_id: int) -> int:
    """The id of the transfer with this document, if it leaves or comes to the present location.
    Raises `NotFound`."""
    here = scope.location.id if scope.location else None
    found = session().scalar(
        select(Transfer.id).where(
            Transfer.document_id == document_id,
            or_(Transfer.from_location_id == here, Transfer.to_location_id == here),
        )
    )
    if found is None:
        raise NotFound
    return found


def documents_to(location_id: int) -> Select[int]:
    """The ids of the documents of transfers to a location, for another query."""
    return select(Transfer.document_id).where(Transfer.to_location_id == location_id)


def list_of_record(scope: Scope, inventory_id: int) -> list[SentTransfer]:
    """The newest transfers that doses of a record left by or came with, 25 at most."""
    lines = select(TransferLine.transfer_id).where(
        or_(
            (TransferLine.inventory_id == inventory_id)
            & (TransferLine.from_location_id == scope.location_id),
            (TransferLine.received_inventory_id == inventory_id)
            & (TransferLine.to_location_id == scope.location_id),
        )
    )
    return _load(Transfer.id.in_(lines), limit=MOST)


def list_sent_of(inventory_id: int) -> list[SentTransfer]:
    """All transfers that doses of a record left by."""
    lines = select(TransferLine.transfer_id).where(TransferLine.inventory_id == inventory_id)
    return _load(Transfer.id.in_(lines), limit=None)


def _load(condition: ColumnElement[bool], *, limit: int | None = 1) -> list[SentTransfer]:
    sender, receiver = aliased(Location), aliased(Location)
    rows = session().execute(
        select(Transfer, StockDocument, sender, receiver)
        .join(StockDocument, StockDocument.id == Transfer.document_id)
        .join(sender, sender.id == Transfer.from_location_id)
        .join(receiver, receiver.id == Transfer.to_location_id)
        .where(condition)
        .order_by(Transfer.id.desc())
        .limit(limit)
    )
    found = [(row[0], row[1], row[2], row[3]) for row in rows]
    lines: dict[int, list[LineOnTheWay]] = {transfer.id: [] for transfer, _d, _f, _t in found}
    for line, record, first, last in session().execute(
        select(TransferLine, VaccineInventory, User.first_name, User.last_name)
        .join(VaccineInventory, VaccineInventory.id == TransferLine.inventory_id)
        .outerjoin(User, User.id == TransferLine.settled_by_id)
        .where(TransferLine.transfer_id.in_(lines))
        .order_by(TransferLine.id)
    ):
        name = f"{first} {last}" if first else ""
        lines[line.transfer_id].append(LineOnTheWay(line, record, LineState(line.state), name))
    return [
        SentTransfer(
            transfer=transfer,
            document=document,
            number=document_number(DocumentKind.TRANSFER, document.id),
            sender=from_place,
            receiver=to_place,
            lines=lines[transfer.id],
        )
        for transfer, document, from_place, to_place in found
    ]


@dataclass(frozen=True)
class Inbound:
    """A line on its way to the present location; `sent` is its transfer without the others."""

    line: TransferLine
    record: VaccineInventory
    transfer: Transfer
    sender: str
    number: str
    sent: SentTransfer


@remembered(*INBOUND)
def list_inbound(scope: Scope) -> list[Inbound]:
    """What is on its way here, longest first, 100 lines at most (SPEC E2: nothing else is
    listed)."""
    return _inbound(TransferLine.state == LineState.IN_TRANSIT, scope, LISTED)


def list_inbound_of_lots(scope: Scope, inventory_ids: Select[int]) -> list[Inbound]:
    """What is on its way here of the lots of these records, longest first, 100 lines at most."""
    here = aliased(VaccineInventory)
    same_lot = exists().where(
        here.id.in_(inventory_ids),
        here.product_id == VaccineInventory.product_id,
        here.lot_key == VaccineInventory.lot_key,
    )
    return _inbound(and_(TransferLine.state == LineState.IN_TRANSIT, same_lot), scope, LISTED)


@remembered(*INBOUND)
def get_inbound(scope: Scope, line_id: int) -> Inbound:
    """A line that came or comes to the present location. Raises `NotFound`."""
    listed = [inbound for inbound in list_inbound(scope) if inbound.line.id == line_id]
    found = listed or _inbound(TransferLine.id == line_id, scope, 1)
    if not found:
        raise NotFound
    return found[0]


def _inbound(condition: ColumnElement[bool], scope: Scope, limit: int) -> list[Inbound]:
    sender, receiver = aliased(Location), aliased(Location)
    rows = session().execute(
        select(TransferLine, VaccineInventory, Transfer, StockDocument, sender, receiver)
        .join(VaccineInventory, VaccineInventory.id == TransferLine.inventory_id)
        .join(Transfer, Transfer.id == TransferLine.transfer_id)
        .join(StockDocument, StockDocument.id == Transfer.document_id)
        .join(sender, sender.id == TransferLine.from_location_id)
        .join(receiver, receiver.id == TransferLine.to_location_id)
        .where(TransferLine.to_location_id == scope.location_id, condition)
        .order_by(TransferLine.id)
        .limit(limit)
    )
    found = []
    for line, record, transfer, document, from_place, to_place in rows:
        number = document_number(DocumentKind.TRANSFER, document.id)
        lines = [LineOnTheWay(line, record, LineState(line.state), "")]
        sent = SentTransfer(transfer, document, number, from_place, to_place, lines)
        found.append(Inbound(line, record, transfer, from_place.name, number, sent))
    return found


@dataclass(frozen=True)
class UnderWay:
    """Doses in transit, of a location; those `held` are of lots in quarantine."""

    coming: int
    coming_lines: int
    coming_held: int
    leaving: int
    leaving_lines: int
    leaving_held: int


def under_way(scope: Scope) -> UnderWay:
    """The doses on their way to the present location, and those on their way from it."""

    coming = _sums(TransferLine.to_location_id == scope.location_id)
    leaving = _sums(TransferLine.from_location_id == scope.location_id)
    return UnderWay(*coming, *leaving)


def doses_coming(scope: Scope) -> int:
    """The doses on their way to the present location."""
    listed = list_inbound(scope)
    if len(listed) < LISTED:
        return sum(inbound.line.doses_sent for inbound in listed)
    return _sums(TransferLine.to_location_id == scope.location_id)[0]


def _sums(side: ColumnElement[bool]) -> tuple[int, int, int]:
    doses = func.sum(TransferLine.doses_sent)
    row = session().execute(
        select(
            func.coalesce(doses, 0),
            func.count(),
            func.coalesce(doses.filter(VaccineInventory.quarantined), 0),
        )
        .join(VaccineInventory, VaccineInventory.id == TransferLine.inventory_id)
        .where(side, TransferLine.state == LineState.IN_TRANSIT)
    )
    sent, lines, held = row.one()
    return int(sent), int(lines), int(held)


def list_receivers_of(product_id: int, lot_key: str) -> set[int]:
    """The locations to which doses of a lot are on their way."""
    rows = session().scalars(
        select(TransferLine.to_location_id)
        .join(VaccineInventory, VaccineInventory.id == TransferLine.inventory_id)
        .where(
            TransferLine.state == LineState.IN_TRANSIT,
            VaccineInventory.product_id == product_id,
            VaccineInventory.lot_key == lot_key,
        )
    )
    return set(rows)


def count_long_under_way(scope: Scope, *, days: int = 7) -> int:
    """The doses that left the present location more than `days` days ago and have not arrived."""
    limit = scope.today() - timedelta(days=days)
    doses = session().scalar(
        select(func.sum(TransferLine.doses_sent))
        .join(Transfer, Transfer.id == TransferLine.transfer_id)
        .where(
            TransferLine.from_location_id == scope.location_id,
            TransferLine.state == LineState.IN_TRANSIT,
            Transfer.sent_on < limit,
        )
    )
    return int(doses or 0)


def look_up_receivers(scope: Scope, text: str) -> list[Choice]:
    """Approved locations, other than the present one, whose name, PIN or town holds the text."""
    wanted = fold(text)
    rows = session().execute(
        select(Location.id, Location.name, Location.pin, Location.city)
        .where(Location.approved, Location.id != scope.location_id)
        .order_by(Location.name)
    )
    return [
        _choice(place)
        for place in rows
        if any(wanted in fold(part) for part in (place.name, place.pin, place.city))
    ][:20]


def find_receiver(scope: Scope, identity: int | str) -> Choice | None:
    """The location with this id as a choice, if doses may be sent there."""
    place = session().get(Location, int(identity)) if str(identity).isdecimal() else None
    if place is None or not place.approved or place.id == scope.location_id:
        return None
    return _choice(place)


def _choice(place: Any) -> Choice:
    town = ", ".join(part for part in (place.pin, place.city) if part)
    return Choice(id=place.id, label=place.name, detail=town)
