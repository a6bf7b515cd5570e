"""What transfers show on other modules' pages."""

from collections.abc import Callable
from typing import Any

from flask import url_for
from sqlalchemy import Select

from blueprints.inventory.models import LotCorrection, Quarantine, VaccineInventory
from blueprints.inventory.rules import usable_on
from blueprints.transfers import list_rows
from blueprints.transfers.queries import (
    count_long_under_way,
    list_inbound_of_lots,
    list_of_record,
    list_receivers_of,
    list_sent_of,
    under_way,
)
from portal.access.scope import Scope
from portal.db import session
from portal.i18n import _


def list_actions(_scope: Scope, _subject: object) -> dict[str, Any]:
    """`Transfer` and `Inbound Transfer` beside the name of the list."""
    return {"transfer": url_for("transfers.send"), "inbound": url_for("transfers.inbound")}


def record_actions(scope: Scope, record: VaccineInventory) -> dict[str, Any] | None:
    """`Transfer` of one record, while it has doses that may be used."""
    day = scope.today()
    usable = usable_on(record.expiration_date, day) and not record.quarantined
    if record.doses_available == 0 or not usable:
        return None
    return {"transfer": url_for("transfers.send", record=record.id), "inbound": ""}


def of_record(scope: Scope, record: VaccineInventory) -> dict[str, Any]:
    """The transfers that doses of a record left by or came with."""
    own = [
        (sent, line)
        for sent in list_of_record(scope, record.id)
        for line in sent.lines
        if record.id in (line.row.inventory_id, line.row.received_inventory_id)
    ]
    return {"found": own}


def of_location(scope: Scope, _location: object) -> dict[str, Any]:
    """The doses in transit to and from the location."""
    return {"under_way": under_way(scope)}


def on_the_way(scope: Scope, inventory_ids: Select[int]) -> dict[str, Any] | None:
    """The transfers that are to bring doses of lots of which records are counted; None if there
    are none."""
    found = list_inbound_of_lots(scope, inventory_ids)
    return {"found": found, "may_receive": scope.can("transfers.handle")} if found else None


def home_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """What is on its way here or from here; nothing if nothing is."""
    if scope.location is None:
        return None
    found = under_way(scope)
    if not (found.coming_lines or found.leaving_lines):
        return None
    return {"under_way": found, "may_receive": scope.can("transfers.handle")}


def places_of_lot(_scope: Scope | None, quarantine: Quarantine) -> dict[str, set[int]]:
    """The locations to which doses of a lot are on their way."""
    return {"locations": list_receivers_of(quarantine.product_id, quarantine.lot_key)}


def follow_lot(_scope: Scope, _inventory_id: int) -> Callable[[LotCorrection], None]:
    """Once the lot number of a record is corrected, the lists of transfers say so."""

    def corrected(correction: LotCorrection) -> None:
        for sent in list_sent_of(correction.inventory_id):
            list_rows.follow_lots(sent)
        session().flush()

    return corrected


def digest(scope: Scope, _subject: object) -> dict[str, Any]:
    """What the daily e-mail says of transfers."""
    found = under_way(scope)
    lines = []
    if found.coming_lines:
        lines.append(_("Doses on their way to you: %(doses)s", doses=f"{found.coming:,}"))
    late = count_long_under_way(scope)
    if late:
        lines.append(
            _(
                "Doses you sent more than a week ago, not received yet: %(doses)s",
                doses=f"{late:,}",
            )
        )
    return {"lines": lines}
