"""Writing the dose ledger. Nothing else changes a number of doses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select, update

from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import (
    NEEDS_USABLE,
    Kind,
    changes,
    ensure_doses,
    first_negative_day,
    on_hand,
    why_unusable,
)
from blueprints.shipments.services import note_received
from portal.access.scope import Actor
from portal.audit.services import seal
from portal.db import lock, session, together
from portal.errors import Conflict, Invalid, NotFound, PortalError
from portal.i18n import _, ngettext

# What the records' ledgers say of each day and kind.
DAYS_OF = (
    select(
        DoseEntry.inventory_id,
        VaccineInventory.name,
        DoseEntry.happened_on,
        DoseEntry.kind,
        func.sum(DoseEntry.doses),
    )
    .join(VaccineInventory, VaccineInventory.id == DoseEntry.inventory_id)
    .where(DoseEntry.inventory_id.in_(bindparam("record_ids", expanding=True)))
    .group_by(DoseEntry.inventory_id, VaccineInventory.name, DoseEntry.happened_on, DoseEntry.kind)
)
RECORD = select(VaccineInventory.id).where(VaccineInventory.id == bindparam("record"))


@dataclass(frozen=True, kw_only=True)
class Movement:
    """Doses that came or went: `doses` of a `kind`, on the day `happened_on`. `before_hold` says
    that they were used before their record was put in quarantine, which does not matter then."""

    kind: Kind
    doses: int
    happened_on: date
    reason: str = ""
    note: str = ""
    document_id: int | None = None
    shipment_id: int | None = None
    before_hold: bool = False


def post(actor: Actor | None, inventory_id: int, movement: Movement) -> DoseEntry:
    """Write an entry and move the record's counters, and the shipment's, with it.

    Raises `Invalid` if fewer doses are available than leave, if the lot may not be used for this
    (expired on that day, or in quarantine), or if the entry would make a later day negative;
    nothing is written then.
    """
    return post_all(actor, [(inventory_id, movement)])[0]


def post_all(actor: Actor | None, movements: Sequence[tuple[int, Movement]]) -> list[DoseEntry]:
    """Write several entries, each a record and what came to it or left it, in this order: all of
    them or none. Raises what `post` raises."""
    for _record, movement in movements:
        ensure_doses(movement.doses)
    entries: dict[int, DoseEntry] = {}
    with together():
        # In the order of the records, as all who take doses do: nobody waits in a circle.
        for place in sorted(range(len(movements)), key=lambda place: movements[place][0]):
            entries[place] = _entry(actor, *movements[place])
        return _write(*(entries[place] for place in range(len(movements))))


def _entry(actor: Actor | None, inventory_id: int, movement: Movement) -> DoseEntry:
    """The entry of a movement, once the record's counters have moved."""
    return DoseEntry(
        inventory_id=inventory_id,
        location_id=_move(
            inventory_id,
            movement.kind,
            movement.doses,
            used_on=movement.happened_on,
            before_hold=movement.before_hold,
        ),
        kind=movement.kind,
        doses=movement.doses,
        happened_on=movement.happened_on,
        actor_id=actor.id if actor else None,
        shipment_id=movement.shipment_id,
        reason=movement.reason,
        note=movement.note,
        document_id=movement.document_id,
    )


def reverse(
    actor: Actor | None,
    entry_id: int,
    *,
    happened_on: date,
    note: str = "",
    doses: int | None = None,
    reason: str = "",
) -> DoseEntry:
    """Undo an entry by its opposite; the original stays and is linked. `note` says why, `reason`
    too if it is another than the original's.

    `doses` undoes only so many: of a transfer some may come back, while the others arrived.

    A part of services, not a use case: whoever calls it has loaded the record through the user's
    scope, checked the right, refused a day in the future, and writes the audit entry.

    Raises `Conflict` if it was reversed before, or if the doses it brought are gone by now;
    nothing is written then.
    """
    original = session().get(DoseEntry, entry_id)
    if original is None:
        raise NotFound
    lock_record(original.inventory_id)
    ensure_standing(original)
    undone = original.doses if doses is None else doses
    if not 0 < undone <= original.doses:
        raise ValueError(f"{undone} of {original.doses} doses cannot be reversed")
    kind = Kind(original.kind)
    try:
        with together():
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
                    reason=reason or original.reason,
                    note=note,
                    document_id=original.document_id,
                    reverses_id=original.id,
                )
            )[0]
    except Invalid as refusal:
        raise Conflict(
            _("Some of these doses have been used since. Reverse those entries first.")
        ) from refusal


def ensure_standing(entry: DoseEntry) -> None:
    """Raise `Conflict` for an entry that is a reversal or has been reversed."""
    if entry.reverses_id is not None:
        raise Conflict(_("A reversal cannot be reversed. Enter the doses again instead."))
    if session().scalar(select(DoseEntry.id).where(DoseEntry.reverses_id == entry.id)):
        raise Conflict(_("This entry has already been reversed."))


def _write(*entries: DoseEntry) -> list[DoseEntry]:
    session().add_all(entries)
    session().flush()
    seal(*entries)
    ensure_never_short({entry.inventory_id: 0 for entry in entries}, entries[0].happened_on)
    for entry in entries:
        if entry.kind == Kind.RECEIVED and entry.shipment_id is not None:
            note_received(entry.shipment_id, entry.doses)
    return list(entries)


def lock_record(inventory_id: int) -> None:
    """Make every other writer of this record wait until this transaction ends."""
    lock(RECORD, {"record": inventory_id})


def lock_records(inventory_ids: Select[int]) -> None:
    """Make every other writer of these records wait until this transaction ends.

    They are taken in the order of their ids, as all who take doses of several do.
    """
    lock(
        select(VaccineInventory.id)
        .where(VaccineInventory.id.in_(inventory_ids))
        .order_by(VaccineInventory.id)
    )


def _move(
    inventory_id: int,
    kind: Kind,
    doses: int,
    *,
    used_on: date | None = None,
    before_hold: bool = False,
) -> int:
    """Move the counters, in one statement that refuses to go below zero, or to use what may not be;
    returns the record's location. A record that is in memory is as it is now.

    It also makes every other writer of this record wait until this transaction ends.
    """
    moved = changes(kind, doses)
    if used_on is not None and kind not in NEEDS_USABLE:
        used_on = None
    statement = _moving(
        tuple((name, change < 0) for name, change in moved.items()),
        usable=used_on is not None,
        held=before_hold,
    )
    values = {f"more_{name}": change for name, change in moved.items()}
    values |= {f"least_{name}": -change for name, change in moved.items() if change < 0}
    asked = {"record": inventory_id, **values, **({"used_on": used_on} if used_on else {})}
    found: VaccineInventory | None = session().scalar(statement, asked)
    if found is None:
        raise _refusal(inventory_id, kind, doses, used_on)
    return found.location_id


@cache
def _moving(counters: tuple[tuple[str, bool], ...], *, usable: bool, held: bool) -> Any:
    """The statement that moves these counters of a record, each with whether it falls: made once,
    since each dose that is given asks for it."""
    record = VaccineInventory
    statement = (
        update(record)
        .where(record.id == bindparam("record"))
        .values({name: getattr(record, name) + bindparam(f"more_{name}") for name, _ in counters})
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    for name, falls in counters:
        if falls:
            statement = statement.where(getattr(record, name) >= bindparam(f"least_{name}"))
    if usable:
        statement = statement.where(record.expiration_date >= bindparam("used_on"))
        if not held:
            statement = statement.where(record.quarantined.is_(False))
    return statement.returning(record)


def _refusal(inventory_id: int, kind: Kind, doses: int, used_on: date | None) -> PortalError:
    """Why the counters could not be moved."""
    found = session().get(VaccineInventory, inventory_id, populate_existing=True)
    if found is None:
        return NotFound()
    if used_on is not None and kind in NEEDS_USABLE:
        sentence = why_unusable(
            found.name,
            quarantined=found.quarantined,
            expiration_date=found.expiration_date,
            day=used_on,
        )
        if sentence:
            return Invalid(sentence)
    return Invalid(
        ngettext(
            "Only %(available)s dose of “%(name)s” is available. You entered %(doses)s.",
            "Only %(available)s doses of “%(name)s” are available. You entered %(doses)s.",
            found.doses_available,
            available=f"{found.doses_available:,}",
            name=found.name,
            doses=f"{abs(doses):,}",
        ),
        field="doses",
    )


def ensure_never_short(leaving: Mapping[int, int], day: date) -> None:
    """Raise `Invalid` if the ledger of a record goes below zero on any day, `leaving` included:
    by record, so many more doses that leave it on `day`.

    Asked before a form is reviewed, and again for each entry that is written.
    """
    movements: dict[int, list[tuple[date, int]]] = {
        number: [(day, -doses)] for number, doses in leaving.items()
    }
    names: dict[int, str] = {}
    session().flush()
    rows = session().connection().execute(DAYS_OF, {"record_ids": list(movements)})
    for number, name, happened_on, kind, doses in rows:
        names[number] = name
        movements[number].append((happened_on, on_hand(Kind(kind), doses)))
    for number, name in names.items():
        found = first_negative_day(movements[number])
        if found is not None:
            raise Invalid(_shortage(name, movements[number], *found), field="happened_on")


def _shortage(name: str, movements: list[tuple[date, int]], day: date, balance: int) -> str:
    """What is wrong with a day on which more doses left than had come."""
    first = min((came for came, change in movements if change > 0), default=day)
    if day < first:
        return _(
            "The first doses of “%(name)s” came on %(day)s.", name=name, day=f"{first:%m/%d/%Y}"
        )
    return ngettext(
        "On %(day)s “%(name)s” would have been short by %(doses)s dose. Check the date and the "
        "number of doses.",
        "On %(day)s “%(name)s” would have been short by %(doses)s doses. Check the date and the "
        "number of doses.",
        -balance,
        day=f"{day:%m/%d/%Y}",
        name=name,
        doses=f"{-balance:,}",
    )
