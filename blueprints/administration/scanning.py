"""The code on the vial chooses its lot; one that does not fit stops (SPEC D10, G9)."""

from collections.abc import Sequence
from typing import cast

from wtforms import RadioField

from blueprints.administration.queries import OfferedLot
from portal.access.scope import Scope
from portal.catalog import gs1
from portal.catalog.queries import products_of_gtin
from portal.errors import Invalid
from portal.formats.codes import lot_key
from portal.i18n import _
from portal.web.forms import Form, ScanField

LONGEST_LOT = 20


def choose_lot(
    scope: Scope,
    form: Form,
    offered: Sequence[OfferedLot],
    pressed: str,
    *,
    replace: bool = False,
) -> bool:
    """Choose the lot that the scanned code names; False if nothing was scanned.

    Where another lot was chosen by hand (unless that one is to be replaced), or the code names none
    that may be used here, the form comes back and says so: nothing goes on with a doubt about the
    vial.
    """
    scan, lot = cast(ScanField, form["scan"]), cast(RadioField, form["lot"])
    if not scan.data:
        if pressed:
            scan.errors = [_("Scan the code on the vial or carton, or choose the lot by hand.")]
        return bool(pressed)
    typed = _typed_lot(scan.data, offered)
    if typed:
        fitting, said = typed, typed[0].record.lot
    else:
        try:
            readings = gs1.read(scan.data, today=scope.today())
        except Invalid as refusal:
            scan.errors = [_not_read(scan.data, refusal)]
            return True
        fitting = [one for one in offered if any(_fits(one, reading) for reading in readings)]
        said = _said(readings)
    if len(fitting) != 1:
        lot.data = None
        scan.errors = [
            _(
                "The code says %(said)s. This lot cannot be used here: it is not in your "
                "inventory, has expired, is in quarantine, has no doses left, or is another "
                "vaccine.",
                said=said,
            )
            if not fitting
            else _("Several records have lot %(said)s. Choose one by hand.", said=said)
        ]
        return True
    found = fitting[0].record
    if lot.data and lot.data != str(found.id) and not replace:
        other = next((one.record.lot for one in offered if str(one.record.id) == lot.data), "")
        scan.errors = [
            _(
                "STOP. The code says lot %(code)s, but lot %(chosen)s is chosen. Look at the vial, "
                "then choose its lot or scan it again.",
                code=found.lot,
                chosen=other,
            )
        ]
        lot.data = None
        return True
    lot.data = str(found.id)
    scan.done([("success", _("Lot %(lot)s is chosen. Compare it with the vial.", lot=found.lot))])
    return True


def _typed_lot(text: str, offered: Sequence[OfferedLot]) -> list[OfferedLot]:
    """The offered lots whose number was typed instead of a code."""
    if len(text) > LONGEST_LOT:
        return []
    return [one for one in offered if one.record.lot_key == lot_key(text)]


def _not_read(text: str, refusal: Invalid) -> str:
    """What is said of what is neither a code nor a lot number of those that are offered."""
    if len(text) > LONGEST_LOT:
        return refusal.message
    return _(
        "%(refusal)s It is not the number of a lot that can be used here either.",
        refusal=refusal.message,
    )


def _fits(offered: OfferedLot, reading: gs1.Reading) -> bool:
    """Whether a code may be on a vial of this lot: same lot, and no other product or date."""
    if not reading.lot or lot_key(reading.lot) != offered.record.lot_key:
        return False
    if reading.expires is not None and reading.expires.day != offered.record.expiration_date:
        return False
    products = products_of_gtin(reading.gtin) if reading.gtin else []
    return not products or offered.product.id in {product.id for product in products}


def _said(readings: Sequence[gs1.Reading]) -> str:
    lots = sorted({reading.lot for reading in readings if reading.lot})
    return ", ".join(lots) if lots else _("no lot")
