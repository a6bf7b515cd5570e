"""Recipients for tests."""

from datetime import date
from typing import Any

from blueprints.recipients.rules import Details
from blueprints.recipients.services import register
from portal.access.scope import Scope
from portal.db import unit_of_work

BORN = date(1950, 1, 31)


def details(first: str = "Maria", last: str = "Exampleton", **more: Any) -> Details:
    """What is typed about somebody."""
    return Details(first_name=first, last_name=last, **{"birth_date": BORN, **more})


def add(scope: Scope, first: str = "Maria", last: str = "Exampleton", **more: Any) -> int:
    """Somebody who is registered at the location of `scope`; the id."""
    with unit_of_work():
        return register(scope, details(first, last, **more)).id
