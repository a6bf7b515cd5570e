"""People with doses, for proofs."""

from datetime import date

from sqlalchemy import select

from blueprints.recipients.history import DoseElsewhere, record_elsewhere
from blueprints.recipients.models import Recipient, Vaccination
from portal.access.scope import Scope
from portal.catalog.models import Product
from portal.db import unit_of_work
from tests.recipients import people

FIRST, SECOND = date(2021, 3, 1), date(2021, 4, 2)


def given(scope: Scope, recipient: int, number: int = 1, on: date = FIRST, lot: str = "L1") -> int:
    """A dose that the location of `scope` gave; its id."""
    with unit_of_work() as session:
        product = session.scalars(select(Product.id).order_by(Product.id)).first()
        dose = Vaccination(
            recipient_id=recipient,
            product_id=product,
            dose_number=number,
            given_on=on,
            location_id=scope.location_id,
            lot_number=lot,
            source="here",
            recorded_by_id=scope.user.id,
        )
        session.add(dose)
        session.flush()
        return dose.id


def reported(scope: Scope, recipient: int, number: int = 2, on: date = SECOND) -> int:
    """A dose that was given elsewhere; its id."""
    with unit_of_work() as session:
        product = session.scalars(select(Product.id).order_by(Product.id.desc())).first()
        assert product
        told = DoseElsewhere(
            product_id=product,
            dose_number=number,
            given_on=on,
            where="Sample Pharmacy",
            lot_number="EL1704K",
        )
        return record_elsewhere(scope, recipient, told).id


def person(scope: Scope, first: str = "Maria", last: str = "Exampleton", **more: object) -> int:
    """Somebody with a dose given here; the id."""
    number = people.add(scope, first, last, **more)
    given(scope, number)
    return number


def change(recipient: int, **values: object) -> None:
    """Change what the record says, past all rules."""
    with unit_of_work() as session:
        found = session.get_one(Recipient, recipient)
        for name, value in values.items():
            setattr(found, name, value)
