"""What was entered, as label and value: the review step and the page of a paused form."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from wtforms import (
    BooleanField,
    FieldList,
    FileField,
    FormField,
    HiddenField,
    PasswordField,
    SelectField,
    SelectMultipleField,
)

from portal.i18n import _
from portal.lookups.fields import LookupField
from portal.web.forms import PassingField, ScanField


class Entered(NamedTuple):
    """One line of a review."""

    label: object
    value: str


def shown(field: Any) -> str:
    """A field's value as people read it; what could not be understood as it was typed."""
    if isinstance(field, LookupField):
        return field.text
    if isinstance(field, BooleanField):
        return _("Yes") if field.data else _("No")
    if isinstance(field, SelectMultipleField):
        chosen = {str(value) for value in field.data or ()}
        return ", ".join(label for value, label in _choices(field) if value in chosen)
    if isinstance(field, SelectField):
        value = "" if field.data is None else str(field.data)
        return next((label for each, label in _choices(field) if each == value), "")
    data = field.data
    if data is None:
        return " ".join(str(value) for value in field.raw_data or ())
    if isinstance(data, date):
        return data.strftime("%m/%d/%Y")
    if isinstance(data, int):
        return f"{data:,}"
    return str(data)


def _choices(field: SelectField) -> Iterable[tuple[str, str]]:
    for choice in field.iter_choices() if field.choices is not None else ():
        yield str(choice[0]), str(choice[1])


def lines(form: Any) -> list[Entered]:
    """A form's fields with their values, those of nested forms too; no secrets, files, hidden,
    nor what was only scanned to fill in others."""
    secret = PasswordField | PassingField | FileField | HiddenField | ScanField
    found: list[Entered] = []
    for field in form or ():
        if isinstance(field, FormField):
            found += lines(field.form)
        elif isinstance(field, FieldList):
            found += lines(field.entries)
        elif not isinstance(field, secret):
            found.append(Entered(field.label.text, shown(field)))
    return found
