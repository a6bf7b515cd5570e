"""Reading open vials: how many doses are left in them, and for how long."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased

from blueprints.inventory.models import DoseEntry, StockDocument, VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.vials.models import OpenVial
from blueprints.vials.rules import VialState, left_in
from portal.access.scope import Scope
from portal.catalog.queries import facts_of, facts_on
from portal.clock import local, now
from portal.db import session
from portal.people.models import User
from portal.remembering import remembered

SHOWN = 30


@dataclass(frozen=True)
class OpenedVial:
    """A vial as pages show it.

    `minutes_left` is None where the product data does not say how long it may be used; `limit` is
    what the data does say then. `extra` is whether it may be used, and its label admits one more
    dose than it had. `opened_by` is who punctured it, blank if that is not known.
    """

    vial: OpenVial
    record: VaccineInventory
    doses_left: int
    minutes_left: int | None
    limit: str
    extra: bool
    opened_by: str = ""

    @property
    def over(self) -> bool:
        """Whether its doses may no longer be given."""
        return self.minutes_left is not None and self.minutes_left <= 0


def get_vial(scope: Scope, vial_id: int) -> OpenVial:
    """The vial, if it is at the present location. Raises `NotFound`."""
    scope.require("vials.view")
    vial = session().get(OpenVial, vial_id)
    scope.require_location(vial.location_id if vial else None)
    assert vial is not None
    return vial


@remembered("open_vial", "vaccine_inventory", "dose_entry", "stock_document", "user_account")
def open_vials(scope: Scope) -> list[OpenedVial]:
    """The vials in use at the present location with doses left, those that end first on top."""
    scope.require("vials.view")
    rows = session().execute(OPEN_HERE, {"location_id": scope.location_id}).all()
    facts_of(frozenset(row.VaccineInventory.product_id for row in rows))
    gone = wasted_beside([row.OpenVial for row in rows])
    available = {row.VaccineInventory.id: row.VaccineInventory.doses_available for row in rows}
    found = []
    for vial, record, first, last in rows:
        left = left_in(vial.doses, vial.taken, gone.get(vial.id, 0), available[record.id])
        available[record.id] -= left
        if left:
            name = f"{first} {last}" if first else ""
            found.append(replace(_shown(scope, vial, record, left), opened_by=name))
    found.sort(key=lambda one: (one.minutes_left is None, one.minutes_left or 0))
    return found[:SHOWN]


def used_up_today(scope: Scope) -> list[OpenedVial]:
    """The vials used up at the present location that may still be used, and whose label admits one
    more dose."""
    scope.require("vials.view")
    rows = session().execute(
        select(OpenVial, VaccineInventory)
        .join(VaccineInventory, VaccineInventory.id == OpenVial.inventory_id)
        .where(
            OpenVial.location_id == scope.location_id,
            OpenVial.state == VialState.USED_UP,
            OpenVial.beyond_use_at > now(),
        )
        .order_by(OpenVial.punctured_at, OpenVial.id)
        .limit(SHOWN)
    )
    found = [_shown(scope, vial, record, 0) for vial, record in rows]
    return [one for one in found if one.extra]


def _shown(scope: Scope, vial: OpenVial, record: VaccineInventory, left: int) -> OpenedVial:
    facts = facts_on(record.product_id, local(vial.punctured_at, scope.place.time_zone).date())
    label = facts.doses_per_vial if facts else None
    most = (facts.doses_per_vial_most if facts else None) or (label + 1 if label else None)
    minutes = _minutes_to(vial.beyond_use_at) if vial.beyond_use_at else None
    return OpenedVial(
        vial=vial,
        record=record,
        doses_left=left,
        minutes_left=minutes,
        limit=facts.after_puncture_limit if facts and minutes is None else "",
        extra=minutes != 0 and bool(vial.doses and most and vial.doses < most),
    )


def _minutes_to(moment: datetime) -> int:
    """Whole minutes from now, none once the moment has come."""
    return max(0, int((moment - now()).total_seconds() // 60))


def vials_of(inventory_id: int) -> list[OpenVial]:
    """The vials of a record that are in use, whoever asks."""
    return list(session().scalars(OPEN_OF_RECORD, {"inventory_id": inventory_id}))


def wasted_beside(vials: Sequence[OpenVial]) -> dict[int, int]:
    """By vial, the doses that wastage of open vials took from it which was recorded elsewhere, as
    the ledger says; of several vials of a record from the one punctured first."""
    wasted = _open_wastage({vial.inventory_id for vial in vials}) if vials else []
    found: dict[int, int] = {}
    for inventory_id, recorded_at, doses in wasted:
        rest = doses
        for vial in vials:
            if vial.inventory_id != inventory_id or vial.punctured_at > recorded_at:
                continue
            taken = found.get(vial.id, 0)
            part = rest if vial.doses is None else min(rest, vial.doses - vial.taken - taken)
            found[vial.id] = taken + max(0, part)
            rest -= max(0, part)
    return found


def _open_wastage(inventory_ids: Collection[int]) -> list[tuple[int, datetime, int]]:
    """Record, moment and doses of each wastage of open vials, less what was reversed of it, but
    for those that belong to a vial."""
    asked = {"inventory_ids": list(inventory_ids)}
    rows = session().connection().execute(OPEN_WASTAGE, asked)
    return [(number, at, int(doses)) for number, at, doses in rows]


# Made once: each dose that is given asks for them several times. A vial whose wastage was reversed
# is in use again.
_reversal = aliased(DoseEntry)
_IN_USE = or_(
    OpenVial.state == VialState.OPEN,
    and_(
        OpenVial.state == VialState.WASTED,
        exists().where(
            _reversal.document_id == OpenVial.document_id, _reversal.reverses_id.is_not(None)
        ),
    ),
)
OPEN_HERE = (
    select(OpenVial, VaccineInventory, User.first_name, User.last_name)
    .join(VaccineInventory, VaccineInventory.id == OpenVial.inventory_id)
    .outerjoin(User, User.id == OpenVial.punctured_by_id)
    .where(
        OpenVial.location_id == bindparam("location_id"),
        VaccineInventory.doses_available > 0,
        _IN_USE,
    )
    .order_by(OpenVial.punctured_at, OpenVial.id)
)
OPEN_OF_RECORD = (
    select(OpenVial)
    .where(OpenVial.inventory_id == bindparam("inventory_id"), _IN_USE)
    .order_by(OpenVial.punctured_at, OpenVial.id)
)
_FIRST_PUNCTURED = (
    select(func.min(OpenVial.punctured_at))
    .where(OpenVial.inventory_id == DoseEntry.inventory_id, _IN_USE)
    .scalar_subquery()
)
OPEN_WASTAGE = (
    select(DoseEntry.inventory_id, StockDocument.created_at, func.sum(DoseEntry.doses))
    .join(StockDocument, StockDocument.id == DoseEntry.document_id)
    .where(
        DoseEntry.inventory_id.in_(bindparam("inventory_ids", expanding=True)),
        DoseEntry.kind == Kind.WASTED,
        StockDocument.vial == "open",
        StockDocument.created_at >= _FIRST_PUNCTURED,
        ~exists().where(OpenVial.document_id == StockDocument.id),
    )
    .group_by(DoseEntry.inventory_id, StockDocument.id, StockDocument.created_at)
    .order_by(StockDocument.created_at, StockDocument.id)
)
