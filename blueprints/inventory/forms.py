"""Forms of the vaccine inventory."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup
from wtforms import (
    BooleanField,
    Field,
    FileField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from blueprints.inventory.ledger.reasons import NOTE_LENGTH, QUARANTINE, choices
from blueprints.inventory.rules import ensure_shipment
from portal.catalog import misplaced
from portal.errors import Invalid
from portal.formats.codes import MOST_DOSES, normalise_lot, parse_date
from portal.i18n import _, _l
from portal.lookups.fields import LookupField
from portal.web.forms import DayField, Form, Required, ScanField, WholeNumberField


class MonthEnd(date):
    """The last day of a month of which only month and year were given."""


class ExpirationField(DayField):
    """An expiration date as packages print it: MM/DD/YYYY, or MM/YYYY for the month's last day.

    `data` is a date, a `MonthEnd` if only the month was given.
    """

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read the date. Raises `ValueError` with a sentence for what is none."""
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            parsed = parse_date(text, allow_month=True)
        except Invalid as refusal:
            raise ValueError(refusal.message) from refusal
        day = parsed.day
        self.data = MonthEnd(day.year, day.month, day.day) if parsed.month_only else day


class LotField(StringField):
    """A lot number as printed on the package."""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read the lot number. Raises `ValueError` with a sentence for what is none."""
        self.data = str(valuelist[0]) if valuelist else ""
        if misplaced.find(self.data):
            raise ValueError(
                _("This is the code of a package. Enter only the lot number, for example EL9262.")
            )
        if self.data.strip():
            try:
                self.data = normalise_lot(self.data)
            except Invalid as refusal:
                raise ValueError(refusal.message) from refusal


class Proposed:
    """Marks a field that every record has, but that is filled in if it is left blank."""

    field_flags = {"required": True}

    def __call__(self, _form: object, _field: object) -> None:
        """Nothing is wrong with a blank."""


class ShipmentField(LookupField):
    """The shipment record; what was typed to find one counts no more once the box is ticked."""

    def pre_validate(self, form: Any) -> None:
        """Find what was meant by the text, unless the box says that there is none."""
        if not form.unable_to_locate_shipment.data:
            super().pre_validate(form)


class PictureField(FileField):
    """A picture of a code. `data` is what was found in it, before the form came here; a picture
    that was sent in another way, or that nobody asks for, has to be chosen again."""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take what was found. Of a form that was sent as text only the file's name comes, without
        a file what JavaScript makes of none."""
        found = valuelist[0] if valuelist and valuelist[0] != "[object File]" else None
        self.data = None if isinstance(found, str) else found
        if found:
            again = _("The picture was not read. Choose it again, then press “Read picture”.")
            self.errors = [again]


class DateReceivedField(DayField):
    """The day on which doses came: one field and label in all forms."""

    def __init__(self, validators: Sequence[Any] = (), **options: Any) -> None:
        super().__init__(_l("Date Received"), validators, **options)


class DeliveryForm(Form):
    """Doses that have arrived (SPEC D2)."""

    scan = ScanField(_l("Scan"))
    photo = PictureField(_l("Picture of the code"))
    product = LookupField(_l("Product"), [Required()], lookup="products")
    doses = WholeNumberField(_l("Total Doses"), [Required()], least=1, most=MOST_DOSES)
    lot = LotField(_l("Lot #"), [Required()])
    name = StringField(
        _l("Vaccine Inventory Name"),
        [Proposed(), Length(max=120, message=_l("A name has at most 120 characters."))],
    )
    serial_number = StringField(
        _l("Serial Number"),
        [Length(max=64, message=_l("A serial number has at most 64 characters."))],
    )
    expiration_date = ExpirationField(_l("Expiration Date"), [Required()])
    account = LookupField(_l("Account"), [Required()], lookup="accounts")
    date_received = DateReceivedField()
    shipment = ShipmentField(_l("Shipment Record"), lookup="shipments")
    unable_to_locate_shipment = BooleanField(_l("Unable to locate shipment record"))

    def validate(self, extra_validators: Any = None) -> bool:
        """The shipment or the box is asked for in the same round as everything else."""
        valid = bool(super().validate(extra_validators))
        if self.shipment.errors:
            return False
        try:
            ensure_shipment(
                self.shipment.data, unable_to_locate=bool(self.unable_to_locate_shipment.data)
            )
        except Invalid as refusal:
            self.refuse(refusal)
            return False
        return valid


class SameLotForm(Form):
    """What to do with doses of a lot that is in the inventory already."""

    # Whether the choice exists is the service's business: it sees the records as they are now.
    duplicate = RadioField(_l("What do you want to do?"), [Required()], validate_choice=False)


class ConfirmingField(BooleanField):
    """A check box that is cleared whenever its page is shown again: there may be something else
    to read by then."""

    checked = False


class ConfirmForm(Form):
    """A word on what is unusual."""

    confirmed = ConfirmingField(_l("I have counted: these doses are here, as entered."))


class ReviewForm(ConfirmForm):
    """What the page of the review said was received of the shipment, too."""

    seen_received = HiddenField()


CHECKED = _l("I have checked this: it is right as entered.")


class CheckedForm(Form):
    """A word on an entry that a count may have made already."""

    confirmed = ConfirmingField(CHECKED)


class NameForm(Form):
    """What may be edited after saving (SPEC D4)."""

    name = StringField(
        _l("Vaccine Inventory Name"),
        [
            Required(),
            Length(max=120, message=_l("A name has at most 120 characters.")),
        ],
    )


class Suggestions(TextInput):
    """A text field that offers what `known` of the field holds; anything else may be typed."""

    def __call__(self, field: Any, **kwargs: Any) -> Markup:
        """The field and its suggestions."""
        options = [Markup('<option value="{}">').format(known) for known in field.known]
        offered = Markup('<datalist id="{}-known">{}</datalist>')
        return super().__call__(field, list=f"{field.id}-known", **kwargs) + offered.format(
            field.id, Markup("").join(options)
        )


class StorageUnitField(StringField):
    """A fridge or freezer: one that is in use, or another."""

    widget = Suggestions()
    known: Sequence[str] = ()


class StorageUnitForm(Form):
    """Where a record is kept: a box may be moved, and no dose with it (docs/adr/0005)."""

    storage_unit = StorageUnitField(
        _l("Storage Unit"),
        [Length(max=60, message=_l("A storage unit has at most 60 characters."))],
    )


class NoteField(TextAreaField):
    """A note of at most 1,000 characters."""

    def __init__(self, label: Any = None, validators: Sequence[Any] = (), **options: Any) -> None:
        too_long = _l("A note has at most 1,000 characters.")
        limit = Length(max=NOTE_LENGTH, message=too_long)
        super().__init__(label or _l("Note"), [*validators, limit], **options)


class AdjustmentForm(Form):
    """Doses beyond what was received (SPEC D6)."""

    doses = WholeNumberField(_l("Extra Doses"), [Required()], least=1, most=MOST_DOSES)
    happened_on = DayField(_l("Date"), [Required()])
    # Whether a reason is one is the rules' business.
    reason = SelectField(_l("Reason"), [Required()], validate_choice=False)
    note = NoteField()


class WhyForm(Form):
    """Why an entry is reversed, a lot released, a transfer cancelled or refused."""

    note = NoteField(_l("Reason"), [Required()])


class ReverseForm(WhyForm):
    """Why an entry is reversed or doses come back, and a word on the counts of the record since."""

    confirmed = ConfirmingField(CHECKED)


class CorrectLotForm(Form):
    """What the label of the package says, and why the record said something else."""

    lot = LotField(_l("Lot #"), [Required()])
    expiration_date = ExpirationField(_l("Expiration Date"), [Required()])
    reason = TextAreaField(_l("Reason"), [Required(), Length(max=200)], render_kw={"rows": 2})

    def answers(self) -> dict[str, str]:
        """What is kept of it until somebody has confirmed it."""
        expires = self.expiration_date.data
        return {
            "lot": self.lot.data or "",
            "expiration_date": f"{expires:%Y-%m-%d}",
            "month_only": "yes" if isinstance(expires, MonthEnd) else "",
        }


class HoldForm(Form):
    """Why the lot of a record is put into quarantine."""

    reason = SelectField(_l("Reason"), [Required()], validate_choice=False)
    note = NoteField()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.reason.choices = choices(QUARANTINE)


class AskedBox(CheckboxInput):
    """A box that says that it was shown: only then an empty one is an answer."""

    def __call__(self, field: Any, **kwargs: Any) -> Markup:
        """The box and, unseen, what it asks about."""
        asked = Markup('<input type="hidden" name="{}_asked" value="{}">')
        return super().__call__(field, **kwargs) + asked.format(field.name, field.data)


class AlikeField(SelectMultipleField):
    """Lots that may be the one that was named. They are ticked until somebody unticks them;
    `asked` are those that were shown before."""

    widget = ListWidget(prefix_label=False)
    option_widget = AskedBox()

    def __init__(self, label: Any = None, **options: Any) -> None:
        super().__init__(label, choices=[], validate_choice=False, **options)
        self.asked: frozenset[str] = frozenset()

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Read which boxes are ticked, and which were shown."""
        super().process(formdata, data, extra_filters)
        if formdata is not None:
            self.asked = frozenset(formdata.getlist(f"{self.name}_asked"))

    def offer(self, lots: Mapping[str, str]) -> None:
        """Show these lots."""
        ticked = self.data or []
        self.choices = list(lots.items())
        self.data = [lot for lot in lots if lot in ticked or lot not in self.asked]


class HoldEverywhereForm(HoldForm):
    """A lot to be held at every location, and why."""

    product = LookupField(_l("Product"), [Required()], lookup="products")
    lot = LotField(_l("Lot #"), [Required()])
    reason = SelectField(_l("Reason"), [Required()], validate_choice=False)
    note = NoteField()
    alike = AlikeField(
        _l("Also hold these lots"),
        description=_l(
            "They look like the lot above, or have its number under another product. Clear only "
            "those you know are a different lot."
        ),
    )
    confirmed = BooleanField(_l("Hold it even though no location has it under this name"))

    def __iter__(self) -> Iterator[Field]:
        """The fields to show: the lots only if there are any."""
        shown = bool(self.alike.choices)
        return (field for field in super().__iter__() if shown or field is not self.alike)
