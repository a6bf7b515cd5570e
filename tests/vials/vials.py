"""Doses given from vials, as the module that gives them notes them."""

from datetime import datetime, timedelta
from typing import Any

from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.vials.models import OpenVial
from blueprints.vials.queries import OpenedVial, open_vials
from blueprints.vials.services import DoseSource, note_dose_put_back, note_dose_taken
from portal.access.scope import Scope
from portal.catalog.models import ProductFacts
from portal.clock import now
from portal.db import unit_of_work
from tests.inventory import stock

LIMIT = timedelta(hours=12)


def give(
    scope: Scope,
    record: int,
    *,
    minutes: int = 0,
    at: datetime | None = None,
    vial: str = "",
) -> int:
    """Give a dose so many minutes ago, from a vial that was chosen; the id of its vial."""
    moment = at or now() - timedelta(minutes=minutes)
    with unit_of_work():
        entry = _post(scope, record)
        source = DoseSource(entry_id=entry, vial=vial)
        return note_dose_taken(record, at=moment, actor=scope.user, source=source).id


def given_entry(scope: Scope, record: int) -> int:
    """A dose that leaves its record; the id of the line of the ledger."""
    with unit_of_work():
        return _post(scope, record)


def _post(scope: Scope, record: int) -> int:
    day = min(scope.today(), stock.day())
    given = ledger.Movement(kind=Kind.ADMINISTERED, doses=1, happened_on=day)
    return ledger.post(scope.user, record, given).id


def put_back(record: int, at: datetime) -> None:
    with unit_of_work():
        note_dose_put_back(record, at=at)


def vial(number: int) -> OpenVial:
    with unit_of_work(write=False) as session:
        found = session.get_one(OpenVial, number)
        session.expunge_all()
        return found


def opened(scope: Scope) -> list[OpenedVial]:
    with unit_of_work(write=False) as session:
        found = open_vials(scope)
        session.expunge_all()
        return found


def available(record: int) -> int:
    with unit_of_work(write=False) as session:
        return session.get_one(VaccineInventory, record).doses_available


def facts(product_key: str, **values: Any) -> None:
    """What the catalogue says of a product in all its periods."""
    product = stock.product_id(product_key)
    with unit_of_work() as session:
        for one in session.query(ProductFacts).filter_by(product_id=product):
            for name, value in values.items():
                setattr(one, name, value)
