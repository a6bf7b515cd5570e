"""The form for what is left in an open vial."""

from wtforms import SelectField

from blueprints.inventory.forms import CHECKED, ConfirmingField, NoteField
from portal.i18n import _l
from portal.web.forms import Form, Required, WholeNumberField


class LeftoverForm(Form):
    """How many doses are lost, and why."""

    doses = WholeNumberField(_l("Doses"), [Required()])
    # Whether a reason is one is the rules' business.
    reason = SelectField(_l("Reason"), [Required()], validate_choice=False)
    note = NoteField()
    confirmed = ConfirmingField(CHECKED)
