"""The form field of a look-up: typed text and the id that was chosen."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Field, Form, FormField
from wtforms.fields import FieldList
from wtforms.validators import StopValidation
from wtforms.widgets import TextInput

from portal.formats.numbers import record_number
from portal.i18n import _
from portal.lookups import search as engine
from portal.lookups.search import MINIMUM, Choice, folded
from portal.web.context import registry, scope


def row_id(text: str) -> int:
    """The id of a row as it travels in forms. Raises `ValueError` for what cannot be one."""
    number = record_number(text)
    if number is None:
        raise ValueError("no id")
    return number


class LookupField(Field):
    """Its `data` is the id of a choice the user may see, or None; `choice` is the choice itself.

    The id is sent under the field's name, the typed text under `<name>_text`. An id counts only
    if the text still belongs to it, so that changing the text without script cannot leave the old
    id in force. Text that matches one choice is taken for it. Use `InputRequired` or
    `DataRequired` to require it.
    """

    widget = TextInput()

    def __init__(
        self,
        label: Any = None,
        validators: list[Any] | None = None,
        *,
        lookup: str,
        coerce: Callable[[str], int | str] = row_id,
        **options: Any,
    ) -> None:
        super().__init__(label, validators, **options)
        self.lookup = lookup
        self.coerce = coerce
        self.text = ""
        self.choice: Choice | None = None
        self.choices: list[tuple[int | str, str]] | None = None
        self._sent: int | str | None = None

    @property
    def text_name(self) -> str:
        """The name the typed text is sent under."""
        return f"{self.name}_text"

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Read id and text of a sent form, or show the choice whose id is `data`."""
        if formdata is None or not (self.name in formdata or self.text_name in formdata):
            super().process(None, data)
            if self.data is not None:
                self._take(self._find(self.data))
            return
        self.process_errors = []
        self.raw_data = [value for value in formdata.getlist(self.name) if value]
        self.data = None
        self._sent = self._coerced(self.raw_data[0]) if self.raw_data else None
        if self.text_name not in formdata:
            self._take(self._find(self._sent))
            return
        self.text = " ".join(formdata.get(self.text_name, "").split())
        found = self._find(self._sent) if self.text else None
        if found is not None and folded(found.label) == folded(self.text):
            self._take(found)
        self.raw_data = [self.text] if self.text else []

    def _coerced(self, value: str) -> int | str | None:
        try:
            return self.coerce(value)
        except ValueError:
            return None

    def _find(self, identity: int | str | None) -> Choice | None:
        return engine.find(registry(), self.lookup, scope(), identity) if identity else None

    def _search(self) -> list[Choice]:
        return engine.search(registry(), self.lookup, scope(), self.text)

    def _take(self, choice: Choice | None) -> None:
        self.choice = choice
        self.data = choice.id if choice else None
        if choice:
            self.text = choice.label

    def search(self) -> None:
        """Answer the field's `Search` button: fill `choices`, or say what to type."""
        if len(self.text) < MINIMUM:
            self.errors = [_("Type at least three characters.")]
            return
        found = self._search()
        self.choices = [(choice.id, _shown(choice)) for choice in found]
        self.data = self._sent if self._sent in {choice.id for choice in found} else None

    def retype(self, text: str) -> None:
        """Take the field as if `text` had been sent, beside the same id."""
        sent = "" if self._sent is None else str(self._sent)
        self.process(MultiDict([(self.name, sent), (self.text_name, text)]))

    def pre_validate(self, form: Any) -> None:
        """Find what was meant by the text, where no choice is chosen yet."""
        if self.choice is not None or not self.text:
            return
        if len(self.text) < MINIMUM:
            raise StopValidation(_("Type at least three characters."))
        found = self._search()
        meant = [choice for choice in found if choice.id == self._sent]
        meant = meant or [choice for choice in found if folded(choice.label) == folded(self.text)]
        if len(meant or found) == 1:
            self._take((meant or found)[0])
            return
        if not found:
            self._tell_of_another_name()
            raise StopValidation(
                _(
                    "Nothing found for “%(text)s”. Check the spelling, or try fewer characters.",
                    text=self.text,
                )
            )
        self.choices = [(choice.id, _shown(choice)) for choice in found]
        raise StopValidation(_("Choose one of the results."))

    def _tell_of_another_name(self) -> None:
        """Say so if what was chosen is called otherwise by now; the first word tells that it was
        meant. The next time it is sent it counts."""
        before, now = self.text, self._find(self._sent)
        if now is None or folded(before).split()[:1] != folded(now.label).split()[:1]:
            return
        self._take(now)
        raise StopValidation(
            _(
                "“%(before)s” has changed and is now “%(now)s”. Check it, and correct what is "
                "different.",
                before=before,
                now=now.label,
            )
        )


def _shown(choice: Choice) -> str:
    return f"{choice.label}, {choice.detail}" if choice.detail else choice.label


def look_up(form: Form, sent: Mapping[str, str]) -> bool:
    """Whether a look-up's `Search` button was pressed; if so its choices are there afterwards.

    The view then shows the form again (status 422): nothing is validated and nothing is saved.
    """
    wanted = sent.get("lookup")
    if not wanted:
        return False
    for field in lookups_of(form):
        if field.name == wanted:
            field.search()
            return True
    return False


def lookups_of(form: Iterable[Field]) -> list[LookupField]:
    """All look-up fields, those of nested forms too."""
    found: list[LookupField] = []
    for field in form:
        if isinstance(field, LookupField):
            found.append(field)
        elif isinstance(field, FormField):
            found += lookups_of(field.form)
        elif isinstance(field, FieldList):
            found += lookups_of(field.entries)
    return found
