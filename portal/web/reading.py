"""How a form's fields take what was sent: text clean, and no longer than the field may hold."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from flask_babel import get_locale
from wtforms import Field, FieldList, FormField, PasswordField, StringField, TextAreaField
from wtforms.fields.core import UnboundField
from wtforms.i18n import get_translations
from wtforms.meta import DefaultMeta
from wtforms.validators import Length

from portal.i18n import _, _l
from portal.normal_form import normalize

LINE_LENGTH = 200
AREA_LENGTH = 10_000
PASSWORD_LENGTH = 128
# What is sent may be longer than what is left of it: doubled blanks, letters in several pieces.
# What is longer than so many times its field's limit is not looked at: it is too long anyway.
SLACK = 4
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# What has no width, or turns the direction of reading: copied along unseen, or to deceive.
INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
JOINERS = re.compile("[\u200c\u200d]")
# What WTForms says of a choice that is none.
NO_CHOICE = frozenset({"Not a valid choice.", "'%(value)s' is not a valid choice for this field."})


def clean_line(text: str | None) -> str:
    """One line of text: NFC, runs of white space made one blank, none at the ends.

    Raises `ValueError` for control characters.
    """
    return " ".join(_plain(text).split())


def clean_area(text: str | None) -> str:
    """Text of several lines: NFC, line ends as newlines, no white space at the ends.

    Raises `ValueError` for control characters.
    """
    return _plain(text).replace("\r\n", "\n").replace("\r", "\n").strip()


def _plain(text: str | None) -> str:
    if text is not None and text.isascii() and not CONTROL.search(text):
        return text
    value = INVISIBLE.sub("", normalize("NFC", text or ""))
    if CONTROL.search(value):
        raise ValueError(_("This contains a character that cannot be used."))
    # Joiners belong to some scripts, and to emoji; by themselves nobody sees them.
    return value if JOINERS.sub("", value).strip() else ""


class _Sent:
    """What was sent with a form, as its fields read it: no value is longer than what its field
    says is too long. What belongs to no field of the form itself is as it was."""

    def __init__(self, given: Any, longest: Mapping[str, int | None]) -> None:
        self._given = given
        self._longest = longest

    def getlist(self, name: str) -> list[Any]:
        values: list[Any] = self._given.getlist(name)
        most = self._longest.get(name)
        if most is None:
            return values
        end = SLACK * most + 1
        for value in values:
            if isinstance(value, str) and len(value) > end:
                return [one[:end] if isinstance(one, str) else one for one in values]
        return values

    def get(self, name: str, default: Any = None) -> Any:
        return next(iter(self.getlist(name)), default)

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return self.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._given

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


@dataclass(frozen=True)
class _Bounds:
    """What the portal makes of a field as it was declared: how many characters it may hold, and
    for text the validators and filters."""

    longest: int
    validators: Sequence[Any] = ()
    filters: Sequence[Any] = ()


def _bounds_of(field: Field) -> _Bounds:
    longest = _longest_of(field)
    if not isinstance(field, StringField):
        return _Bounds(longest)
    validators: Sequence[Any] = field.validators
    if not any(isinstance(each, Length) for each in validators):
        validators = [*validators, _usual_length(field)]
        longest = _longest_of(field, validators)
    filters: Sequence[Any] = field.filters
    if not isinstance(field, PasswordField):
        cleaning = clean_area if isinstance(field, TextAreaField) else clean_line
        filters = [partial(_unless_too_long, cleaning, SLACK * longest), *filters]
    return _Bounds(longest, validators, filters)


def _longest_of(field: Field, validators: Sequence[Any] | None = None) -> int:
    """How many characters the field may hold."""
    asked = field.validators if validators is None else validators
    limits = (each.max for each in asked if isinstance(each, Length) and each.max > 0)
    return int(getattr(field, "longest", 0)) or min(limits, default=LINE_LENGTH)


class Meta(DefaultMeta):
    """Gives every text field its cleaning, every field a length limit, every choice a sentence."""

    csrf = False

    def get_translations(self, form: Any) -> Any:
        return _Sentences()

    def wrap_formdata(self, form: Any, formdata: Any) -> Any:
        given = super().wrap_formdata(form, formdata)
        if given is None:
            return None
        return _Sent(given, {field.name: field.length_limit for field in form._fields.values()})

    def bind_field(self, form: Any, unbound_field: "UnboundField[Any]", options: Any) -> Any:
        field: Any = unbound_field.bind(form=form, **options)
        field.length_limit = None
        if isinstance(field, FieldList | FormField):
            return field
        # Kept with the declaration, since a page may have a hundred fields.
        declared: Any = unbound_field
        try:
            bounds: _Bounds = declared.bounds
        except AttributeError:
            bounds = declared.bounds = _bounds_of(field)
        field.length_limit = bounds.longest
        if isinstance(field, StringField):
            field.validators, field.filters = bounds.validators, bounds.filters
        return field


class _Sentences:
    """The sentences of WTForms itself, but for those of choices; looked for when one is needed,
    which is seldom."""

    known: Any = None

    def gettext(self, text: str) -> str:
        if text in NO_CHOICE:
            return _("Choose one of these.")
        return str(self._known().gettext(text))

    def ngettext(self, one: str, several: str, num: int) -> str:
        if one in NO_CHOICE:
            return _("Choose one of these.")
        return str(self._known().ngettext(one, several, num))

    def _known(self) -> Any:
        if self.known is None:
            self.known = _wtforms_sentences(str(get_locale() or "en"))
        return self.known


@cache
def _wtforms_sentences(language: str) -> Any:
    """The sentences of WTForms itself; Flask-WTF would read their file again for each request."""
    return get_translations([language])


def _unless_too_long(cleaning: Callable[[str | None], str], most: int, text: str | None) -> str:
    """`text` cleaned; as it is if that would be too much work. Its `Length` refuses it then."""
    return text if text and len(text) > most else cleaning(text)


def _usual_length(field: Field) -> Length:
    most = longest = AREA_LENGTH if isinstance(field, TextAreaField) else LINE_LENGTH
    if isinstance(field, PasswordField):
        # Whoever hashes a password counts the characters of its normal form.
        most, longest = PASSWORD_LENGTH, SLACK * PASSWORD_LENGTH
    return Length(max=longest, message=_l("At most %(most)s characters.", most=f"{most:,}"))
