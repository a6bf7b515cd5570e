"""Forms of wastage and return."""

from wtforms import RadioField, SelectField

from blueprints.inventory.forms import NoteField
from portal.i18n import _l
from portal.web.forms import DayField, Form, Required


class ReturnForm(Form):
    """When and why doses go back."""

    happened_on = DayField(_l("Date"), [Required()])
    # Whether a reason is one is the rules' business.
    reason = SelectField(_l("Reason"), [Required()], validate_choice=False)
    note = NoteField()


class WastageForm(Form):
    """When and why doses were wasted, and whether the vials had been opened."""

    happened_on = DayField(_l("Date"), [Required()])
    reason = SelectField(_l("Reason"), [Required()], validate_choice=False)
    vial = RadioField(_l("Vial"), [Required()], validate_choice=False)
    note = NoteField()
