"""The form that asks for a number and a birth date."""

from wtforms import StringField
from wtforms.validators import Length

from portal.i18n import _l
from portal.web.forms import BirthdayField, Form, Required


class DoorForm(Form):
    """What shows that a record is one's own, without a link."""

    number = StringField(
        _l("Confirmation Number"),
        [Required(), Length(max=40)],
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )
    birth_date = BirthdayField(_l("Date of Birth"), [Required()])
