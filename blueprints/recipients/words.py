"""What the module's codes, records and actions are called, and how a person is named."""

from collections.abc import Mapping
from typing import Protocol

from blueprints.recipients.rules import DoseStatus
from portal.i18n import Label, _l

DOSE_STATUS: Mapping[DoseStatus, Label] = {
    DoseStatus.REGISTERED: _l("Registered"),
    DoseStatus.DOSE_1_SCHEDULED: _l("Dose 1 Scheduled"),
    DoseStatus.DOSE_1_ADMINISTERED: _l("Dose 1 Administered"),
    DoseStatus.DOSE_2_SCHEDULED: _l("Dose 2 Scheduled"),
    DoseStatus.DOSE_2_ADMINISTERED: _l("Dose 2 Administered"),
}
SEX: Mapping[str, Label] = {
    "female": _l("Female"),
    "male": _l("Male"),
    "another": _l("Another"),
    "not_said": _l("Prefer not to say"),
}
RACES: Mapping[str, Label] = {
    "native": _l("American Indian or Alaska Native"),
    "asian": _l("Asian"),
    "black": _l("Black or African American"),
    "islander": _l("Native Hawaiian or Pacific Islander"),
    "white": _l("White"),
    "other": _l("Other"),
    "not_said": _l("Prefer not to say"),
}
ETHNICITY: Mapping[str, Label] = {
    "hispanic": _l("Hispanic or Latino"),
    "not_hispanic": _l("Not Hispanic or Latino"),
    "not_said": _l("Prefer not to say"),
}
CONTACT_BY: Mapping[str, Label] = {
    "none": _l("No messages"),
    "email": _l("E-mail"),
    "sms": _l("Text (SMS)"),
    "both": _l("E-mail and text (SMS)"),
}
LANGUAGE: Mapping[str, Label] = {"en": _l("English"), "es": _l("Spanish")}

WORDS = {
    "recipient": _l("Recipient"),
    "recipients": _l("Recipients"),
    "recipient.registered": _l("Recipient registered"),
    "recipient.changed": _l("Recipient changed"),
    "recipient.found_elsewhere": _l("Recipients of other locations found by name and birth date"),
    "recipient.opened": _l("Recipient of another location opened"),
    "recipient.not_the_same": _l("Two recipients who look alike kept apart"),
    "vaccination.recorded": _l("Dose given elsewhere recorded"),
    "vaccination.withdrawn": _l("Dose marked as entered in error"),
}


class Named(Protocol):
    """Whoever has the names of a recipient."""

    @property
    def first_name(self) -> str: ...
    @property
    def middle_name(self) -> str: ...
    @property
    def last_name(self) -> str: ...
    @property
    def suffix(self) -> str: ...


def full_name(recipient: Named) -> str:
    """First, middle and last name, and the suffix."""
    parts = (recipient.first_name, recipient.middle_name, recipient.last_name, recipient.suffix)
    return " ".join(part for part in parts if part)


def phone(number: str) -> str:
    """A stored phone number as people in the United States write it."""
    if len(number) == 12 and number.startswith("+1"):
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number
