"""Storage units: in which fridge or freezer the box of a record is kept."""

from collections.abc import Iterable

from sqlalchemy import func, select

from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.services import lock_arrivals
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.db import session
from portal.errors import Invalid
from portal.i18n import _

LONGEST = 60


def unit_key(storage_unit: str) -> str:
    """What two spellings of one storage unit have in common: no letter case, no white space."""
    return "".join(storage_unit.split()).casefold()


def as_spelled(storage_unit: str, known: Iterable[str]) -> str:
    """A storage unit as it is spelled in `known`; as it is, without needless white space, if it is
    none of them."""
    key = unit_key(storage_unit)
    return next((unit for unit in known if unit_key(unit) == key), " ".join(storage_unit.split()))


def list_storage_units(scope: Scope) -> list[str]:
    """The storage units of the present location in which doses are, by name."""
    return [unit for unit in count_by_storage_unit(scope) if unit]


def count_by_storage_unit(scope: Scope) -> dict[str, int]:
    """How many records of the present location have doses in each storage unit, by name; under ""
    those that are in none."""
    unit = VaccineInventory.storage_unit
    rows = session().execute(
        select(unit, func.count())
        .where(
            VaccineInventory.location_id == scope.location_id, VaccineInventory.doses_available > 0
        )
        .group_by(unit)
        .order_by(unit)
    )
    return {name: int(records) for name, records in rows}


def put_into(scope: Scope, record: VaccineInventory, storage_unit: str) -> None:
    """Say in which storage unit a record is kept; "" for none. No fact about its doses changes.

    One storage unit has one spelling at a location, that of the records that are in it: otherwise
    its count would leave records out.
    """
    scope.require("inventory.rename")
    scope.require_location(record.location_id)
    lock_arrivals(scope)
    others = session().scalars(
        select(VaccineInventory.storage_unit)
        .where(
            VaccineInventory.location_id == scope.location_id,
            VaccineInventory.id != record.id,
            VaccineInventory.storage_unit != "",
        )
        .group_by(VaccineInventory.storage_unit)
        .order_by(func.min(VaccineInventory.id))
    )
    before, unit = record.storage_unit, as_spelled(storage_unit, others)
    if len(unit) > LONGEST:
        raise Invalid(
            _("A storage unit has at most %(most)s characters.", most=LONGEST),
            field="storage_unit",
        )
    if unit == before:
        return
    record.storage_unit = unit
    record.version += 1
    session().flush()
    audit(
        scope.user,
        "inventory.stored",
        subject="inventory",
        subject_id=record.id,
        location_id=record.location_id,
        summary=record.name,
        before={"storage_unit": before},
        after={"storage_unit": unit},
    )
