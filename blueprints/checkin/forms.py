"""Forms of the check-in."""

from collections.abc import Sequence

from wtforms import StringField
from wtforms.validators import Length

from blueprints.checkin.rules import LONGEST_REASON
from portal.i18n import _, _l
from portal.web.forms import CheckboxesField, Form, Required

OFF = {"autocomplete": "off"}


class NumberForm(Form):
    """The number in a recipient's message."""

    number = StringField(
        _l("Appointment Confirmation Number"),
        [Required(), Length(max=40)],
        description=_l("For example K7M-4QX-9TQ"),
        render_kw={**OFF, "autocapitalize": "characters", "spellcheck": "false"},
    )


class CheckInForm(Form):
    """By what the recipient was recognized."""

    identified_by = CheckboxesField(_l("How do you know who this is?"))

    def offer(self, choices: Sequence[tuple[str, str]]) -> None:
        """What can be ticked: codes, and what the record says."""
        self.identified_by.choices = list(choices)
        self.identified_by.description = _("Ask the recipient, and check at least two.")


class LeaveForm(Form):
    """Why somebody left without a dose."""

    reason = StringField(
        _l("Reason"),
        [Required(), Length(max=LONGEST_REASON)],
        description=_l("For example: has a fever, changed their mind, could not wait"),
        render_kw=OFF,
    )
