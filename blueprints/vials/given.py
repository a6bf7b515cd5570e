"""What the giving of doses tells about open vials, in the same transaction."""

from datetime import datetime
from typing import Protocol

from blueprints.vials.services import note_dose_put_back, note_dose_taken
from portal.access.scope import Scope


class DoseOfRecord(Protocol):
    """A dose that was given: of which record of the inventory, and when (UTC)."""

    @property
    def inventory_id(self) -> int: ...
    @property
    def given_at(self) -> datetime: ...


def taken(scope: Scope, dose: DoseOfRecord) -> None:
    """A dose left its record: it came from an open vial, or opened one."""
    note_dose_taken(dose.inventory_id, at=dose.given_at, actor=scope.user)


def put_back(_scope: Scope, dose: DoseOfRecord) -> None:
    """A dose that was recorded is back on its record: it is in its vial again."""
    note_dose_put_back(dose.inventory_id, at=dose.given_at)
