"""Quarantine: a lot that may not be used until somebody releases it (SPEC D12).

A location manager holds a lot at the location (a fridge failed); a programme administrator holds it
everywhere at once (a recall), doses in transit too: they are in quarantine when they arrive.
"""

import zlib
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, update

from blueprints.inventory.ledger.reasons import QUARANTINE, ensure_explained
from blueprints.inventory.models import Quarantine, VaccineInventory
from blueprints.inventory.quarantine import notices as quarantine_notices
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.catalog.queries import find_product
from portal.clock import now
from portal.db import lock_number, session
from portal.errors import Conflict, Invalid, NotFound
from portal.formats.codes import lot_key, normalise_lot
from portal.i18n import _
from portal.people.models import User
from portal.remembering import remembered

LOT_LOCK = 650_002


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A lot to be held, and why. `everywhere` holds it at all locations."""

    product_id: int
    lot: str
    reason: str
    note: str = ""
    everywhere: bool = False
    confirmed: bool = False


def place(scope: Scope, hold: Hold) -> Quarantine:
    """Hold a lot, at the present location or everywhere; for another reason too if it is held
    already, since each hold is released by itself.

    Raises `Invalid` naming the field, or `Conflict` if it is held for this very reason.
    """
    scope.require("inventory.quarantine_everywhere" if hold.everywhere else "inventory.quarantine")
    ensure_explained(hold.reason, hold.note, QUARANTINE)
    product = find_product(hold.product_id)
    if product is None:
        raise Invalid(_("Choose a product from the list."), field="product")
    lot = normalise_lot(hold.lot)
    key = lot_key(lot)
    if hold.everywhere:
        lot = _as_received(product.id, key) or lot
    hold_lot(product.id, key)
    if hold.everywhere and not hold.confirmed:
        _ensure_known(product.id, key, lot)
    location_id = None if hold.everywhere else scope.location_id
    same = (Quarantine.reason == hold.reason, Quarantine.note == hold.note)
    if session().scalar(select(Quarantine.id).where(*_active(product.id, key, location_id), *same)):
        raise Conflict(_("This lot is already in quarantine for this reason."))
    made = Quarantine(
        location_id=location_id,
        product_id=product.id,
        product_name=product.name,
        lot=lot,
        lot_key=key,
        reason=hold.reason,
        note=hold.note,
        placed_by_id=scope.user.id,
    )
    session().add(made)
    session().flush()
    _mark(made, held=True)
    _audit(scope, "inventory.quarantined", made)
    quarantine_notices.tell_held(made, besides=scope.user.id)
    return made


def _as_received(product_id: int, key: str) -> str | None:
    """The lot number as an inventory writes it."""
    record = VaccineInventory
    known = select(record.lot).where(record.product_id == product_id, record.lot_key == key)
    return session().scalar(known.limit(1))


def _ensure_known(product_id: int, key: str, lot: str) -> None:
    """Raise `Invalid` (field "confirmed") if no location has ever had this lot of this product: a
    lot number read wrong would hold nothing."""
    record = VaccineInventory
    of_lot = select(record.product_id, record.product_name).where(record.lot_key == key).distinct()
    products = {row.product_id: row.product_name for row in session().execute(of_lot)}
    if product_id in products:
        return
    if products:
        message = _(
            "Lot %(lot)s is in the inventory as %(vaccines)s, not as the product above. Check "
            "the product, or check this box to hold it anyway.",
            lot=lot,
            vaccines=", ".join(sorted(products.values())),
        )
    else:
        message = _(
            "No location has a lot %(lot)s. Correct the number, or check this box to hold the "
            "lot when it arrives.",
            lot=lot,
        )
    raise Invalid(message, field="confirmed")


def release(scope: Scope, quarantine_id: int, *, note: str) -> set[int]:
    """Lift a hold; the locations whose doses may be used again (not those where something else
    holds the lot). Raises `Invalid` without a note, `Conflict` if it was released
    before, `NotFound` for another location's."""
    found = get_quarantine(scope, quarantine_id)
    everywhere = found.location_id is None
    scope.require("inventory.quarantine_everywhere" if everywhere else "inventory.quarantine")
    if not note:
        raise Invalid(_("Say in a few words why the lot may be used again."), field="note")
    hold_lot(found.product_id, found.lot_key)
    done = session().execute(
        update(Quarantine)
        .where(Quarantine.id == found.id, Quarantine.released_at.is_(None))
        .values(released_at=now(), released_by_id=scope.user.id, release_note=note)
        .execution_options(synchronize_session=False)
    )
    session().refresh(found)
    if done.rowcount != 1:  # type: ignore[attr-defined]
        user = session().get(User, found.released_by_id)
        raise Conflict(
            _("%(who)s has already released this lot.", who=user.full_name if user else "")
        )
    free = _mark(found, held=False)
    _audit(scope, "inventory.released", found)
    quarantine_notices.tell_released(found, besides=scope.user.id, at=_freed(found, free))
    return free


def _freed(released: Quarantine, records_at: set[int]) -> set[int]:
    """Where a release is told: wherever its hold was, doses on their way included, unless something
    else holds the lot somewhere; then only where records are free."""
    other = select(Quarantine.id).where(
        Quarantine.product_id == released.product_id,
        Quarantine.lot_key == released.lot_key,
        Quarantine.released_at.is_(None),
    )
    if session().scalar(other.limit(1)) is not None:
        return records_at
    return records_at | quarantine_notices.concerned(released)


def find_hold_at_sender(source: VaccineInventory) -> Quarantine | None:
    """The oldest hold of a record's lot at the record's location. The caller holds the lot."""
    holds = _holds(source.product_id, source.lot_key)
    return next((one for one in holds if one.location_id == source.location_id), None)


def follow(scope: Scope, held: Quarantine, target: VaccineInventory) -> None:
    """Hold what arrives from a location where the lot is held, for the same reason."""
    note = _("The doses came from a location where the lot is held.")
    hold_there(scope, target, reason=held.reason, note=note)


def hold_there(scope: Scope, record: VaccineInventory, *, reason: str, note: str) -> None:
    """Hold the lot of a record at the record's location, wherever the user is, for this reason
    too if it is held there for another: each hold is released by itself. A part of services: they
    have checked the right."""
    hold_lot(record.product_id, record.lot_key)
    active = _active(record.product_id, record.lot_key, record.location_id)
    same = (Quarantine.reason == reason, Quarantine.note == note)
    if session().scalar(select(Quarantine.id).where(*active, *same)):
        return
    made = Quarantine(
        location_id=record.location_id,
        product_id=record.product_id,
        product_name=record.product_name,
        lot=record.lot,
        lot_key=record.lot_key,
        reason=reason,
        note=note,
        placed_by_id=scope.user.id,
    )
    session().add(made)
    session().flush()
    _mark(made, held=True)
    _audit(scope, "inventory.quarantined", made)
    quarantine_notices.tell_held(made, besides=scope.user.id)


def get_quarantine(scope: Scope, quarantine_id: int) -> Quarantine:
    """A quarantine of the present location, or one that holds everywhere. Raises `NotFound`."""
    scope.require("inventory.view")
    found = session().get(Quarantine, quarantine_id)
    if found is None:
        raise NotFound
    if found.location_id is not None:
        scope.require_location(found.location_id)
    return found


def quarantines_of(record: VaccineInventory) -> list[Quarantine]:
    """What holds a record's lot now, here or everywhere, oldest first."""
    return _that_hold(record.location_id, record.product_id, record.lot_key)


def list_everywhere() -> list[Quarantine]:
    """The lots that are held everywhere now, newest first (at most 100)."""
    return list(
        session().scalars(
            select(Quarantine)
            .where(Quarantine.location_id.is_(None), Quarantine.released_at.is_(None))
            .order_by(Quarantine.id.desc())
            .limit(100)
        )
    )


def hold_lot(product_id: int, key: str) -> None:
    """Keep records of a lot from being made while its quarantine changes, and the other way round.

    SQLite has one writer anyway; PostgreSQL takes a lock that ends with the transaction.
    """
    lock_number(LOT_LOCK, zlib.crc32(f"{product_id}:{key}".encode()) - 2**31)


def is_held(location_id: int, product_id: int, key: str) -> bool:
    """Whether a new record of the lot at the location begins in quarantine."""
    return bool(_that_hold(location_id, product_id, key))


def _that_hold(location_id: int, product_id: int, key: str) -> list[Quarantine]:
    holds = _holds(product_id, key)
    return [one for one in holds if one.location_id in (None, location_id)]


@remembered("quarantine")
def _holds(product_id: int, key: str) -> list[Quarantine]:
    """What holds a lot now, wherever it does, oldest first."""
    query = select(Quarantine).where(
        Quarantine.product_id == product_id,
        Quarantine.lot_key == key,
        Quarantine.released_at.is_(None),
    )
    return list(session().scalars(query.order_by(Quarantine.id)))


def _active(product_id: int, key: str, location_id: int | None) -> list[ColumnElement[bool]]:
    return [
        Quarantine.product_id == product_id,
        Quarantine.lot_key == key,
        Quarantine.released_at.is_(None),
        Quarantine.location_id.is_(None)
        if location_id is None
        else Quarantine.location_id == location_id,
    ]


def _mark(quarantine: Quarantine, *, held: bool) -> set[int]:
    """Bring the records of the lot in line with what holds them now; the locations of those that
    changed."""
    record = VaccineInventory
    statement = update(record).where(
        record.product_id == quarantine.product_id,
        record.lot_key == quarantine.lot_key,
        record.quarantined.is_not(held),
    )
    if quarantine.location_id is not None:
        statement = statement.where(record.location_id == quarantine.location_id)
    if not held:
        other = select(Quarantine.id).where(
            Quarantine.product_id == record.product_id,
            Quarantine.lot_key == record.lot_key,
            Quarantine.released_at.is_(None),
            or_(Quarantine.location_id.is_(None), Quarantine.location_id == record.location_id),
        )
        statement = statement.where(~other.exists())
    changed = statement.values(quarantined=held).returning(record.location_id)
    session().flush()
    found = set(session().scalars(changed.execution_options(synchronize_session=False)))
    session().expire_all()
    return found


def _audit(scope: Scope, action: str, quarantine: Quarantine) -> None:
    audit(
        scope.user,
        action,
        subject="quarantine",
        subject_id=quarantine.id,
        location_id=quarantine.location_id,
        summary=f"{quarantine.product_name}, {quarantine.lot}",
        after={"reason": quarantine.reason, "everywhere": quarantine.location_id is None},
    )
