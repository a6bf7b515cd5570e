"""The base of all forms: text arrives clean, days and whole numbers in the forms people write.

Forms check shape and format; what is true is the rules' business. A refusal of a rule is put
beside its field by `Form.refuse`. The request token is checked for the whole application, so forms
carry none of their own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    Field,
    SelectMultipleField,
    StringField,
)
from wtforms import Form as PlainForm
from wtforms.validators import Length as Length  # for modules of clinics, too
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, DateInput, ListWidget, TextInput

from portal.errors import Invalid, PortalError
from portal.formats.birthdays import parse_birthday
from portal.formats.codes import parse_date
from portal.formats.periods import parse_period
from portal.formats.texts import clean
from portal.i18n import _, _l
from portal.web.reading import AREA_LENGTH as AREA_LENGTH
from portal.web.reading import CONTROL, SLACK, Meta
from portal.web.reading import LINE_LENGTH as LINE_LENGTH
from portal.web.reading import clean_area as clean_area
from portal.web.reading import clean_line as clean_line

PICTURES = 0x2400  # Unicode shows the control character n as the picture 0x2400 + n
DAY_FORMAT = "%m/%d/%Y"
WHOLE = re.compile(r"[+-]?(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})")


class Required:
    """The field must be filled in; a value that could not be read keeps its own sentence."""

    field_flags = {"required": True}

    def __init__(self, message: Any = None) -> None:
        self.message = message or _l("Please fill in this field.")

    def __call__(self, _form: PlainForm, field: Field) -> None:
        if field.errors:
            raise StopValidation
        if field.data is None or field.data == "" or field.data == []:
            raise StopValidation(str(self.message))


class Form(FlaskForm):
    """Base of the portal's forms.

    Single lines lose white space at the ends and doubled blanks, areas keep their lines; both are
    NFC, never None, without control characters, at most 200 (10,000) characters unless the field
    carries its own `Length`. Passwords are left as typed. Nothing looks at more than four times as
    many characters as a field may hold, of a field without `Length` at more than `longest` of its
    class (or 200) says.
    """

    Meta = Meta

    def refuse(self, error: PortalError) -> None:
        """Put the sentence of a refusal beside the field it names, or over the whole form."""
        if error.field and error.field in self:
            field = self[error.field]
            field.errors = [*field.errors, error.message]
        else:
            self.form_errors.append(error.message)


def pictured(text: str) -> str:
    """`text` with control characters as their pictures (`␝`)."""
    return CONTROL.sub(lambda found: chr(PICTURES + min(ord(found[0]), 0x21)), text)


@dataclass(frozen=True)
class Question:
    """What a scanned code leaves open: values and labels to choose from, and what was chosen;
    `lines` say what it is about. `again` is sent along, as the answer to NAME_again."""

    name: str
    text: str
    choices: tuple[tuple[str, str], ...]
    chosen: str = ""
    lines: tuple[str, ...] = ()
    again: str = ""


class PassingField(StringField):
    """Text that counts only with what it is sent: no draft keeps it, and no review shows it."""


class ScanField(Field):
    """What a scanner typed or somebody pasted: a help with other fields, no input of its own.

    Control characters, which separate the parts of a code and which other text fields refuse, are
    kept, as their pictures (`␝`). `asked` is shown beside the field; `answer` gives what was chosen
    there. `told` says what became of the last code: kinds of notices and sentences. A code that
    could not be read is sent along as `failed`; without script the next one is typed beside it.
    """

    widget = TextInput()
    longest = 300

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        attributes = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        kwargs["render_kw"] = {**attributes, **(kwargs.get("render_kw") or {})}
        super().__init__(label, validators, **kwargs)
        self.asked: list[Question] = []
        self.told: list[tuple[str, str]] = []
        self._answers: dict[str, str] = {}

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Read the field, and what was answered to the questions beside it."""
        super().process(formdata, data, extra_filters)
        self.data = self.data or ""
        own = f"{self.name}_"
        for name in formdata or ():
            if name.startswith(own):
                self._answers[name.removeprefix(own)] = str(formdata[name])
        failed = self.answer("failed")
        if failed and self.data != failed:
            self.data = (
                self.data.removesuffix(failed)
                if self.data.endswith(failed)
                else (self.data.removeprefix(failed))
            )

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read the text; nothing is refused here."""
        self.data = pictured(str(valuelist[0]).strip("\r\n\t ")) if valuelist else ""

    def _value(self) -> str:
        return str(self.data)

    def answer(self, name: str) -> str:
        """What was chosen at the question `name`; empty if nothing was."""
        return self._answers.get(name, "")

    def done(self, told: list[tuple[str, str]]) -> None:
        """Make room for the next code, and say what became of this one."""
        self.data = ""
        self.asked = []
        self.told = told


class CheckboxesField(SelectMultipleField):
    """Several choices, each with a check box."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class DayField(Field):
    """A calendar day of our time, typed as MM/DD/YYYY or in another way that imports understand,
    too (`portal.formats.codes.parse_date`). Not for birthdays: a year of two digits is taken for
    one after 2000."""

    widget = DateInput()

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.strftime(DAY_FORMAT) if self.data else ""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read the day. Raises `ValueError` with a sentence for what is none."""
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            self.data = self.read(text)
        except Invalid as refusal:
            raise ValueError(refusal.message) from refusal

    def read(self, text: str) -> date:
        """The day that was typed. Raises `Invalid`."""
        return parse_date(text).day


class FirstDayField(DayField):
    """The day with which a stretch of days begins; of a month alone its first day."""

    def read(self, text: str) -> date:
        """The day that was typed. Raises `Invalid`."""
        return parse_period(text).first


class LastDayField(DayField):
    """The day with which a stretch of days ends; of a month alone its last day."""

    def read(self, text: str) -> date:
        """The day that was typed. Raises `Invalid`."""
        return parse_period(text).last


class BirthdayField(DayField):
    """A birthday, or another day of somebody's life, typed as MM/DD/YYYY or in another way
    (`portal.formats.birthdays`): from 1900 on, the year always with four digits. That it is not
    after today is the rules' business."""

    def read(self, text: str) -> date:
        """The day that was typed. Raises `Invalid`."""
        return parse_birthday(text)


class WholeNumberField(Field):
    """A whole number between `least` and `most`; thousands may be separated by commas."""

    widget = TextInput()

    def __init__(
        self,
        label: Any = None,
        validators: Any = None,
        *,
        least: int = 0,
        most: int = 10_000_000,
        **kwargs: Any,
    ) -> None:
        kwargs["render_kw"] = {
            "inputmode": "numeric",
            "autocomplete": "off",
            **(kwargs.get("render_kw") or {}),
        }
        super().__init__(label, validators, **kwargs)
        self.least = least
        self.most = most

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read the number. Raises `ValueError` with a sentence for what is none."""
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            text = clean(text[: SLACK * LINE_LENGTH])
        except Invalid as refusal:
            raise ValueError(refusal.message) from refusal
        if not WHOLE.fullmatch(text):
            raise ValueError(_("Enter a whole number, for example 10."))
        found = int(text.replace(",", ""))
        if found < self.least:
            raise ValueError(_("Enter %(least)s or more.", least=f"{self.least:,}"))
        if found > self.most:
            raise ValueError(_("Enter %(most)s or less.", most=f"{self.most:,}"))
        self.data = found
