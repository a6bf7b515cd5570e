"""Sample open vials for practice mode: one in use and one whose time is nearly over."""

from datetime import timedelta

from sqlalchemy import select

from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.vials.rules import limit_of
from blueprints.vials.services import note_dose_taken
from portal.access.scope import Scope
from portal.accounts.practice import manager_of
from portal.catalog.queries import facts_on
from portal.clock import now
from portal.db import session, unit_of_work
from portal.places.models import Location

# Doses given from each vial, and whether its time is nearly over.
VIALS = ((2, False), (3, True))
LATELY, NEARLY = timedelta(minutes=50), timedelta(minutes=40)


def fill() -> None:
    """Open a vial of the newest usable lots at each location."""
    with unit_of_work(write=False) as current:
        places = list(current.scalars(select(Location.id).order_by(Location.id)))
    for place in places:
        with unit_of_work():
            scope = manager_of(place)
            if scope is not None:
                _open(scope)


def _open(scope: Scope) -> None:
    record = VaccineInventory
    rows = session().scalars(
        select(record)
        .where(
            record.location_id == scope.location_id,
            record.doses_available >= 20,
            record.quarantined.is_(False),
            record.expiration_date > scope.today(),
        )
        .order_by(record.id.desc())
    )
    vials = iter(VIALS)
    for found in list(rows):
        facts = facts_on(found.product_id, scope.today())
        if facts is None or (facts.doses_per_vial or 1) < 5:
            continue
        doses, nearly = next(vials, (0, False))
        if not doses:
            return
        limit = limit_of(facts.after_puncture_limit, scope.today())
        ago = limit - NEARLY if nearly and limit else LATELY
        given = ledger.Movement(kind=Kind.ADMINISTERED, doses=1, happened_on=scope.today())
        for _dose in range(doses):
            ledger.post(scope.user, found.id, given)
            note_dose_taken(found.id, at=now() - ago, actor=scope.user)
