"""`Scan`: the code on a vial or carton fills in the form of a delivery (SPEC D10)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from werkzeug.datastructures import MultiDict
from wtforms import Form, StringField

from blueprints.inventory.forms import DeliveryForm
from blueprints.inventory.rules import proposed_name
from blueprints.shipments.queries import lots_shipped
from portal.access.scope import Scope
from portal.catalog import gs1, misplaced, ndc
from portal.catalog.gs1 import Reading
from portal.catalog.models import Product
from portal.catalog.queries import products_of_gtin, products_of_ndc
from portal.errors import Invalid
from portal.formats.codes import ParsedDate, lot_key
from portal.i18n import _
from portal.lookups.fields import LookupField
from portal.web.forms import DayField, Question, ScanField, WholeNumberField
from portal.wizards.definition import Answers

BARE_GTIN = re.compile("[0-9]{12,14}")


def fill_in(scope: Scope, form: Form, _answers: Answers, pressed: str) -> bool:
    """Fill in what the scanned code says; False if nothing was scanned.

    `Next` does the same as `Fill in` where a code waits, since without script a scanner's Enter
    presses it.
    """
    delivery = cast(DeliveryForm, form)
    scan = delivery.scan
    if not scan.data:
        if pressed:
            scan.errors = [_("Scan the code or paste it here, then press “Fill in”.")]
        return bool(pressed)
    if codes := ndc.read(scan.data):
        _take_ndc(delivery, codes)
        return True
    try:
        readings = gs1.read(scan.data, today=scope.today())
    except Invalid as refusal:
        scan.errors = [refusal.message]
        if not pressed:
            scan.errors.append(_("Clear this field to continue without it."))
        return True
    reading = readings[0] if len(readings) == 1 else _chosen(scope, delivery, readings)
    if reading is not None:
        _take(delivery, reading)
    return True


def gather(form: DeliveryForm) -> None:
    """Put a code that was scanned into another field into `Scan`, and leave in that field what
    stood there before."""
    for field in form:
        if isinstance(field, LookupField):
            found = misplaced.find(field.text)
        elif isinstance(field, StringField | DayField | WholeNumberField):
            found = _misplaced(str(next(iter(field.raw_data or ()), "")))
        else:
            continue
        if found is None:
            continue
        before, code = found
        if isinstance(field, LookupField):
            field.retype(before)
        else:
            fill(field, before)
        fill(form.scan, code)
        return


def _misplaced(text: str) -> tuple[str, str] | None:
    """The code in a text; also the number of a product that is known, which could else be a lot."""
    found = misplaced.find(text)
    if found is None and products_of_ndc(ndc.read(text)):
        return "", text
    if found is None and BARE_GTIN.fullmatch(text.strip()):
        number = text.strip()
        if gs1.check_digit(number[:-1]) == number[-1] and products_of_gtin(number.zfill(14)):
            return "", number
    return found


# --- one code, several readings ------------------------------------------------------------------


def _chosen(scope: Scope, form: DeliveryForm, readings: tuple[Reading, ...]) -> Reading | None:
    """The reading that was chosen; None leaves the question beside the field."""
    answer = form.scan.answer("reading")
    found = next((one for one in readings if one.bracketed() == answer), None)
    labels = described(scope, form, readings)
    choices = zip((one.bracketed() for one in readings), labels, strict=True)
    form.scan.asked.append(
        Question(
            "reading",
            _("The scanner left out the separators of this code. What does the package say?"),
            tuple(choices),
            answer,
        )
    )
    return found


def described(scope: Scope, form: DeliveryForm, readings: Sequence[Reading]) -> list[str]:
    """The readings as people read them, without what they have in common; the only one whose lot
    was shipped to this location is marked."""
    shipped = lots_shipped(scope, {one.lot for one in readings})
    likely = [one for one in readings if one.lot in shipped]
    return [
        _("%(reading)s – likely, this lot was shipped to you", reading=label)
        if likely == [one]
        else label
        for one, label in zip(readings, _differences(form, readings), strict=True)
    ]


def _differences(form: DeliveryForm, readings: Sequence[Reading]) -> list[str]:
    labels = (
        "GTIN",
        *(form[name].label.text for name in ("lot", "expiration_date", "serial_number")),
    )
    rows = [(one.gtin, one.lot, _as_typed(one.expires), one.serial) for one in readings]
    told = [at for at in range(len(labels)) if len({row[at] for row in rows}) > 1]
    return [", ".join(f"{labels[at]}: {row[at] or '–'}" for at in told) for row in rows]


def _as_typed(expires: ParsedDate | None) -> str:
    if expires is None:
        return ""
    return expires.day.strftime("%m/%Y" if expires.month_only else "%m/%d/%Y")


# --- what the code says, beside what the form says -----------------------------------------------


@dataclass(frozen=True)
class Part:
    """What the code says of a field: `value` as the form would send it, `scanned` as people read
    it; `typed` is what the form says, `agrees` whether that is the same."""

    field: Any
    value: str
    scanned: str
    typed: str
    agrees: bool


def _take_ndc(form: DeliveryForm, codes: tuple[str, ...]) -> None:
    """The product with that number, or a refusal: the number says nothing else of the package."""
    found = products_of_ndc(codes)
    if len(found) == 1:
        _compare(form, Reading(), found, codes[0])
    elif found:
        form.scan.errors = [
            _("This NDC fits several products. Enter it with its hyphens, as on the label.")
        ]
    else:
        form.scan.errors = [
            _(
                "This looks like an NDC, but no product has it. Choose the product by hand; enter "
                "a lot number as “Lot #”."
            )
        ]


def _take(form: DeliveryForm, reading: Reading) -> None:
    """Take what a code says of product, lot, date and serial number."""
    _compare(form, reading, products_of_gtin(reading.gtin), reading.bracketed())


def _compare(form: DeliveryForm, reading: Reading, found: list[Product], code: str) -> None:
    """Fill in the blanks; where code and form disagree, ask which is right before anything is
    changed."""
    scan = form.scan
    told = _about_product(form, reading, found)
    parts = list(_parts(form, reading, found[0] if len(found) == 1 else None))
    differing = [part for part in parts if part.typed and not part.agrees]
    if differing:
        answer = scan.answer("differs")
        ours, theirs = (f"{side} {code}" for side in ("form", "code"))
        if answer == ours:
            scan.done([("info", _("The form was left as it is."))])
            return
        if answer != theirs:
            _ask(scan, differing, ours, theirs)
            return
    filled = [part for part in parts if not part.agrees]
    proposed = form.name.data == proposed_name(form.product.text, form.lot.data or "")
    for part in filled:
        fill(part.field, part.value)
    if proposed:
        fill(form.name, proposed_name(form.product.text, form.lot.data or ""))
    scan.done([("success", _summary(filled)), *told] if filled or not told else told)


def _about_product(
    form: DeliveryForm, reading: Reading, found: list[Product]
) -> list[tuple[str, str]]:
    """What to say of a product number that leads to no single product."""
    if not reading.gtin or len(found) == 1:
        return []
    if found:
        return [
            (
                "warning",
                _(
                    "GTIN %(gtin)s fits several products; choose the product by hand.",
                    gtin=reading.gtin,
                ),
            )
        ]
    if form.product.choice is None:
        text = _(
            "GTIN %(gtin)s is not in the product list; choose the product by hand.",
            gtin=reading.gtin,
        )
    else:
        text = _(
            "GTIN %(gtin)s is not in the product list; make sure that the product is right.",
            gtin=reading.gtin,
        )
    return [("warning", text)]


def _parts(form: DeliveryForm, reading: Reading, product: Product | None) -> Iterable[Part]:
    if product is not None:
        field = form.product
        words = field.text.casefold().split()
        begun = field.choice is None and all(word in product.name.casefold() for word in words)
        same = field.choice is not None and field.choice.id == product.id
        yield Part(field, str(product.id), product.name, "" if begun else field.text, same)
    if reading.lot:
        typed = form.lot.data or ""
        yield Part(
            form.lot, reading.lot, reading.lot, typed, lot_key(typed) == lot_key(reading.lot)
        )
    if reading.expires is not None:
        day = _as_typed(reading.expires)
        date = form.expiration_date
        yield Part(date, day, day, date._value(), date.data == reading.expires.day)
    if reading.serial:
        typed = form.serial_number.data or ""
        yield Part(
            form.serial_number, reading.serial, reading.serial, typed, typed == reading.serial
        )


def _ask(scan: ScanField, differing: list[Part], ours: str, theirs: str) -> None:
    lines = (
        _(
            "%(field)s: %(typed)s in the form, %(scanned)s in the code.",
            field=part.field.label.text,
            typed=part.typed,
            scanned=part.scanned,
        )
        for part in differing
    )
    choices = (
        (theirs, _("The code is right: change the form")),
        (ours, _("The form is right: leave it as it is")),
    )
    text = _("The code and the form say different things. Which is right?")
    scan.asked.append(Question("differs", text, choices, lines=tuple(lines)))


def fill(field: Any, value: str) -> None:
    """Put `value` into the field as if it had been typed."""
    field.process(MultiDict([(field.name, value)]))


def _summary(filled: list[Part]) -> str:
    if not filled:
        return _("The form already says what the code says.")
    return _(
        "Filled in from the code: %(fields)s. Please compare with the package.",
        fields=", ".join(str(part.field.label.text) for part in filled),
    )
