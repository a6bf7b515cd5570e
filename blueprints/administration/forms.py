"""Forms of giving a dose and of correcting its record."""

from wtforms import (
    FieldList,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length

from blueprints.administration.recording import LONGEST_NAME
from blueprints.administration.rules import LONGEST_EVENT, LONGEST_REASON
from portal.catalog.screening import ScreeningQuestion
from portal.i18n import _l
from portal.signing_in.forms import CountersignFields
from portal.web.forms import (
    CheckboxesField,
    DayField,
    Form,
    Required,
    ScanField,
    WholeNumberField,
)

MOST_QUESTIONS = 30
NOW, EARLIER = "now", "earlier"
SOMEBODY_ELSE = "0"
LANGUAGES = [SelectChoice("en", _l("English")), SelectChoice("es", _l("Spanish"))]


class QuestionForm(Form):
    """A question and its answer."""

    code = HiddenField("")
    answer = RadioField(_l("Answer"), validate_choice=False)
    about: ScreeningQuestion | None = None
    # For which of the vaccines on the page it is asked, as classes: "q0 q2".
    concerns = ""


class IdentityForm(Form):
    """Who it is, what for, and what was asked."""

    identified_by = CheckboxesField(_l("Confirm with the recipient"), [Required()])
    product = RadioField(_l("Vaccine"), [Required(_l("Choose the vaccine."))], coerce=str)
    language = SelectField(_l("Asked in"), [Required()], choices=LANGUAGES)
    questions = FieldList(FormField(QuestionForm), max_entries=MOST_QUESTIONS)


class ConsentForm(Form):
    """Who agreed, and what was handed out before."""

    consent_by = RadioField(_l("Who agrees?"), [Required()])
    consent_name = StringField(_l("Name, if it is not the recipient"), [Length(max=LONGEST_NAME)])
    fact_sheet = StringField(_l("Fact sheet and its edition"), [Required(), Length(max=120)])
    fact_sheet_on = DayField(_l("Given on"), [Required()])
    fact_sheet_language = SelectField(_l("Language"), [Required()], choices=LANGUAGES)


class InjectionFields(Form):
    """How, when and by whom a dose was given."""

    dose_number = WholeNumberField(_l("Dose number"), [Required()], least=1, most=9)
    site = RadioField(_l("Site"), [Required()])
    route = SelectField(_l("Route"), [Required()])
    volume_ml = StringField(
        _l("Volume in mL"), [Required(), Length(max=8)], render_kw={"inputmode": "decimal"}
    )
    given_by = SelectField(_l("Given by"), [Required()])
    given_by_name = StringField(_l("Name, if somebody else"), [Length(max=LONGEST_NAME)])
    funding = SelectField(_l("Funding"), [Required()])


class VaccinationForm(InjectionFields):
    """The lot, and how, when and by whom the dose was given."""

    scan = ScanField(_l("Scan"))
    # Whether a lot may still be used is the rules' business: they say why not.
    lot = RadioField(
        _l("Lot"),
        [Required(_l("Choose the lot that is on the vial."))],
        coerce=str,
        validate_choice=False,
    )
    vial = SelectField(_l("Vial"), coerce=str, validate_choice=False)
    when = RadioField(_l("When"), [Required()])
    given_on = DayField(_l("Date"))
    given_time = StringField(_l("Time"), [Length(max=12)])


class SaveForm(CountersignFields):
    """What is decided on the last page; `stops` are the codes of those that it showed."""

    override_reason = TextAreaField(_l("Reason for giving it anyway"), [Length(max=LONGEST_REASON)])
    stops = HiddenField(validators=[Length(max=200)])


class WhyFields(CountersignFields):
    """Why a record is corrected, and who authorizes what a rule speaks against."""

    why = TextAreaField(_l("Reason for the change"), [Required(), Length(max=LONGEST_REASON)])
    override_reason = TextAreaField(
        _l("Reason for keeping it although a rule speaks against it"),
        [Length(max=LONGEST_REASON)],
    )
    stops = HiddenField(validators=[Length(max=200)])
    seen = HiddenField()


class EditForm(InjectionFields, WhyFields):
    """The details of a dose, corrected."""

    given_on = DayField(_l("Date"), [Required()])
    given_time = StringField(_l("Time"), [Required(), Length(max=12)])


class LotForm(WhyFields):
    """Another lot for a dose."""

    scan = ScanField(_l("Scan"))
    # Whether a lot may still be used is the rules' business: they say why not.
    lot = RadioField(
        _l("Lot"),
        [Required(_l("Choose the lot that is on the vial."))],
        coerce=str,
        validate_choice=False,
    )


class AdverseEventForm(Form):
    """What was noted after a dose."""

    what = TextAreaField(
        _l("What happened?"),
        [Required(), Length(max=LONGEST_EVENT)],
        description=_l("For example: hives on both arms after 10 minutes, 911 was called"),
    )
    began_on = DayField(_l("Date it began"), [Required()])
    began_time = StringField(_l("Time it began"), [Required(), Length(max=12)])


class RemoveForm(Form):
    """Why the record of a dose is removed."""

    reason = TextAreaField(_l("Reason"), [Required(), Length(max=LONGEST_REASON)])
    seen = HiddenField()
