"""What the giving of doses tells about open vials, in the same transaction, and is told of them."""

from datetime import datetime
from typing import Protocol

from blueprints.vials.queries import open_vials
from blueprints.vials.services import note_dose_put_back, note_dose_taken
from portal.access.scope import Scope
from portal.formats.shown import moment_in
from portal.i18n import _, ngettext


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


def open_here(scope: Scope) -> dict[int, str]:
    """The records of which a vial is open here that may still be used, and what is left in it."""
    found: dict[int, str] = {}
    for one in open_vials(scope):
        if one.over or one.record.id in found:
            continue
        said = ngettext(
            "Open vial here: %(num)s dose", "Open vial here: %(num)s doses", one.doses_left
        )
        if one.vial.doses is None:
            said = _("Open vial here")
        if one.vial.beyond_use_at is not None:
            until = moment_in(one.vial.beyond_use_at, scope.place.time_zone)
            said = _("%(vial)s, use by %(moment)s", vial=said, moment=until)
        found[one.record.id] = said
    return found
