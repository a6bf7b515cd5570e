"""Forms of recipients."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TelField
from wtforms.validators import Length

from blueprints.recipients import words
from blueprints.recipients.models import Recipient
from blueprints.recipients.rules import MOST_DOSES, Details
from blueprints.recipients.settings import RecipientSettings
from portal.formats.numbers import record_number
from portal.i18n import Label, _, _l
from portal.lookups.fields import LookupField
from portal.settings import of_module
from portal.web.forms import (
    BirthdayField,
    CheckboxesField,
    Form,
    Required,
    WholeNumberField,
)
from portal.web.reading import AREA_LENGTH

OFF = {"autocomplete": "off"}


def _choices(labels: Mapping[str, Label], *, blank: bool = True) -> list[tuple[str, str]]:
    made = [(code, str(label)) for code, label in labels.items()]
    return [("", _("Choose one")), *made] if blank else made


def eligibility_groups() -> list[str]:
    """The groups to choose from, as the settings name them."""
    return list(of_module(RecipientSettings).eligibility_groups)


class FindRecipientForm(Form):
    """Who is looked for."""

    text = StringField(_l("Name"), render_kw=OFF)
    birth_date = BirthdayField(_l("Date of Birth"))


class RecipientForm(Form):
    """What is known of a recipient."""

    first_name = StringField(_l("First Name"), [Required(), Length(max=80)], render_kw=OFF)
    middle_name = StringField(_l("Middle Name"), [Length(max=80)], render_kw=OFF)
    last_name = StringField(_l("Last Name"), [Required(), Length(max=80)], render_kw=OFF)
    suffix = StringField(_l("Suffix"), [Length(max=20)], render_kw=OFF)
    birth_date = BirthdayField(_l("Date of Birth"), [Required()])
    sex = SelectField(_l("Sex"))
    races = CheckboxesField(_l("Race"))
    ethnicity = SelectField(_l("Ethnicity"))
    street = StringField(_l("Street Address"), [Length(max=120)], render_kw=OFF)
    city = StringField(_l("City"), [Length(max=80)], render_kw=OFF)
    state = StringField(_l("State"), [Length(max=2)], render_kw={**OFF, "size": 2})
    zip_code = StringField(
        _l("Zip"), [Length(max=10)], render_kw={**OFF, "inputmode": "numeric", "size": 10}
    )
    mobile_phone = TelField(_l("Mobile Phone"), [Length(max=20)], render_kw=OFF)
    other_phone = TelField(_l("Other Phone"), [Length(max=20)], render_kw=OFF)
    email = StringField(_l("Email"), [Length(max=254)], render_kw={**OFF, "inputmode": "email"})
    contact_by = SelectField(_l("Preferred Method of Contact"))
    agrees_to_reminders = BooleanField(_l("The recipient agrees to reminders"))
    language = SelectField(_l("Language"))
    eligibility = SelectField(_l("Eligibility Group"))
    employer = StringField(_l("Employer"), [Length(max=120)], render_kw=OFF)
    seen = HiddenField()
    apart = HiddenField(validators=[Length(max=AREA_LENGTH)])

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        self.sex.choices = _choices(words.SEX)
        self.races.choices = _choices(words.RACES, blank=False)
        self.ethnicity.choices = _choices(words.ETHNICITY)
        self.contact_by.choices = _choices(words.CONTACT_BY, blank=False)
        self.language.choices = _choices(words.LANGUAGE, blank=False)
        groups = eligibility_groups()
        held = self.eligibility.object_data
        kept = [held] if held and held not in groups else []
        self.eligibility.choices = [
            ("", _("Choose one")),
            *((group, group) for group in groups + kept),
        ]

    @property
    def details(self) -> Details:
        """What is in the fields."""
        left_out = {"birth_date", "races", "agrees_to_reminders", "seen", "apart"}
        texts = {field.name: field.data or "" for field in self if field.name not in left_out}
        return Details(
            birth_date=self.birth_date.data,
            races=tuple(self.races.data or ()),
            agrees_to_reminders=self.agrees_to_reminders.data,
            **texts,
        )

    @property
    def kept_apart(self) -> list[int]:
        """The ids of those who look alike and are other people, as the sender said."""
        numbers = (record_number(text) for text in (self.apart.data or "").split())
        return [number for number in numbers if number is not None]

    @property
    def seen_version(self) -> int:
        """The version of the record that the page showed; 0 if it does not say."""
        return record_number(self.seen.data or "") or 0


def as_typed(recipient: Recipient) -> dict[str, Any]:
    """What the form shows of a recipient."""
    known = {column.key for column in Recipient.__table__.columns}
    names = {item.name for item in fields(Details)} & known
    values = {name: getattr(recipient, name) for name in names}
    values["races"] = recipient.races.split()
    values["mobile_phone"] = words.phone(recipient.mobile_phone)
    values["other_phone"] = words.phone(recipient.other_phone)
    values["agrees_to_reminders"] = recipient.reminders_agreed_at is not None
    values["seen"] = str(recipient.version)
    return values


class DoseElsewhereForm(Form):
    """A dose that was given elsewhere."""

    product = LookupField(_l("Product"), [Required()], lookup="products")
    dose_number = WholeNumberField(_l("Dose Number"), [Required()], least=1, most=MOST_DOSES)
    given_on = BirthdayField(_l("Date Given"), [Required()])
    where = StringField(_l("Where"), [Required(), Length(max=120)], render_kw=OFF)
    lot_number = StringField(_l("Lot #"), [Length(max=20)], render_kw=OFF)


class WithdrawForm(Form):
    """Why a dose was entered in error."""

    reason = StringField(_l("Reason"), [Required()], render_kw=OFF)


class MergeForm(Form):
    """Which record goes, and why."""

    other = RadioField(_l("Record that is used no more"), [Required()], coerce=int)
    reason = StringField(_l("Reason"), [Required()], render_kw=OFF)
