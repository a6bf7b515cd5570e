"""Which lot of a shipment a row is about, and why a row is not taken for a correction."""

from collections.abc import Iterable, Sequence
from datetime import date

from blueprints.shipments.models import Shipment
from blueprints.shipments.placing import Placed
from blueprints.shipments.rules import LABELS, labels_of
from blueprints.shipments.sheets import CellAnswer, asked
from portal.formats.codes import lot_key
from portal.i18n import _
from portal.sheets.columns import CellError

# The columns of the file whose keys are not the names of the details they bring.
CELLS = {
    "location_id": "provider_pin",
    "expiration_date": "expiration",
    "expiration_month_only": "expiration",
    "doses_shipped": "quantity",
}


def of_lot(lots: Iterable[Shipment], one: Placed) -> Shipment | None:
    """Of the lots of a shipment the one that the row is about, however it is spelled."""
    same = [each for each in lots if lot_key(each.lot) == one.key[2]]
    exact = [each for each in same if each.number == one.shipment_number]
    return next(iter(exact or same), None)


def other_lots(lots: Iterable[Shipment], one: Placed) -> list[Shipment]:
    """The lots of a shipment of which the file says nothing: the row may be meant instead."""
    return [each for each in lots if lot_key(each.lot) not in one.lots_of_file]


def asks(one: Placed, others: Sequence[Shipment]) -> tuple[CellError, CellError]:
    """The question whether a lot comes beside those that were announced before, or instead."""
    listed = ", ".join(sorted({each.lot for each in others}))
    if len(others) > 1:
        message = _(
            "This shipment was announced before with the lots %(lots)s of this vaccine. Is this "
            "lot another one in the box? A lot that replaces one of several cannot be entered by "
            "file: ask the help desk.",
            lots=listed,
        )
        answer = asked(one.positions, CellAnswer.IN_ADDITION)
    else:
        message = _(
            "This shipment was announced before with lot %(lot)s of this vaccine. Does this lot "
            "replace it, or does it come in addition?",
            lot=listed,
        )
        answer = asked(one.positions, CellAnswer.IN_ADDITION, CellAnswer.REPLACES)
    position = one.positions.get("lot")
    return CellError(LABELS["lot"], message, one.details.lot, position), answer


def already_received(one: Placed, shipment: Shipment, changed: list[str]) -> CellError:
    """That doses were received, so that this can no longer be changed."""
    return _refused(
        one,
        changed,
        _(
            "Doses of this shipment were already received (%(received)s of %(shipped)s), so "
            "%(columns)s can no longer be changed by file. Ask the help desk.",
            received=f"{shipment.doses_received:,}",
            shipped=f"{shipment.doses_shipped:,}",
            columns=", ".join(labels_of(changed)),
        ),
    )


def closed(one: Placed, reason: str, changed: list[str]) -> CellError:
    """That the location closed the shipment, so that this can no longer be changed."""
    return _refused(
        one,
        changed,
        _(
            "The location has closed this shipment (%(reason)s), so %(columns)s can no longer be "
            "changed by file. If it does arrive, the location manager must reopen it first.",
            reason=reason,
            columns=", ".join(labels_of(changed)),
        ),
    )


def _refused(one: Placed, changed: list[str], message: str) -> CellError:
    """The error at the first cell that cannot be changed any more."""
    name = changed[0]
    value = getattr(one.details, name)
    written = f"{value:%m/%d/%Y}" if isinstance(value, date) else str(value)
    return CellError(
        LABELS[name],
        message,
        written if name != "location_id" else "",
        one.positions.get(CELLS.get(name, name)),
    )
