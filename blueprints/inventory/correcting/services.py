"""Adjustments and reversals: what was not counted on a label, and what was entered by mistake."""

from dataclasses import dataclass
from datetime import date
from math import ceil

from sqlalchemy import func, select

from blueprints.inventory.counted import counted_after, counted_since, ensure_meant
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.ledger.documents import open_document
from blueprints.inventory.ledger.reasons import ADJUSTMENT, EXTRA_DOSE, ensure_explained
from blueprints.inventory.models import DoseEntry, StockDocument, VaccineInventory
from blueprints.inventory.queries import get_inventory
from blueprints.inventory.rules import (
    DocumentKind,
    Kind,
    document_number,
    ensure_not_in_future,
)
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.catalog.queries import facts_on
from portal.db import session
from portal.errors import Forbidden, Invalid, NotFound
from portal.i18n import _

# What a manager may undo. Doses received are corrected by the help desk (SPEC D4), and so is what
# would lower the total (SPEC D6) or take back a count or a receipt; transfers and administrations
# are undone where they were made.
BY_MANAGERS = frozenset({Kind.WASTED, Kind.RETURNED})
BY_HELP_DESK = BY_MANAGERS | {Kind.RECEIVED, Kind.ADJUSTED}
OF_THE_HELP_DESK = frozenset({DocumentKind.COUNT, DocumentKind.TRANSFER})


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """Doses beyond what was received: the sixth dose of a vial, doses found again (SPEC D6).

    `confirmed` says that they are meant although a count was finished since.
    """

    inventory_id: int
    doses: int
    happened_on: date
    reason: str
    note: str = ""
    confirmed: bool = False


def ensure_complete(scope: Scope, adjustment: Adjustment) -> None:
    """Raise `Invalid`, naming the field, for what cannot be right about day or reason."""
    ensure_not_in_future(adjustment.happened_on, scope.today())
    ensure_explained(adjustment.reason, adjustment.note, ADJUSTMENT)


def adjust(scope: Scope, adjustment: Adjustment) -> StockDocument:
    """Raise the total of a record. It can never be lowered so: fewer doses are wastage.

    Raises `Invalid` with the field "confirmed" if the record was counted since, and nobody has said
    that the doses are meant all the same.
    """
    scope.require("inventory.adjust")
    ensure_complete(scope, adjustment)
    record = get_inventory(scope, adjustment.inventory_id)
    ensure_not_before(record, adjustment.happened_on)
    counted = counted_since(scope, [record.id], adjustment.happened_on)
    ensure_meant(counted, confirmed=adjustment.confirmed)
    document = open_document(
        scope,
        DocumentKind.ADJUSTMENT,
        happened_on=adjustment.happened_on,
        reason=adjustment.reason,
        note=adjustment.note,
    )
    ledger.post(
        scope.user,
        record.id,
        ledger.Movement(
            kind=Kind.ADJUSTED,
            doses=adjustment.doses,
            happened_on=adjustment.happened_on,
            reason=adjustment.reason,
            note=adjustment.note,
            document_id=document.id,
        ),
    )
    audit(
        scope.user,
        "inventory.adjusted",
        subject="inventory",
        subject_id=record.id,
        location_id=record.location_id,
        summary=f"{record.name}: {adjustment.doses}",
        after={
            "doses": adjustment.doses,
            "reason": adjustment.reason,
            "document": document_number(document.kind, document.id),
        },
    )
    return document


def vials_of(record: VaccineInventory, day: date) -> int:
    """About how many vials the doses received came in: by the label as of `day`, or of one dose
    each where that is not known."""
    facts = facts_on(record.product_id, day)
    received = record.doses_total - record.doses_adjusted
    return ceil(received / (facts and facts.doses_per_vial or 1))


def extra_doses_of(record: VaccineInventory) -> int:
    """How many extra doses of its vials the record has had, less those that were reversed."""
    doses = session().scalar(
        select(func.sum(DoseEntry.doses)).where(
            DoseEntry.inventory_id == record.id,
            DoseEntry.kind == Kind.ADJUSTED,
            DoseEntry.reason == EXTRA_DOSE,
        )
    )
    return int(doses or 0)


def ensure_not_before(record: VaccineInventory, day: date) -> None:
    """Raise `Invalid` for a day before the first doses of the record came."""
    first = session().scalar(
        select(func.min(DoseEntry.happened_on)).where(DoseEntry.inventory_id == record.id)
    )
    if first is not None and day < first:
        raise Invalid(
            _("The first doses of this record came on %(day)s.", day=f"{first:%m/%d/%Y}"),
            field="happened_on",
        )


def may_reverse(scope: Scope, kind: Kind, document_kind: str) -> bool:
    """Whether the user may reverse an entry of that kind, of a document of that kind ("": none)."""
    if scope.can("inventory.correct"):
        return kind in BY_HELP_DESK
    guarded = document_kind in OF_THE_HELP_DESK
    return scope.can("inventory.reverse") and kind in BY_MANAGERS and not guarded


def who_may_reverse(kind: Kind, document_kind: str) -> str:
    """A sentence for users who may not reverse an entry of that kind: who may. Empty for entries
    that are undone where they were made."""
    if kind in BY_MANAGERS and document_kind not in OF_THE_HELP_DESK:
        return _("If this was entered by mistake, ask a location manager to reverse it.")
    if kind in BY_HELP_DESK:
        return _("If this was entered by mistake, ask the help desk to reverse it.")
    return ""


def get_entry(scope: Scope, entry_id: int) -> tuple[DoseEntry, VaccineInventory]:
    """An entry of the present location that the user may reverse, and its record.

    Raises `NotFound`, `Forbidden` with the reason why this kind is not reversed here, or
    `Conflict` if there is nothing to reverse any more.
    """
    entry = session().get(DoseEntry, entry_id)
    if entry is None:
        raise NotFound
    record = get_inventory(scope, entry.inventory_id)
    document = session().get(StockDocument, entry.document_id) if entry.document_id else None
    if not may_reverse(scope, Kind(entry.kind), document.kind if document else ""):
        raise Forbidden(_why_not(Kind(entry.kind)))
    ledger.ensure_standing(entry)
    return entry, record


def _why_not(kind: Kind) -> str:
    if kind in BY_HELP_DESK:
        return _("Only the help desk can correct this entry. Please ask them.")
    if kind is Kind.ADMINISTERED:
        return _("Correct doses given to a recipient on the recipient's record.")
    return _(
        "This entry belongs to a transfer. Cancel or refuse the transfer, or send the doses back."
    )


def reverse(scope: Scope, entry_id: int, *, note: str, confirmed: bool = False) -> VaccineInventory:
    """Undo a mistaken entry by its opposite, dated today; both stay and name each other.

    Raises `Invalid` without a note, or with the field "confirmed" if the record was counted since
    and nobody has said that the entry is wrong all the same, `Conflict` if it was reversed before
    or if doses it brought have left since, and what `get_entry` raises.
    """
    entry, record = get_entry(scope, entry_id)
    if not note:
        raise Invalid(_("Say in a few words what was wrong."), field="note")
    counted = counted_after(scope, record.id, entry.id, entry.happened_on)
    ensure_meant(counted, confirmed=confirmed)
    ledger.reverse(scope.user, entry.id, happened_on=scope.today(), note=note)
    audit(
        scope.user,
        "inventory.reversed",
        subject="inventory",
        subject_id=record.id,
        location_id=record.location_id,
        summary=f"{record.name}: {entry.kind} {entry.doses}",
        after={"entry": entry.id, "kind": entry.kind, "doses": -entry.doses, "note": note},
    )
    return record
