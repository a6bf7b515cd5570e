"""Forms of appointments."""

from wtforms import StringField
from wtforms.validators import Length

from blueprints.appointments.rules import LONGEST_REASON
from portal.i18n import _l
from portal.web.forms import Form, Required

OFF = {"autocomplete": "off"}


class PlaceForm(Form):
    """Near what a location is looked for."""

    near = StringField(_l("Address or ZIP Code"), [Length(max=120)], render_kw=OFF)


class ReasonForm(Form):
    """Why appointments are canceled."""

    reason = StringField(
        _l("Cancellation Reason"), [Required(), Length(max=LONGEST_REASON)], render_kw=OFF
    )


class OverbookForm(Form):
    """Why somebody is booked at a time whose places are taken."""

    reason = StringField(_l("Reason"), [Required(), Length(max=LONGEST_REASON)], render_kw=OFF)


class OwnReasonForm(Form):
    """Why a recipient cancels, if they want to say."""

    reason = StringField(
        _l("Reason (you can leave this blank)"), [Length(max=LONGEST_REASON)], render_kw=OFF
    )


class NothingForm(Form):
    """A question without a field."""
