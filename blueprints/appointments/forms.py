"""Forms of appointments."""

from typing import Any

from wtforms import BooleanField, RadioField, StringField, TelField
from wtforms.validators import Length

from blueprints.appointments.rules import LONGEST_REASON
from blueprints.recipients.rules import Details
from blueprints.recipients.telling import sends_texts
from portal.i18n import _l
from portal.web.forms import BirthdayField, DayField, Form, Required

OFF = {"autocomplete": "off"}


class PlaceForm(Form):
    """Near what a location is looked for."""

    near = StringField(_l("Address or ZIP Code"), [Length(max=120)], render_kw=OFF)


class ReasonForm(Form):
    """Why appointments are canceled."""

    reason = StringField(
        _l("Cancellation Reason"), [Required(), Length(max=LONGEST_REASON)], render_kw=OFF
    )


class GiveUpForm(Form):
    """Which of two appointments of one person is canceled, and why."""

    give_up = RadioField(_l("Appointment to cancel"), [Required()], coerce=int)
    reason = StringField(
        _l("Cancellation Reason"), [Required(), Length(max=LONGEST_REASON)], render_kw=OFF
    )


class MoveManyForm(Form):
    """To which day appointments are moved."""

    day = DayField(_l("New date"), [Required()])


class OverbookForm(Form):
    """Why somebody is booked at a time whose places are taken."""

    reason = StringField(_l("Reason"), [Required(), Length(max=LONGEST_REASON)], render_kw=OFF)


class OwnReasonForm(Form):
    """Why a recipient cancels, if they want to say."""

    reason = StringField(
        _l("Reason (you can leave this blank)"), [Length(max=LONGEST_REASON)], render_kw=OFF
    )


class OwnDetailsForm(Form):
    """Who books an appointment for themselves, without an account."""

    last_name = StringField(_l("Last name"), [Required(), Length(max=80)])
    first_name = StringField(_l("First name"), [Required(), Length(max=80)])
    birth_date = BirthdayField(_l("Date of birth"), [Required()])
    email = StringField(
        _l("E-mail"), [Length(max=254)], render_kw={"inputmode": "email", "autocomplete": "email"}
    )
    mobile_phone = TelField(_l("Mobile phone"), [Length(max=20)], render_kw={"autocomplete": "tel"})
    zip_code = StringField(
        _l("ZIP code"),
        [Required(), Length(max=10)],
        render_kw={"inputmode": "numeric", "autocomplete": "postal-code", "size": 10},
    )
    wants_texts = BooleanField(_l("Send me text messages about my appointment"))
    agrees_to_reminders = BooleanField(_l("Remind me before my appointment"))

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        if not sends_texts():
            del self.wants_texts

    def details(self, language: str) -> Details:
        """What was typed; messages go by e-mail if there is an address, and by text to who asks
        for them."""
        assert self.birth_date.data is not None
        by_text = bool(self.wants_texts and self.wants_texts.data)
        ways = {(True, True): "both", (True, False): "email", (False, True): "sms"}
        contact_by = ways.get((bool(self.email.data), by_text), "none")
        return Details(
            first_name=self.first_name.data or "",
            last_name=self.last_name.data or "",
            birth_date=self.birth_date.data,
            email=self.email.data or "",
            mobile_phone=self.mobile_phone.data or "",
            zip_code=self.zip_code.data or "",
            contact_by=contact_by,
            agrees_to_reminders=bool(self.agrees_to_reminders.data) and contact_by != "none",
            language=language,
        )


class NearForm(Form):
    """Near what a visitor looks for a location."""

    near = StringField(_l("City, address, or ZIP code"), [Length(max=120)], render_kw=OFF)


class NothingForm(Form):
    """A question without a field."""
