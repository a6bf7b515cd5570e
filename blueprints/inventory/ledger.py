"""Writing the dose ledger. Nothing else changes a number of doses."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update

from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import (
    NEEDS_USABLE,
    Kind,
    changes,
    ensure_doses,
    first_negative_day,
    on_hand,
    usable_on,
)
from blueprints.shipments.services import note_received
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound, PortalError
from portal.i18n import _
from portal.places.scope import Actor


@dataclass(frozen=True, kw_only=True)
class Movement:
    """Doses that came or went: `doses` of a `kind`, on the day `happened_on`."""

    kind: Kind
    doses: int
    happened_on: date
    reason: str = ""
    note: str = ""
    document_id: int | None = None
    shipment_id: int | None = None


def post(actor: Actor | None, inventory_id: int, movement: Movement) -> DoseEntry:
    """Write an entry and move the record's counters, and the shipment's, with it.

    Raises `Invalid` if fewer doses are available than leave, if the lot may not be used for this
    (expired on that day, or in quarantine), or if the entry would make a later day negative;
    nothing is written then.
    """
    ensure_doses(movement.doses)
    with session().begin_nested():
        location_id = _move(
            inventory_id, movement.kind, movement.doses, used_on=movement.happened_on
        )
        return _write(
            DoseEntry(
                inventory_id=inventory_id,
                location_id=location_id,
                kind=movement.kind,
                doses=movement.doses,
                happened_on=movement.happened_on,
                actor_id=actor.id if actor else None,
                shipment_id=movement.shipment_id,
                reason=movement.reason,
                note=movement.note,
                document_id=movement.document_id,
            )
        )


def reverse(
    actor: Actor | None,
    entry_id: int,
    *,
    happened_on: date,
    note: str = "",
    doses: int | None = None,
) -> DoseEntry:
    """Undo an entry by its opposite; the original stays and is linked. `note` says why.

    `doses` undoes only so many: of a transfer some may come back, while the others arrived.

    A part of services, not a use case: whoever calls it has loaded the record through the user's
    scope, checked the right, refused a day in the future, and writes the audit entry.

    Raises `Conflict` if it was reversed before, or if the doses it brought are gone by now;
    nothing is written then.
    """
    original = session().get(DoseEntry, entry_id)
    if original is None:
        raise NotFound
    if original.reverses_id is not None:
        raise Conflict(_("A reversal cannot be reversed. Enter the doses again instead."))
    undone = original.doses if doses is None else doses
    if not 0 < undone <= original.doses:
        raise ValueError(f"{undone} of {original.doses} doses cannot be reversed")
    hold(original.inventory_id)
    if session().scalar(select(DoseEntry.id).where(DoseEntry.reverses_id == entry_id)):
        raise Conflict(_("This entry has been reversed already."))
    kind = Kind(original.kind)
    try:
        with session().begin_nested():
            location_id = _move(original.inventory_id, kind, -undone)
            return _write(
                DoseEntry(
                    inventory_id=original.inventory_id,
                    location_id=location_id,
                    kind=kind,
                    doses=-undone,
                    happened_on=max(happened_on, original.happened_on),
                    actor_id=actor.id if actor else None,
                    shipment_id=original.shipment_id,
                    reason=original.reason,
                    note=note,
                    document_id=original.document_id,
                    reverses_id=original.id,
                )
            )
    except Invalid as refusal:
        raise Conflict(
            _("Doses of this entry have left since. Reverse what took them first.")
        ) from refusal


def _write(entry: DoseEntry) -> DoseEntry:
    session().add(entry)
    session().flush()
    _ensure_no_negative_day(entry.inventory_id)
    if entry.kind == Kind.RECEIVED and entry.shipment_id is not None:
        note_received(entry.shipment_id, entry.doses)
    return entry


def hold(inventory_id: int) -> None:
    """Make every other writer of this record wait until this transaction ends."""
    session().execute(
        select(VaccineInventory.id)
        .where(VaccineInventory.id == inventory_id)
        .with_for_update(key_share=True)
    )


def _move(inventory_id: int, kind: Kind, doses: int, *, used_on: date | None = None) -> int:
    """Move the counters, in one statement that refuses to go below zero, or to use what may not be;
    returns the record's location.

    It also makes every other writer of this record wait until this transaction ends.
    """
    record = VaccineInventory
    moved = changes(kind, doses)
    statement = (
        update(record)
        .where(record.id == inventory_id)
        .values({name: getattr(record, name) + change for name, change in moved.items()})
        .execution_options(synchronize_session=False)
    )
    for name, change in moved.items():
        if change < 0:
            statement = statement.where(getattr(record, name) >= -change)
    if used_on is not None and kind in NEEDS_USABLE:
        statement = statement.where(
            record.quarantined.is_(False), record.expiration_date >= used_on
        )
    location_id: int | None = session().scalar(statement.returning(record.location_id))
    if location_id is None:
        raise _refusal(inventory_id, kind, doses, used_on)
    return location_id


def _refusal(inventory_id: int, kind: Kind, doses: int, used_on: date | None) -> PortalError:
    """Why the counters could not be moved."""
    found = session().get(VaccineInventory, inventory_id, populate_existing=True)
    if found is None:
        return NotFound()
    if used_on is not None and kind in NEEDS_USABLE:
        if found.quarantined:
            return Invalid(
                _("“%(name)s” is in quarantine; its doses cannot be used.", name=found.name)
            )
        if not usable_on(found.expiration_date, used_on):
            return Invalid(
                _(
                    "“%(name)s” expired on %(day)s; its doses cannot be used. Record them as "
                    "wastage or return.",
                    name=found.name,
                    day=found.expiration_date.strftime("%m/%d/%Y"),
                )
            )
    return Invalid(
        _(
            "Only %(available)s doses are available on “%(name)s”; %(doses)s were entered.",
            available=f"{found.doses_available:,}",
            name=found.name,
            doses=f"{abs(doses):,}",
        ),
        field="doses",
    )


def _ensure_no_negative_day(inventory_id: int) -> None:
    """Raise `Invalid` if the ledger of the record, day by day, ever goes below zero."""
    rows = session().execute(
        select(DoseEntry.happened_on, DoseEntry.kind, func.sum(DoseEntry.doses))
        .where(DoseEntry.inventory_id == inventory_id)
        .group_by(DoseEntry.happened_on, DoseEntry.kind)
    )
    found = first_negative_day((day, on_hand(Kind(kind), doses)) for day, kind, doses in rows)
    if found is not None:
        day, balance = found
        raise Invalid(
            _(
                "On %(day)s the record would have been short of %(doses)s doses. "
                "Check the date and the number of doses.",
                day=day.strftime("%m/%d/%Y"),
                doses=f"{-balance:,}",
            ),
            field="happened_on",
        )
