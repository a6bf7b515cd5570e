"""Recording wastage and returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from blueprints.inventory.counted import ensure_meant
from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.leaving.warnings import counted_before
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.ledger.documents import open_document
from blueprints.inventory.ledger.reasons import RETURN, WASTAGE, ensure_explained
from blueprints.inventory.models import StockDocument
from blueprints.inventory.queries import get_inventory
from blueprints.inventory.rules import (
    DocumentKind,
    Kind,
    document_number,
    ensure_not_in_future,
)
from blueprints.wastage.rules import ensure_vial
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.errors import Invalid
from portal.i18n import _

KINDS = {DocumentKind.WASTAGE: Kind.WASTED, DocumentKind.RETURN: Kind.RETURNED}


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Doses of one or many records that are wasted or go back, for one reason on one day.

    `confirmed` says that they are others than what counts since have found.
    """

    kind: DocumentKind
    lines: Sequence[Chosen]
    happened_on: date
    reason: str
    vial: str = ""
    note: str = ""
    confirmed: bool = False


def ensure_complete(scope: Scope, loss: Loss) -> None:
    """Raise `Invalid`, naming the field, for what cannot be right about day, reason or vial."""
    ensure_not_in_future(loss.happened_on, scope.today())
    if loss.kind is DocumentKind.WASTAGE:
        ensure_explained(loss.reason, loss.note, WASTAGE)
        ensure_vial(loss.vial, loss.reason)
    else:
        ensure_explained(loss.reason, loss.note, RETURN)


def record_loss(scope: Scope, loss: Loss) -> StockDocument:
    """Take the doses out of the records, under one document number.

    Raises `Invalid` if a record has fewer doses than leave it, on that day or now, and with the
    field "confirmed" if records were counted since; nothing is written then.
    """
    scope.require("wastage.record")
    ensure_complete(scope, loss)
    if not loss.lines:
        raise Invalid(_("Enter the number of doses beside at least one record."))
    records = {
        line.inventory_id: get_inventory(scope, line.inventory_id).name for line in loss.lines
    }
    ensure_meant(counted_before(scope, records, on=loss.happened_on), confirmed=loss.confirmed)
    document = open_document(
        scope,
        loss.kind,
        happened_on=loss.happened_on,
        reason=loss.reason,
        vial=loss.vial,
        note=loss.note,
    )
    # In the order of the records, so that two submissions never wait for each other.
    for line in sorted(loss.lines, key=lambda line: line.inventory_id):
        record = get_inventory(scope, line.inventory_id)
        ledger.post(
            scope.user,
            record.id,
            ledger.Movement(
                kind=KINDS[loss.kind],
                doses=line.doses,
                happened_on=loss.happened_on,
                reason=loss.reason,
                note=loss.note,
                document_id=document.id,
            ),
        )
        audit(
            scope.user,
            f"inventory.{KINDS[loss.kind]}",
            subject="inventory",
            subject_id=record.id,
            location_id=record.location_id,
            summary=f"{record.name}: {line.doses}",
            after={
                "doses": line.doses,
                "reason": loss.reason,
                "document": document_number(document.kind, document.id),
            },
        )
    return document
