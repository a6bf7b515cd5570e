"""Forms of transfers."""

from wtforms import RadioField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from blueprints.inventory.forms import (
    CHECKED,
    ConfirmingField,
    DateReceivedField,
    NoteField,
    ReverseForm,
)
from portal.formats.codes import MOST_DOSES
from portal.i18n import _l
from portal.lookups.fields import LookupField
from portal.web.forms import DayField, Form, Required, WholeNumberField


class SendForm(Form):
    """Where doses go, when and why."""

    receiver = LookupField(_l("Receiving Location"), [Required()], lookup="receivers")
    happened_on = DayField(_l("Date"), [Required()])
    # Whether a reason is one is the rules' business.
    reason = SelectField(_l("Reason"), [Required()], validate_choice=False)
    note = NoteField()


class InboundForm(Form):
    """Which of the transfers on their way here has arrived."""

    # What is on its way changes while one looks; the service has the last word.
    line = RadioField(
        _l("Vaccine Inventory"),
        [Required(_l("Choose the vaccine inventory record that has arrived."))],
        validate_choice=False,
    )


class RefuseForm(ReverseForm):
    """Why a transfer is refused, and whether its doses are fit for use."""

    usable = RadioField(
        _l("May these doses still be used?"),
        [Required()],
        choices=[
            SelectChoice("yes", _l("Yes, they were stored correctly the whole time")),
            SelectChoice("no", _l("No, or not sure: they go into quarantine at the sender")),
        ],
        # Whatever is not "yes" counts as "no".
        validate_choice=False,
    )


class ReceiptForm(Form):
    """What was in the box, and a word on what is unusual."""

    date_received = DateReceivedField([Required()])
    doses_received = WholeNumberField(_l("Doses Received"), [Required()], most=MOST_DOSES)
    difference_reason = SelectField(_l("Reason for missing doses"), validate_choice=False)
    note = NoteField()
    confirmed = ConfirmingField(CHECKED)
