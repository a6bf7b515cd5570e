"""Forms of the shipments: one by hand, and closing one."""

from typing import Any

from wtforms import BooleanField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import AnyOf, Length

from blueprints.shipments.rules import ClosingReason
from blueprints.shipments.sheets import CellAnswer
from portal.i18n import _l
from portal.web.forms import Form, Required

CHOOSE = _l("Choose the reason.")


class ShipmentForm(Form):
    """One shipment, field by field; what is right is decided by the checks for rows of a file."""

    shipment_id = StringField(_l("Shipment ID"), [Required()])
    order_number = StringField(_l("ExIS Order Number"), [Required()])
    provider_pin = StringField(_l("Provider PIN"), [Required()])
    ndc = StringField(_l("NDC"), [Required()])
    manufacturer = StringField(_l("Manufacturer"), [Required()])
    lot = StringField(_l("Lot Number"), [Required()])
    expiration = StringField(_l("Expiration Date"), [Required()])
    quantity = StringField(_l("Quantity Shipped"), [Required()])
    date_shipped = StringField(_l("Date Shipped"), [Required()])
    carrier = StringField(_l("Carrier"))
    tracking_number = StringField(_l("Tracking Number"))
    in_addition = BooleanField(_l("The lot comes in addition to the other lots of this shipment"))
    date_is_right = BooleanField(_l("The expiration date is right"))
    # Whether a question has come up to which the ticks above are the answers.
    asks = False

    @property
    def cells(self) -> dict[str, Any]:
        """What was entered, by the keys of the columns of a file."""
        ticks = (
            (self.in_addition, CellAnswer.IN_ADDITION),
            (self.date_is_right, CellAnswer.DATE_IS_RIGHT),
        )
        answers = "; ".join(answer for box, answer in ticks if box.data)
        return {field.name: field.data for field in self} | {"answer": answers}


class ClosingForm(Form):
    """Why no more doses of a shipment are expected, and what its user knew to be received."""

    seen_received = HiddenField()
    reason = RadioField(
        _l("Reason"),
        [Required(CHOOSE), AnyOf([str(reason) for reason in ClosingReason], message=CHOOSE)],
        validate_choice=False,
    )
    note = TextAreaField(
        _l("Note"),
        [Length(max=500, message=_l("At most %(most)s characters.", most="500"))],
        description=_l("Required if the reason is “Other”. For example who you told, and when."),
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.reason.choices = [(str(reason), reason.label) for reason in ClosingReason]

    @property
    def seen(self) -> int:
        """The doses received as the form showed them; -1 for none that can be read."""
        text = self.seen_received.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else -1
