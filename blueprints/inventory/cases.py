"""Cases of the help desk that carry a record of vaccine inventory: what it is, and which entries of
its ledger an agent can reverse (SPEC D4, H8)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from blueprints.inventory.correcting.lots import LotCorrecting, LotFacts, state_of
from blueprints.inventory.correcting.services import may_reverse, reverse
from blueprints.inventory.counted import counted_after
from blueprints.inventory.forms import CorrectLotForm
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.queries import LedgerLine, get_inventory, list_entries
from portal.access.scope import Scope
from portal.db import session
from portal.errors import PortalError
from portal.formats.shown import day
from portal.i18n import _, ngettext
from portal.places.queries import get_place
from portal.remedies import Carried, Remedy, RemedyPlan, Said

KIND = "inventory"
# The newest mistakes are the ones that are asked about.
MOST_ENTRIES = 5


def request_about(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """A request about the record names it."""
    found = carried_record(scope, carried)
    if found is None:
        return None
    return {"topic": "inventory", "record": found[1].name, "subject": found[1].name}


def remedies(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """Reversing the newest entries that stand."""
    found = carried_record(scope, carried)
    if found is None:
        return None
    there, record = found
    return {"remedies": list(_reversals(there, record))[:MOST_ENTRIES]}


def lot_remedies(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """Correcting lot number and expiration date."""
    found = carried_record(scope, carried)
    if found is None:
        return None
    there, record = found
    said = LotFacts(record.lot, record.expiration_date).words
    return {
        "remedies": [
            Remedy(
                name="inventory.correct_lot",
                label=_("Correct Lot Number or Expiration Date"),
                text=_(
                    "The record says: %(facts)s. Enter what the label says. If doses were given, "
                    "somebody else has to confirm it. Doses that were transferred to another "
                    "location are corrected on that location's record.",
                    facts=said,
                ),
                form=partial(
                    CorrectLotForm,
                    data={"lot": record.lot, "expiration_date": record.expiration_date},
                ),
                plan=lambda answers: _correction(there, record.id, answers),
                location_id=record.location_id,
                based_on=state_of(record),
            )
        ]
    }


def _correction(scope: Scope, record_id: int, answers: Mapping[str, str]) -> RemedyPlan:
    facts = LotFacts(
        answers["lot"],
        date.fromisoformat(answers["expiration_date"]),
        month_only=bool(answers["month_only"]),
    )
    correcting = LotCorrecting(scope, record_id, facts)
    return RemedyPlan(
        said=correcting.said,
        based_on=state_of(correcting.record),
        second=_doses_were_given if correcting.doses_given else None,
        perform=correcting.correct,
    )


def _doses_were_given() -> str:
    return _("Doses of this record were given.")


def carried_record(scope: Scope, carried: Carried) -> tuple[Scope, VaccineInventory] | None:
    """The record that is carried, if it is one and `scope` sees it, and the scope at its location:
    programme staff may work at any."""
    if carried.about_kind != KIND or carried.about_id is None:
        return None
    record = session().get(VaccineInventory, carried.about_id)
    if record is None:
        return None
    if scope.everywhere:
        scope = replace(scope, location=get_place(scope, record.location_id))
    try:
        return scope, get_inventory(scope, record.id)
    except PortalError:
        return None


def _reversals(scope: Scope, record: VaccineInventory) -> Iterator[Remedy]:
    for line in list_entries(record):
        stands = line.reverses_id is None and line.reversed_by_id is None
        if stands and may_reverse(scope, line.kind, line.document_kind):
            yield _reversal(scope, record, line)


def _reversal(scope: Scope, record: VaccineInventory, line: LedgerLine) -> Remedy:
    def what() -> str:
        doses = ngettext("%(num)s dose", "%(num)s doses", abs(line.doses))
        return f"{line.kind.label}, {doses}, {day(line.happened_on)}"

    counted = counted_after(scope, record.id, line.id, line.happened_on)

    def perform(reason: str) -> Said:
        reverse(scope, line.id, note=reason)
        return lambda: _("The entry “%(entry)s” was reversed.", entry=what())

    return Remedy(
        name=f"inventory.reverse-{line.id}",
        label=_("Reverse Entry: %(entry)s", entry=what()),
        text=_("The ledger gets the opposite of this entry, dated today. Both stay readable."),
        perform=perform,
        why_not=_("The record was counted since. Reverse the entry on the record's own page.")
        if counted
        else "",
    )
