"""The form of the thresholds."""

from wtforms import BooleanField

from portal.i18n import _l
from portal.web.forms import Form, Required, WholeNumberField


class AlertsForm(Form):
    """When this location is warned, and whether I want the daily e-mail."""

    expiry_days = WholeNumberField(
        _l("Days before the expiration date"), [Required()], least=0, most=365
    )
    low_doses = WholeNumberField(
        _l("Low stock: fewer doses of a vaccine than"), [Required()], least=0, most=100_000
    )
    wanted = BooleanField(_l("Send me the daily e-mail"))
