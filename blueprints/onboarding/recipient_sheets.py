"""The Recipient Bulk Upload Template: the columns of the form for one recipient (SPEC F3)."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from blueprints.recipients import words
from blueprints.recipients.rules import Details
from blueprints.recipients.settings import RecipientSettings
from portal.errors import Invalid
from portal.formats.birthdays import parse_birthday
from portal.formats.codes import ParsedDate, parse_text
from portal.formats.texts import ShownNumber
from portal.i18n import Label, _, _l
from portal.places.rules import clean_state, clean_zip_code
from portal.settings import of_module
from portal.sheets.columns import SheetColumn

TEMPLATE_NAME = "(Organization) Recipients (MM-DD-YY).xlsx"
YES_NO: Mapping[str, Label] = {"yes": _l("Yes"), "no": _l("No")}


def _letters(text: str) -> str:
    return re.sub("[^a-z0-9]", "", text.casefold())


def _day(cell: object) -> ParsedDate:
    if isinstance(cell, datetime):
        return ParsedDate(cell.date(), False)
    if isinstance(cell, date):
        return ParsedDate(cell, False)
    return ParsedDate(parse_birthday(str(parse_text(cell))), False)


def _one_of(labels: Mapping[str, Label]) -> Callable[[object], str]:
    def parse(cell: object) -> str:
        said = _letters(str(parse_text(cell)))
        for code, label in labels.items():
            if said in {_letters(str(label)), _letters(code)}:
                return code
        raise Invalid(_("Select one from the list."))

    return parse


def _races(cell: object) -> tuple[str, ...]:
    parse = _one_of(words.RACES)
    said = re.split(r"[;|\n]", str(parse_text(cell, limit=200)))
    return tuple(dict.fromkeys(parse(one) for one in said if one.strip()))


def _zip(cell: object) -> str:
    text = str(parse_text(cell))
    if isinstance(cell, int | float) and not isinstance(cell, ShownNumber) and len(text) < 5:
        text = text.zfill(5)
    return clean_zip_code(text)


def _state(cell: object) -> str:
    return clean_state(str(parse_text(cell)))


def _labels(labels: Mapping[str, Label]) -> tuple[str, ...]:
    return tuple(map(str, labels.values()))


def columns() -> tuple[SheetColumn, ...]:
    """The columns, with their choices in the reader's language."""
    groups = of_module(RecipientSettings).eligibility_groups

    def text(
        key: str, label: str, limit: int, *aliases: str, required: bool = False
    ) -> SheetColumn:
        parse = partial(parse_text, limit=limit)
        return SheetColumn(key, label, parse, aliases, required, text=True)

    def choice(key: str, label: str, labels: Mapping[str, Label], *aliases: str) -> SheetColumn:
        return SheetColumn(
            key, label, _one_of(labels), aliases, False, choices=_labels(labels), text=True
        )

    return (
        text("first_name", "First Name", 80, required=True),
        text("middle_name", "Middle Name", 80),
        text("last_name", "Last Name", 80, required=True),
        text("suffix", "Suffix", 20),
        SheetColumn(
            "birth_date", "Date of Birth", _day, ("DOB", "Birth Date"), text=True, holds="day"
        ),
        choice("sex", "Sex", words.SEX, "Gender"),
        SheetColumn("races", "Race", _races, required=False, text=True),
        choice("ethnicity", "Ethnicity", words.ETHNICITY),
        text("street", "Street Address", 120, "Address"),
        text("city", "City", 80),
        SheetColumn("state", "State", _state, required=False, text=True),
        SheetColumn("zip_code", "Zip", _zip, ("Zip Code",), required=False, text=True),
        text("mobile_phone", "Mobile Phone", 20, "Cell Phone"),
        text("other_phone", "Other Phone", 20, "Home Phone"),
        text("email", "Email", 254, "Email Address"),
        choice("contact_by", "Preferred Method of Contact", words.CONTACT_BY),
        choice("agrees_to_reminders", "Agrees to Reminders", YES_NO),
        choice("language", "Language", words.LANGUAGE),
        choice("eligibility", "Eligibility Group", {group: group for group in groups}),
        text("employer", "Employer", 120),
    )


def details_of(values: Mapping[str, Any]) -> Details:
    """What a row says of a recipient; what is blank is as on the form."""
    said = {key: value for key, value in values.items() if value is not None}
    return Details(
        **{
            **said,
            "birth_date": said["birth_date"].day,
            "agrees_to_reminders": said.get("agrees_to_reminders") == "yes",
        }
    )


INSTRUCTIONS = (
    _l("Recipient Bulk Upload Template"),
    _l(
        "1. Save the file under the name of your organization and the date, for example "
        "“Washington County Health Department Recipients 12-02-20.xlsx”."
    ),
    _l("2. Above the table, fill in your organization, your name, e-mail, title and phone number."),
    _l("3. Fill in one row for each recipient. Names and date of birth are needed."),
    _l("4. Write dates of birth as MM/DD/YYYY. Separate several races by semicolons."),
    _l(
        "5. Attach the file to a request “HCP Onboarding & Recipient Bulk Upload”, request type "
        "“Recipient Bulk Upload”. The recipients are registered at the location of the request."
    ),
    _l(
        "Who may be registered already is not added: the portal asks whether it is the same person."
    ),
)
