"""Sample open vials for practice mode: one in use and one whose time is nearly over."""

from datetime import timedelta

from sqlalchemy import func, select

from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.vials.rules import limit_of
from blueprints.vials.services import note_dose_taken
from portal.access.scope import Scope
from portal.accounts.practice import manager_of
from portal.catalog.queries import facts_on
from portal.clock import now
from portal.db import session, unit_of_work
from portal.places.models import Location

# How many vials are open, of which the last is nearly over its time.
VIALS = 2
LATELY, NEARLY = timedelta(minutes=50), timedelta(minutes=40)


def fill() -> None:
    """At each location, open the vials from which doses were given today."""
    with unit_of_work(write=False) as current:
        places = list(current.scalars(select(Location.id).order_by(Location.id)))
    for place in places:
        with unit_of_work():
            scope = manager_of(place)
            if scope is not None:
                _open(scope)


def _open(scope: Scope) -> None:
    record = VaccineInventory
    rows = session().execute(
        select(record.id, record.product_id, func.count())
        .join(DoseEntry, DoseEntry.inventory_id == record.id)
        .where(
            record.location_id == scope.location_id,
            DoseEntry.kind == Kind.ADMINISTERED,
            DoseEntry.happened_on == scope.today(),
        )
        .group_by(record.id, record.product_id)
        .order_by(record.id.desc())
        .limit(VIALS)
    )
    for number, (inventory_id, product_id, doses) in enumerate(rows.all(), 1):
        facts = facts_on(product_id, scope.today())
        limit = limit_of(facts.after_puncture_limit, scope.today()) if facts else None
        ago = limit - NEARLY if number == VIALS and limit else LATELY
        for _dose in range(doses):
            note_dose_taken(inventory_id, at=now() - ago, actor=scope.user)
