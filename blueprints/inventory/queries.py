"""Reading vaccine inventory."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from blueprints.inventory.ledger.reasons import reason_label
from blueprints.inventory.models import (
    DoseEntry,
    LotCorrection,
    StockDocument,
    VaccineInventory,
)
from blueprints.inventory.rules import Kind, document_number, on_hand
from blueprints.shipments.models import Shipment
from portal.access.scope import Scope
from portal.clock import now
from portal.db import session
from portal.lookups.search import Choice
from portal.people.models import User
from portal.remembering import remembered
from portal.searching.text import fold

ENTRIES_SHOWN = 50
KEPT_IN_STOCK = timedelta(days=183)
ADDITIONS_READ = 500


def is_empty_here(scope: Scope) -> bool:
    """Whether the present location never had a record of vaccine inventory."""
    here = VaccineInventory.location_id == scope.location_id
    return session().scalar(select(VaccineInventory.id).where(here).limit(1)) is None


def get_inventory(scope: Scope, inventory_id: int) -> VaccineInventory:
    """The record, if it is at the present location. Raises `NotFound`."""
    scope.require("inventory.view")
    record = session().get(VaccineInventory, inventory_id)
    scope.require_location(record.location_id if record else None)
    assert record is not None
    return record


@remembered("vaccine_inventory")
def list_same_lot(
    scope: Scope, product_id: int, lot_key: str, expires: date
) -> list[VaccineInventory]:
    """The records of this lot at the present location, those that expire on that day first, else
    oldest first (at most ten). One that all doses were taken back from counts only if it `expires`
    on that day, too: otherwise that date was the mistake."""
    return list(
        session().scalars(
            select(VaccineInventory)
            .where(
                VaccineInventory.location_id == scope.location_id,
                VaccineInventory.product_id == product_id,
                VaccineInventory.lot_key == lot_key,
                or_(VaccineInventory.doses_total > 0, VaccineInventory.expiration_date == expires),
            )
            .order_by(VaccineInventory.expiration_date != expires, VaccineInventory.id)
            .limit(10)
        )
    )


@remembered("vaccine_inventory")
def find_lot_of_another_product(
    scope: Scope, product_id: int, lot_key: str
) -> VaccineInventory | None:
    """A record at the present location that has this lot number under another product."""
    return session().scalar(
        select(VaccineInventory)
        .where(
            VaccineInventory.location_id == scope.location_id,
            VaccineInventory.product_id != product_id,
            VaccineInventory.lot_key == lot_key,
        )
        .limit(1)
    )


def list_of_shipment(scope: Scope, shipment_id: int) -> list[VaccineInventory]:
    """The present location's records that doses of a shipment were added to."""
    return list(
        session().scalars(
            select(VaccineInventory)
            .where(
                VaccineInventory.location_id == scope.location_id,
                VaccineInventory.id.in_(
                    select(DoseEntry.inventory_id).where(DoseEntry.shipment_id == shipment_id)
                ),
            )
            .order_by(VaccineInventory.id)
            .limit(100)
        )
    )


def list_shipments_of(scope: Scope, record: VaccineInventory) -> list[Shipment]:
    """The present location's shipments of which doses were added to a record, oldest first."""
    ids = select(DoseEntry.shipment_id).where(
        DoseEntry.inventory_id == record.id,
        DoseEntry.kind == Kind.RECEIVED,
        DoseEntry.shipment_id.is_not(None),
    )
    return list(
        session().scalars(
            select(Shipment)
            .where(Shipment.location_id == scope.location_id, Shipment.id.in_(ids))
            .order_by(Shipment.id)
            .limit(20)
        )
    )


def was_added(records: list[VaccineInventory], shipment_id: int) -> bool:
    """Whether doses of a shipment were added to one of these records before."""
    return (
        session().scalar(
            select(DoseEntry.id)
            .where(
                DoseEntry.shipment_id == shipment_id,
                DoseEntry.inventory_id.in_([record.id for record in records]),
            )
            .limit(1)
        )
        is not None
    )


@dataclass(frozen=True)
class Addition:
    """Doses of a shipment that went into the inventory (or, fewer than none, came out again)."""

    shipment_id: int
    doses_shipped: int
    doses: int
    recorded_at: datetime
    actor: str


def list_additions(
    scope: Scope, shipment_ids: Collection[int], *, since: datetime
) -> list[Addition]:
    """What was added of shipments to the present location after `since`, first to last."""
    query = (
        select(
            Shipment.id,
            Shipment.doses_shipped,
            DoseEntry.doses,
            DoseEntry.recorded_at,
            User.first_name,
            User.last_name,
        )
        .join(Shipment, Shipment.id == DoseEntry.shipment_id)
        .outerjoin(User, User.id == DoseEntry.actor_id)
        .where(
            Shipment.location_id == scope.location_id,
            DoseEntry.shipment_id.in_(shipment_ids),
            DoseEntry.kind == Kind.RECEIVED,
            DoseEntry.recorded_at > since,
        )
        .order_by(DoseEntry.id)
        .limit(ADDITIONS_READ)
    )
    return [
        Addition(shipment_id, shipped, doses, recorded_at, f"{first} {last}" if first else "")
        for shipment_id, shipped, doses, recorded_at, first, last in session().execute(query)
    ]


@dataclass(frozen=True)
class CorrectedLot:
    """A correction of a record's lot, who carried it out, and who had proposed it."""

    row: LotCorrection
    by: str
    proposed_by: str


def corrections_of(inventory_id: int) -> list[CorrectedLot]:
    """What was corrected of the lot of a record, oldest first."""
    by, proposer = aliased(User), aliased(User)
    query = (
        select(LotCorrection, by, proposer)
        .join(by, by.id == LotCorrection.by_id)
        .outerjoin(proposer, proposer.id == LotCorrection.proposed_by_id)
        .where(LotCorrection.inventory_id == inventory_id)
        .order_by(LotCorrection.id)
    )
    return [
        CorrectedLot(row, user.full_name, other.full_name if other else "")
        for row, user, other in session().execute(query)
    ]


def lot_at(record: VaccineInventory, moment: datetime) -> tuple[str, date]:
    """Lot number and expiration date as the record said them at a moment."""
    later = select(LotCorrection).where(
        LotCorrection.inventory_id == record.id, LotCorrection.at > moment
    )
    first = session().scalar(later.order_by(LotCorrection.id).limit(1))
    if first is None:
        return record.lot, record.expiration_date
    return first.lot_before, first.expiration_before


@dataclass(frozen=True)
class LedgerLine:
    """An entry as the record's history shows it; `available` is how it changed availability."""

    id: int
    inventory_id: int
    name: str
    kind: Kind
    doses: int
    available: int
    happened_on: date
    recorded_at: object
    actor: str
    reason: str
    note: str
    document_id: int | None
    document: str
    document_kind: str
    document_here: bool
    reverses_id: int | None
    reversed_by_id: int | None
    shipment_id: int | None
    shipment_number: str


def list_entries(
    record: VaccineInventory, *, before: int | None = None, kind: str = ""
) -> list[LedgerLine]:
    """The ledger of a record, newest first, 51 lines at most; those with an id below `before`, and
    of a kind if one is given."""
    reversal = aliased(DoseEntry)
    query = (
        select(
            DoseEntry,
            User.first_name,
            User.last_name,
            reversal.id,
            Shipment.number,
            StockDocument,
            VaccineInventory.name,
        )
        .join(VaccineInventory, VaccineInventory.id == DoseEntry.inventory_id)
        .outerjoin(User, User.id == DoseEntry.actor_id)
        .outerjoin(reversal, reversal.reverses_id == DoseEntry.id)
        .outerjoin(Shipment, Shipment.id == DoseEntry.shipment_id)
        .outerjoin(StockDocument, StockDocument.id == DoseEntry.document_id)
        .where(DoseEntry.inventory_id == record.id)
        .order_by(DoseEntry.id.desc())
        .limit(ENTRIES_SHOWN + 1)
    )
    if before is not None:
        query = query.where(DoseEntry.id < before)
    if kind:
        query = query.where(DoseEntry.kind == kind)
    return [
        LedgerLine(
            id=entry.id,
            inventory_id=entry.inventory_id,
            name=name,
            kind=Kind(entry.kind),
            doses=entry.doses,
            available=on_hand(Kind(entry.kind), entry.doses),
            happened_on=entry.happened_on,
            recorded_at=entry.recorded_at,
            actor=f"{first} {last}" if first else "",
            reason=reason_label(entry.reason),
            note=entry.note,
            document_id=document.id if document else None,
            document=document_number(document.kind, document.id) if document else "",
            document_kind=document.kind if document else "",
            document_here=document is not None and document.location_id == entry.location_id,
            reverses_id=entry.reverses_id,
            reversed_by_id=reversed_by,
            shipment_id=entry.shipment_id,
            shipment_number=shipment or "",
        )
        for entry, first, last, reversed_by, shipment, document, name in session().execute(query)
    ]


@dataclass(frozen=True)
class ProductDoses:
    """Doses of one vaccine at a location."""

    product: str
    received: int
    available: int
    administered: int


def list_doses_by_product(scope: Scope) -> list[ProductDoses]:
    """The doses of the present location for each vaccine, by name."""
    record = VaccineInventory
    rows = session().execute(
        select(
            record.product_name,
            func.sum(record.doses_total),
            func.sum(record.doses_available),
            func.sum(record.doses_administered),
        )
        .where(record.location_id == scope.location_id)
        .group_by(record.product_name)
        .order_by(record.product_name)
    )
    return [
        ProductDoses(product, int(received), int(available), int(administered))
        for product, received, available, administered in rows
    ]


def list_expiring(scope: Scope, *, warn_days: int, most: int) -> list[VaccineInventory]:
    """Records with doses left that are expired or expire within `warn_days` days, soonest first."""
    limit = scope.today() + timedelta(days=warn_days)
    return list(
        session().scalars(
            select(VaccineInventory)
            .where(
                VaccineInventory.location_id == scope.location_id,
                VaccineInventory.expiration_date <= limit,
                VaccineInventory.doses_available > 0,
            )
            .order_by(VaccineInventory.expiration_date, VaccineInventory.id)
            .limit(most)
        )
    )


def list_low_stock(scope: Scope, *, least: int) -> list[tuple[str, int]]:
    """The vaccines of which fewer than `least` usable doses are left, with that number: neither
    expired nor in quarantine. One that is used up counts for half a year from its newest record:
    so long the location is taken to keep it."""
    record = VaccineInventory
    usable = func.coalesce(
        func.sum(record.doses_available).filter(
            record.quarantined.is_(False),
            record.expiration_date >= scope.today(),
        ),
        0,
    )
    newest, kept = func.max(record.created_at), now() - KEPT_IN_STOCK
    rows = session().execute(
        select(record.product_name, usable)
        .where(record.location_id == scope.location_id)
        .group_by(record.product_name)
        .having(usable < least, or_(func.sum(record.doses_available) > 0, newest >= kept))
        .order_by(record.product_name)
    )
    return [(product, int(doses)) for product, doses in rows]


def list_usable_through(
    location_ids: Collection[int], first: date
) -> list[tuple[int, int, date, int]]:
    """The doses of these locations that can be used on `first` or later and are not in quarantine:
    location, product, the last day they can be used, how many."""
    record = VaccineInventory
    rows = session().execute(
        select(
            *(record.location_id, record.product_id, record.expiration_date),
            func.sum(record.doses_available),
        )
        .where(
            record.location_id.in_(location_ids),
            record.expiration_date >= first,
            record.doses_available > 0,
            record.quarantined.is_(False),
        )
        .group_by(record.location_id, record.product_id, record.expiration_date)
    )
    return [(place, product, last_day, int(doses)) for place, product, last_day, doses in rows]


def look_up_accounts(scope: Scope, text: str) -> list[Choice]:
    """The accounts (locations) of the user whose name or PIN holds the text."""
    wanted = fold(text)
    return [
        Choice(id=place.id, label=place.name, detail=place.pin)
        for place in scope.locations
        if wanted in fold(place.name) or wanted in fold(place.pin)
    ][:20]


def find_account_choice(scope: Scope, identity: int | str) -> Choice | None:
    """The account with this id as a choice, if the user works there."""
    for place in scope.locations:
        if str(place.id) == str(identity):
            return Choice(id=place.id, label=place.name, detail=place.pin)
    return None
