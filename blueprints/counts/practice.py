"""Two storage units for practice mode, at the first location: one counted, one being counted."""

from dataclasses import replace

from sqlalchemy import select

from blueprints.counts import services
from blueprints.counts.queries import Count, list_lines
from blueprints.counts.rules import mark_of
from blueprints.counts.starting import start
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.storage import put_into
from portal.access.scope import Scope
from portal.accounts.practice import manager_of
from portal.catalog.queries import facts_on
from portal.db import session, unit_of_work
from portal.places.models import Location

# By how cold a product is kept.
UNITS = {"frozen": "Freezer", "ultra-cold": "Freezer"}
RIGHTS = frozenset({"counts.view", "counts.handle", "inventory.rename"})


def fill() -> None:
    """Put the records into storage units, count one of these and begin with the other."""
    with unit_of_work():
        place = session().scalar(select(Location.id).order_by(Location.name).limit(1))
        scope = manager_of(place) if place is not None else None
        if scope is None:
            return
        scope = replace(scope, capabilities=RIGHTS)
        records = session().scalars(
            select(VaccineInventory)
            .where(VaccineInventory.location_id == place, VaccineInventory.doses_available > 0)
            .order_by(VaccineInventory.id)
        )
        units: set[str] = set()
        for record in records.all():
            facts = facts_on(record.product_id, scope.today())
            kept = facts.storage_class if facts else ""
            put_into(scope, record, UNITS.get(kept, "Refrigerator 1"))
            units.add(UNITS.get(kept, "Refrigerator 1"))
        for number, unit in enumerate(sorted(units, reverse=True)):
            count = start(scope, unit)
            if number == 0:
                _count(scope, count)


def _count(scope: Scope, count: Count) -> None:
    """Everything is there but for one dose of the first record, which was broken."""
    lines = []
    for line in list_lines(count):
        first = line.number == 1
        was = line.entered
        typed = replace(was, counted=was.expected - first, reason="broken" if first else "")
        lines.append(services.SentCount(line.number, was, typed))
    mark = mark_of(count.row.note)
    count = services.save(scope, count.row.id, lines, note="", note_mark=mark)
    services.finish(scope, count.row.id, seen=count.row.version)
