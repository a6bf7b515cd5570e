"""What a recipient's record must look like, and who looks like somebody else."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email

from portal.errors import Invalid
from portal.i18n import _
from portal.places.rules import clean_state, clean_zip_code

FIRST_DAY = date(1900, 1, 1)
MOST_DOSES = 9
NOT_SAID = "not_said"


class DoseStatus(StrEnum):
    """How far a recipient is, in the guides' words (SPEC F2)."""

    REGISTERED = "registered"
    DOSE_1_SCHEDULED = "dose_1_scheduled"
    DOSE_1_ADMINISTERED = "dose_1_administered"
    DOSE_2_SCHEDULED = "dose_2_scheduled"
    DOSE_2_ADMINISTERED = "dose_2_administered"


class SeenBecause(StrEnum):
    """Why a location sees a recipient."""

    REGISTERED = "registered"
    BOOKED = "booked"
    VACCINATED = "vaccinated"
    OPENED = "opened"


@dataclass(frozen=True, kw_only=True)
class Details:
    """What is typed about a recipient; `races` are codes."""

    first_name: str
    last_name: str
    birth_date: date
    middle_name: str = ""
    suffix: str = ""
    sex: str = ""
    races: tuple[str, ...] = ()
    ethnicity: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    mobile_phone: str = ""
    other_phone: str = ""
    email: str = ""
    contact_by: str = "none"
    agrees_to_reminders: bool = False
    language: str = "en"
    eligibility: str = ""
    employer: str = ""


def clean(details: Details, *, today: date) -> Details:
    """`details` as they are stored. Raises `Invalid` on the field that is wrong."""
    check_name(details.first_name, "first_name")
    check_name(details.last_name, "last_name")
    check_birth_date(details.birth_date, today=today)
    if NOT_SAID in details.races and len(details.races) > 1:
        raise Invalid(_("Choose “Prefer not to say” or the races, not both."), field="races")
    cleaned = replace(
        details,
        state=clean_state(details.state),
        zip_code=clean_zip_code(details.zip_code),
        mobile_phone=clean_phone(details.mobile_phone, "mobile_phone"),
        other_phone=clean_phone(details.other_phone, "other_phone"),
        email=clean_email(details.email),
    )
    if details.contact_by in {"email", "both"} and not cleaned.email:
        raise Invalid(
            _("Enter the e-mail address, or choose another preferred method of contact."),
            field="email",
        )
    if details.contact_by in {"sms", "both"} and not cleaned.mobile_phone:
        raise Invalid(
            _("Enter the mobile phone number, or choose another preferred method of contact."),
            field="mobile_phone",
        )
    if details.agrees_to_reminders and details.contact_by == "none":
        raise Invalid(
            _("Choose how the recipient is reminded, or clear the box for reminders."),
            field="contact_by",
        )
    return cleaned


def check_name(name: str, field: str) -> None:
    """Raise `Invalid` on `field` unless `name` has a letter."""
    if not any(character.isalpha() for character in name):
        raise Invalid(_("Enter a name with at least one letter."), field=field)


def check_birth_date(day: date, *, today: date) -> None:
    """Raise `Invalid` unless somebody alive may be born on `day`: from 1900 to today."""
    if not FIRST_DAY <= day <= today:
        raise Invalid(_("Enter a date of birth from 01/01/1900 to today."), field="birth_date")


def clean_phone(text: str, field: str) -> str:
    """A phone number as +12525550100; ten digits are one of the United States. Empty stays empty.

    Raises `Invalid` on `field`.
    """
    if not text:
        return ""
    digits = re.sub(r"[\s().\-/]", "", text)
    if re.fullmatch(r"(?:\+?1)?[2-9][0-9]{9}", digits):
        return f"+1{digits[-10:]}"
    if re.fullmatch(r"\+[2-9][0-9]{6,14}", digits):
        return digits
    raise Invalid(_("Enter a phone number of ten digits, for example 252-555-0100."), field=field)


def clean_email(text: str) -> str:
    """An e-mail address, its domain in lower case. Empty stays empty. Raises `Invalid`."""
    if not text:
        return ""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Invalid(
            _("Enter an e-mail address such as name@example.org."), field="email"
        ) from error


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """What two records are compared by: folded names, the birth date, the ZIP code."""

    first_name: str
    last_name: str
    birth_date: date
    zip_code: str = ""


def look_alike(one: Likeness, other: Likeness, *, similar: bool) -> bool:
    """Whether two records may be of one person: the same birth date and similar names, or three of
    last name, first name, birth date and ZIP code.

    `similar` says that the names differ by no more than a typing error, a nickname or their order.
    What is blank equals nothing. Twins share birth date, last name and ZIP code: first names that
    are not similar tell them apart.
    """
    first = one.first_name == other.first_name
    at_home = bool(one.zip_code) and one.zip_code[:5] == other.zip_code[:5]
    if one.birth_date == other.birth_date:
        return similar or (first and at_home)
    return first and one.last_name == other.last_name and at_home


def status_after(status: DoseStatus, given: Collection[int]) -> DoseStatus:
    """The dose status once these numbered doses are given. What is scheduled after them stays."""
    last = min(max(given, default=0), 2)
    reached = (
        DoseStatus.REGISTERED,
        DoseStatus.DOSE_1_ADMINISTERED,
        DoseStatus.DOSE_2_ADMINISTERED,
    )
    scheduled = {0: DoseStatus.DOSE_1_SCHEDULED, 1: DoseStatus.DOSE_2_SCHEDULED}
    return status if scheduled.get(last) == status else reached[last]
