"""What may be wrong with doses that arrive by a transfer; saving stays possible, once confirmed."""

from datetime import date

from blueprints.inventory.counted import counted_since
from blueprints.inventory.queries import list_same_lot
from blueprints.transfers.queries import Inbound
from portal.access.scope import Scope
from portal.formats.shown import day
from portal.i18n import _


def doubts(scope: Scope, inbound: Inbound, received_on: date) -> list[str]:
    """What to ask before doses that came on a day are received."""
    sent = inbound.record
    same_lot = list_same_lot(scope, sent.product_id, sent.lot_key, sent.expiration_date)
    return [
        *another_date(scope, inbound),
        *counted_since(scope, [record.id for record in same_lot], received_on),
    ]


def another_date(scope: Scope, inbound: Inbound) -> list[str]:
    """That the lot is here with another expiration date only, so that it would make a second
    record: one lot has one date, and a wrong one may let expired doses be given."""
    sent = inbound.record
    same_lot = list_same_lot(scope, sent.product_id, sent.lot_key, sent.expiration_date)
    if not same_lot or any(one.expiration_date == sent.expiration_date for one in same_lot):
        return []
    return [
        _(
            "Lot %(lot)s is already in your inventory with the expiration date %(ours)s; the "
            "sender's record says %(theirs)s. Check the package. If your record is wrong, ask the "
            "help desk; if the sender's is wrong, refuse the transfer.",
            lot=sent.lot,
            ours=", ".join(sorted({day(one.expiration_date) for one in same_lot})),
            theirs=day(sent.expiration_date),
        )
    ]
