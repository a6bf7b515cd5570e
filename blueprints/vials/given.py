"""What the giving of doses tells about open vials, in the same transaction, and is told of them."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from blueprints.vials.queries import open_vials
from blueprints.vials.services import NEW, DoseSource, note_dose_put_back, note_dose_taken
from portal.access.scope import Scope
from portal.clock import local
from portal.formats.shown import moment_in
from portal.i18n import _, ngettext


class DoseOfRecord(Protocol):
    """A dose that was given: of which record of the inventory, by which line of the ledger, when
    (UTC), and by whom, if by a user."""

    @property
    def inventory_id(self) -> int: ...
    @property
    def entry_id(self) -> int: ...
    @property
    def given_at(self) -> datetime: ...
    @property
    def given_by_id(self) -> int | None: ...


def taken(scope: Scope, dose: DoseOfRecord, choice: str = "") -> None:
    """A dose left its record: it came from an open vial, or opened one. `choice` is the value of
    one of the `choices`."""
    source = DoseSource(by_id=dose.given_by_id, entry_id=dose.entry_id, vial=choice)
    note_dose_taken(
        dose.inventory_id,
        at=dose.given_at,
        actor=scope.user,
        source=source,
        here=scope.location,
    )


def put_back(_scope: Scope, dose: DoseOfRecord) -> None:
    """A dose that was recorded is back on its record: it is in its vial again."""
    note_dose_put_back(dose.inventory_id, at=dose.given_at, entry_id=dose.entry_id)


def choices(scope: Scope, record_ids: Collection[int]) -> list[tuple[str, str, int | None]]:
    """From which vial a dose of one of these records may come, each with the record's id: those
    that are open here, and a new one of any record. Nothing where none is open."""
    vials = [one for one in open_vials(scope) if one.record.id in record_ids and not one.over]
    if not vials:
        return []
    found: list[tuple[str, str, int | None]] = [(NEW, _("A new vial, opened for this dose"), None)]
    for one in vials:
        opened = local(one.vial.punctured_at, scope.place.time_zone)
        said = _(
            "Lot %(lot)s, opened %(time)s by %(user)s",
            lot=one.record.lot,
            time=opened.strftime("%I:%M %p").lstrip("0"),
            user=one.opened_by or _("somebody"),
        )
        found.append((str(one.vial.id), said, one.record.id))
    return found


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
