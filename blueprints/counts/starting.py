"""Starting a count: what should be there, at one moment."""

from typing import Any

from sqlalchemy import func, select

from blueprints.counts.models import StockCount, StockCountLine
from blueprints.counts.queries import Count, find_open, get_count
from blueprints.counts.services import note_down
from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.storage import as_spelled, count_by_storage_unit
from portal.access.scope import Scope
from portal.db import insert, session
from portal.errors import Conflict, Invalid
from portal.i18n import _


class AlreadyOpen(Conflict):
    """A count of the same part is open; `count_id` leads to it."""

    def __init__(self, message: str, count_id: int) -> None:
        super().__init__(message)
        self.count_id = count_id


def start(scope: Scope, storage_unit: str | None = None) -> Count:
    """Begin a count: the doses that should be there, of one storage unit of the present location,
    of the records that are in none (""), or of all (None); expired ones and those in quarantine
    included, however many they are.

    Raises `AlreadyOpen` if there is an open one, `Invalid` if there is nothing to count.
    """
    scope.require("counts.handle")
    nothing = Invalid(
        _("No doses are available there, so there is nothing to count."), field="storage_unit"
    )
    if storage_unit is not None:
        known = count_by_storage_unit(scope)
        storage_unit = as_spelled(storage_unit, known)
        if storage_unit not in known:
            raise nothing
    statement = (
        insert(StockCount)
        .values(
            location_id=scope.location_id,
            storage_unit=storage_unit or "",
            without_unit=storage_unit == "",
            started_by_id=scope.user.id,
        )
        .on_conflict_do_nothing()
        .returning(StockCount.id)
    )
    count_id = session().scalar(statement)
    if count_id is None:
        raise _already_open(scope, storage_unit)
    records = _snapshot(scope, storage_unit)
    if not records:
        raise nothing
    session().add_all(
        StockCountLine(
            count_id=count_id,
            number=number,
            inventory_id=record_id,
            storage_unit=unit,
            expected_doses=doses,
            last_entry_id=entry_id,
        )
        for number, (record_id, unit, doses, entry_id) in enumerate(records, 1)
    )
    session().flush()
    count = get_count(scope, count_id)
    taken: dict[str, Any] = {
        "storage_unit": count.row.storage_unit,
        "expected": sum(doses for _record, _unit, doses, _entry in records),
    }
    if count.row.without_unit:
        taken["without_unit"] = True
    note_down(scope, "started", count.row, taken)
    return count


def _already_open(scope: Scope, storage_unit: str | None) -> Conflict:
    found = find_open(scope, storage_unit)
    if found is None:
        return Conflict(_("Someone else is starting this count. Please try again."))
    if storage_unit is None:
        text = _("All storage units are already being counted.")
    elif storage_unit:
        text = _("“%(unit)s” is already being counted.", unit=storage_unit)
    else:
        text = _("The records without a storage unit are already being counted.")
    return AlreadyOpen(text, found.id)


def _snapshot(scope: Scope, storage_unit: str | None) -> list[Any]:
    """What should be there, in the order of the sheet; records without a storage unit last.

    One statement: the doses and the newest entry are those of one moment."""
    record = VaccineInventory
    newest = (
        select(func.max(DoseEntry.id))
        .where(DoseEntry.inventory_id == record.id)
        .correlate(record)
        .scalar_subquery()
    )
    query = select(record.id, record.storage_unit, record.doses_available, newest).where(
        record.location_id == scope.location_id, record.doses_available > 0
    )
    if storage_unit is not None:
        query = query.where(record.storage_unit == storage_unit)
    order = (record.storage_unit == "", record.storage_unit, record.name_key, record.id)
    return list(session().execute(query.order_by(*order)))
