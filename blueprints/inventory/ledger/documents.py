"""Documents: what the ledger entries of one submission share, with a number to find them by."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from blueprints.inventory.models import DoseEntry, StockDocument, VaccineInventory
from blueprints.inventory.rules import DocumentKind, Kind
from portal.access.scope import Scope
from portal.audit.services import seal
from portal.db import session
from portal.people.models import User


def open_document(
    scope: Scope,
    kind: DocumentKind,
    *,
    happened_on: date,
    reason: str = "",
    vial: str = "",
    note: str = "",
) -> StockDocument:
    """A new document of the present location, to be named by the entries that follow."""
    document = StockDocument(
        kind=kind,
        location_id=scope.location_id,
        happened_on=happened_on,
        reason=reason,
        vial=vial,
        note=note,
        created_by_id=scope.user.id,
    )
    session().add(document)
    session().flush()
    seal(document)
    return document


def get_document(scope: Scope, document_id: int) -> StockDocument:
    """The document, if it is the present location's. Raises `NotFound`."""
    scope.require("inventory.view")
    document = session().get(StockDocument, document_id)
    scope.require_location(document.location_id if document else None)
    assert document is not None
    return document


@dataclass(frozen=True)
class DocumentLine:
    """One entry of a document, its record, and how many of its doses were reversed."""

    entry_id: int
    record: VaccineInventory
    kind: Kind
    doses: int
    reversed: int


def list_document_lines(document: StockDocument) -> list[DocumentLine]:
    """The entries of a document at its own location, in order; not the reversals themselves."""
    undone = select(DoseEntry.reverses_id, DoseEntry.doses).where(
        DoseEntry.document_id == document.id, DoseEntry.reverses_id.is_not(None)
    )
    gone = {number: -doses for number, doses in session().execute(undone)}
    rows = session().execute(
        select(DoseEntry, VaccineInventory)
        .join(VaccineInventory, VaccineInventory.id == DoseEntry.inventory_id)
        .where(
            DoseEntry.document_id == document.id,
            DoseEntry.reverses_id.is_(None),
            VaccineInventory.location_id == document.location_id,
        )
        .order_by(DoseEntry.id)
    )
    return [
        DocumentLine(
            entry_id=entry.id,
            record=record,
            kind=Kind(entry.kind),
            doses=entry.doses,
            reversed=gone.get(entry.id, 0),
        )
        for entry, record in rows
    ]


def author_of(document: StockDocument) -> str:
    """The name of whoever made the document."""
    user = session().get(User, document.created_by_id)
    return user.full_name if user else ""
