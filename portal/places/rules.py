"""What the data of organizations and locations must look like."""

import re
from zoneinfo import available_timezones

from portal.errors import Invalid
from portal.i18n import _

GENERIC_PIN_DIGITS = 6


def clean_pin(text: str, *, prefix: str) -> str:
    """A Provider PIN: the installation's prefix and six digits, in capitals.

    The digits alone are understood too. Raises `Invalid` on `pin`.
    """
    value = re.sub(r"[\s-]", "", text).upper()
    if re.fullmatch(rf"[0-9]{{{GENERIC_PIN_DIGITS}}}", value):
        value = prefix.upper() + value
    if not re.fullmatch(rf"{re.escape(prefix.upper())}[0-9]{{{GENERIC_PIN_DIGITS}}}", value):
        raise Invalid(
            _(
                "A Provider PIN is %(prefix)s and six digits, for example %(prefix)s650001.",
                prefix=prefix,
            ),
            field="pin",
        )
    return value


def check_time_zone(name: str) -> str:
    """An IANA time zone name. Raises `Invalid` on `time_zone`."""
    if name not in available_timezones():
        raise Invalid(_("Choose a time zone from the list."), field="time_zone")
    return name


def clean_zip_code(text: str) -> str:
    """A ZIP code of five or nine digits, or empty. Raises `Invalid` on `zip_code`."""
    value = text.strip()
    if value and not re.fullmatch(r"[0-9]{5}(-[0-9]{4})?", value):
        raise Invalid(_("A ZIP code has five digits, for example 27962."), field="zip_code")
    return value


def clean_state(text: str) -> str:
    """A state's two letters in capitals, or empty. Raises `Invalid` on `state`."""
    value = text.strip().upper()
    if value and not re.fullmatch(r"[A-Z]{2}", value):
        raise Invalid(_("Enter the state as two letters, for example NC."), field="state")
    return value


def check_length(name: str, text: str, most: int) -> None:
    """Refuse what the database could not hold. Raises `Invalid` on the field `name`."""
    if len(text) > most:
        raise Invalid(_("This is too long. At most %(most)s characters.", most=most), field=name)
