"""Forms of onboarding."""

from collections.abc import Mapping
from typing import Any

from wtforms import SelectField, StringField
from wtforms.validators import Length

from blueprints.onboarding.models import OnboardingRow
from blueprints.onboarding.sheets import ACTIONS, LONGEST_CELL, PROFILES
from portal.errors import Invalid
from portal.i18n import _, _l
from portal.web.forms import Form

OFF = {"autocomplete": "off"}


def _cell() -> list[Any]:
    return [Length(max=LONGEST_CELL)]


class UserRowForm(Form):
    """The cells of a row of an onboarding file."""

    first_name = StringField(_l("First Name"), _cell(), render_kw=OFF)
    last_name = StringField(_l("Last Name"), _cell(), render_kw=OFF)
    username = StringField(_l("NCID Username"), _cell(), render_kw=OFF)
    email = StringField(_l("Email"), _cell(), render_kw=OFF)
    profile = SelectField(_l("Profile"), validate_choice=False)
    action = SelectField(_l("Location Action"), validate_choice=False)
    location = StringField(_l("Location Name"), _cell(), render_kw=OFF)
    street = StringField(_l("Street Address"), _cell(), render_kw=OFF)
    city = StringField(_l("City"), _cell(), render_kw=OFF)
    zip_code = StringField(_l("Zip"), _cell(), render_kw=OFF)

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        for field, known in ((self.profile, tuple(PROFILES)), (self.action, ACTIONS)):
            # What the file said stays, even if it is none of the list.
            said = [field.data] if field.data and field.data not in known else []
            field.choices = [("", _("Choose one")), *((each, each) for each in (*known, *said))]

    @property
    def typed(self) -> Mapping[str, str]:
        """What is in the fields, by column."""
        return {field.short_name: field.data or "" for field in self}

    def mark(self, wrong: list[Any]) -> None:
        """Put sentences beside the fields they are about, those of the whole row above."""
        for key, message in wrong:
            self.refuse(Invalid(message, field=key or None))


def form_of(row: OnboardingRow, sent: Any = None) -> UserRowForm:
    """The form of a row as it was in the file and what is wrong with it; or as it was `sent`."""
    form = UserRowForm(formdata=sent, data=row.cells, prefix=f"row{row.row}")
    if sent is None:
        form.mark(row.wrong)
    return form
