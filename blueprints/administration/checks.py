"""What `portal check` proves of doses given here."""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from blueprints.administration.models import Administration
from blueprints.administration.queries import is_newest
from blueprints.administration.rules import RecordState
from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.recipients.models import Vaccination
from portal.db import session


def doses() -> Iterator[str]:
    """Doses whose line of the ledger is not one dose of their lot, is not reversed although the
    record was removed, or is although it was not; and lines that two doses share."""
    undone = aliased(DoseEntry)
    rows = session().execute(
        select(
            Administration.vaccination_id,
            Administration.state,
            Administration.inventory_id,
            DoseEntry.inventory_id.label("record"),
            DoseEntry.kind,
            DoseEntry.doses,
            undone.id.label("undone"),
        )
        .join(DoseEntry, DoseEntry.id == Administration.entry_id)
        .outerjoin(undone, undone.reverses_id == DoseEntry.id)
        .where(is_newest())
    )
    for row in rows:
        removed = row.state == RecordState.REMOVED
        exact = (row.inventory_id, Kind.ADMINISTERED, 1) == (row.record, row.kind, row.doses)
        if not exact or (row.undone is not None) != removed:
            yield f"Vaccination {row.vaccination_id}: its dose is not right in the ledger."
    shared = (
        select(Administration.entry_id)
        .group_by(Administration.entry_id)
        .having(func.count(func.distinct(Administration.vaccination_id)) > 1)
    )
    for number in session().scalars(shared):
        yield f"Dose entry {number}: two vaccinations say that it is theirs."


def facts() -> Iterator[str]:
    """Vaccinations that say something else than the newest version of their record."""
    rows = session().execute(
        select(Vaccination, Administration, VaccineInventory)
        .join(Administration, Administration.vaccination_id == Vaccination.id)
        .join(VaccineInventory, VaccineInventory.id == Administration.inventory_id)
        .where(is_newest())
    )
    for dose, newest, record in rows:
        said = (dose.dose_number, dose.given_at, dose.product_id, dose.lot_number, dose.location_id)
        true = (
            newest.dose_number,
            newest.given_at,
            record.product_id,
            record.lot,
            newest.location_id,
        )
        if said != true or (dose.state == "given") != (newest.state == RecordState.GIVEN):
            yield f"Vaccination {dose.id} does not say what its newest version says."
