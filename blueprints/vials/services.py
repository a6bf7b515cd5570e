"""What becomes of open vials: doses taken and put back, what is left wasted, an extra dose found.

Doses move on the ledger alone. Whoever records a dose given calls `note_dose_taken` in the same
transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.ledger.entries import lock_record
from blueprints.inventory.models import StockDocument, VaccineInventory
from blueprints.inventory.rules import DocumentKind
from blueprints.inventory.services import add_extra_dose
from blueprints.vials import rules
from blueprints.vials.models import OpenVial, VialDose
from blueprints.vials.queries import get_vial, vials_of, wasted_beside
from blueprints.vials.rules import VialState
from blueprints.wastage.services import Loss, record_loss
from portal.access.scope import Actor, Place, Scope
from portal.audit.services import record as audit
from portal.catalog.queries import doses_in_vial, facts_on
from portal.clock import local
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.formats.shown import number
from portal.i18n import _, ngettext
from portal.places.models import Location

NEW = "new"
DOSE_TAKEN = insert(VialDose)


@dataclass(frozen=True, kw_only=True)
class DoseSource:
    """From where a dose came: who gave it, by which line of the ledger it left its record, and the
    vial that was chosen: its id as text, `NEW` for one that was punctured for it, or blank."""

    by_id: int | None = None
    entry_id: int | None = None
    vial: str = ""


def note_dose_taken(
    inventory_id: int,
    *,
    at: datetime,
    actor: Actor | None,
    source: DoseSource | None = None,
    here: Place | None = None,
) -> OpenVial:
    """A dose of the record was given `at` that moment: it came from the vial that was chosen, from
    the one in use then, or one was opened for it. `here` is the location, if that is known.

    A part of services, not a use case: whoever calls it has checked the right and posts the dose on
    the ledger, in the same transaction. Raises `Conflict` if it cannot be of the chosen vial.
    """
    source = source or DoseSource()
    record = _lock(inventory_id)
    if here is None or here.id != record.location_id:
        zone = session().get_one(Location, record.location_id).time_zone
    else:
        zone = here.time_zone
    day = local(at, zone).date()
    facts = facts_on(record.product_id, day)
    limit = rules.limit_of(facts.after_puncture_limit, day) if facts else None
    by_id = source.by_id or (actor.id if actor else None)
    vials = vials_of(inventory_id)
    vial = _chosen(vials, source.vial, at, limit, zone=zone, by_id=by_id)
    if vial is None:
        vial = OpenVial(
            inventory_id=record.id,
            location_id=record.location_id,
            punctured_at=at,
            beyond_use_at=at + limit if limit else None,
            doses=doses_in_vial(record.product_id, day),
            taken=0,
            punctured_by_id=by_id,
        )
        session().add(vial)
    elif at < vial.punctured_at:
        vial.punctured_at = at
        vial.beyond_use_at = at + limit if limit else None
    vial.taken += 1
    _open(vial)
    session().flush()
    if source.entry_id is not None:
        taken = {"entry_id": source.entry_id, "vial_id": vial.id}
        session().connection().execute(DOSE_TAKEN, taken)
    return vial


def _chosen(
    vials: Sequence[OpenVial],
    choice: str,
    at: datetime,
    limit: timedelta | None,
    *,
    zone: str,
    by_id: int | None,
) -> OpenVial | None:
    """The vial that a dose came from; None for a new one."""
    if choice == NEW:
        return None
    gone = wasted_beside(vials)
    day = local(at, zone).date()
    punctured = [
        rules.Punctured(
            id=vial.id,
            punctured_at=vial.punctured_at,
            beyond_use_at=vial.beyond_use_at,
            same_day=local(vial.punctured_at, zone).date() == day,
            empty=vial.doses is not None and vial.taken + gone.get(vial.id, 0) >= vial.doses,
            own=by_id is not None and vial.punctured_by_id == by_id,
        )
        for vial in vials
    ]
    if choice:
        punctured = [one for one in punctured if str(one.id) == choice]
    chosen = rules.vial_of(punctured, at, limit)
    if choice and chosen is None:
        raise Conflict(
            _(
                "The open vial you chose is of another lot, empty, or its time is over. Nothing "
                "was saved. Choose the vial again."
            )
        )
    return next((vial for vial in vials if vial.id == chosen), None)


def note_dose_put_back(inventory_id: int, *, at: datetime, entry_id: int | None = None) -> None:
    """The dose of the record that was noted as given `at` that moment was not: it is in its vial
    again. The vial stays open, its clock running, until somebody says that it was not opened.

    `entry_id` is the line of the ledger by which it had left. Of a vial whose rest was wasted, and
    of one that is not known, nothing changes.
    """
    _lock(inventory_id)
    dose = session().get(VialDose, entry_id) if entry_id is not None else None
    if dose is not None:
        vial = session().get_one(OpenVial, dose.vial_id)
        session().delete(dose)
    else:
        found = session().scalar(
            select(OpenVial)
            .where(
                OpenVial.inventory_id == inventory_id,
                OpenVial.punctured_at <= at,
                OpenVial.taken > 0,
            )
            .order_by(OpenVial.punctured_at.desc(), OpenVial.id.desc())
            .limit(1)
        )
        if found is None:
            return
        vial = found
    session().flush()
    is_closed = vial.state == VialState.WASTED and vial not in vials_of(inventory_id)
    if is_closed or not vial.taken:
        return
    vial.taken -= 1
    _open(vial)
    session().flush()


def left_of(vial: OpenVial) -> int:
    """The doses left in a vial in use; none in any other."""
    vials = vials_of(vial.inventory_id)
    available = session().get_one(VaccineInventory, vial.inventory_id).doses_available
    gone = wasted_beside(vials)
    for one in vials:
        left = rules.left_in(one.doses, one.taken, gone.get(one.id, 0), available)
        if one.id == vial.id:
            return left
        available -= left
    return 0


def waste(
    scope: Scope,
    vial_id: int,
    *,
    doses: int,
    reason: str,
    note: str = "",
    confirmed: bool = False,
) -> StockDocument:
    """Record what is left in a vial as wastage and close it.

    Raises `Conflict` if nothing is left in it, `Invalid` for more doses than are left, and what
    `record_loss` raises.
    """
    vial = _lock_vial(scope, vial_id)
    left = left_of(vial)
    if not left:
        raise Conflict(_("Nothing is left in this vial. Nothing was saved."))
    if doses > left:
        raise Invalid(
            ngettext(
                "Only %(left)s dose is left in this vial.",
                "Only %(left)s doses are left in this vial.",
                left,
                left=number(left),
            ),
            field="doses",
        )
    document = record_loss(
        scope,
        Loss(
            kind=DocumentKind.WASTAGE,
            lines=[Chosen(vial.inventory_id, doses)],
            happened_on=scope.today(),
            reason=reason,
            vial="open",
            note=note,
            confirmed=confirmed,
        ),
    )
    vial.state, vial.document_id = VialState.WASTED, document.id
    session().flush()
    return document


def find_extra_dose(scope: Scope, vial_id: int, *, seen: int) -> None:
    """Add a dose that the vial held beyond its label, to the vial and the record.

    `seen` is how many doses the vial had when the user looked. Raises `Conflict` if it has another
    number by now, or is wasted, and what `add_extra_dose` raises.
    """
    vial = _lock_vial(scope, vial_id)
    if vial.doses != seen or vial.state == VialState.WASTED:
        raise Conflict(_("This vial has changed since you looked. Nothing was saved. Check it."))
    add_extra_dose(scope, vial.inventory_id)
    vial.doses = seen + 1
    vial.state = VialState.OPEN
    session().flush()


def say_not_opened(scope: Scope, vial_id: int) -> None:
    """Take a vial off the list that was only opened by a dose that was put back.

    Raises `Conflict` if doses were given from it.
    """
    scope.require("vials.handle")
    vial = _lock_vial(scope, vial_id)
    if vial.taken or vial.state != VialState.OPEN:
        raise Conflict(_("Doses were given from this vial, so it was opened. Nothing was changed."))
    audit(
        scope.user,
        "vial.not_opened",
        subject="vial",
        subject_id=vial.id,
        location_id=vial.location_id,
        before={"inventory": vial.inventory_id, "punctured_at": vial.punctured_at.isoformat()},
    )
    session().execute(delete(VialDose).where(VialDose.vial_id == vial.id))
    session().delete(vial)
    session().flush()


def _lock(inventory_id: int) -> VaccineInventory:
    """The record, with all others who move its doses or vials waiting."""
    lock_record(inventory_id)
    return session().get_one(VaccineInventory, inventory_id)


def _lock_vial(scope: Scope, vial_id: int) -> OpenVial:
    vial = get_vial(scope, vial_id)
    _lock(vial.inventory_id)
    session().refresh(vial)
    return vial


def _open(vial: OpenVial) -> None:
    """Say whether the vial is used up. A reversed wastage is not its own any more."""
    vial.document_id = None
    used_up = vial.doses is not None and vial.taken >= vial.doses
    vial.state = VialState.USED_UP if used_up else VialState.OPEN
