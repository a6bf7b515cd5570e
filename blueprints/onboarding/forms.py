"""The form of a row: a field for each column of its file."""

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import SelectField, StringField
from wtforms.validators import Length

from blueprints.onboarding.models import OnboardingRow
from blueprints.onboarding.sheets import LONGEST_CELL
from portal.errors import Invalid
from portal.i18n import _
from portal.sheets.columns import SheetColumn
from portal.web.forms import Form


class RowForm(Form):
    """The cells of a row; `form_of` gives it a field for each column."""

    @property
    def typed(self) -> Mapping[str, str]:
        """What is in the fields, by column."""
        return {field.short_name: field.data or "" for field in self}

    def mark(self, wrong: Sequence[Sequence[str]]) -> None:
        """Put sentences beside the fields they are about, those of the whole row above."""
        for key, message in wrong:
            self.refuse(Invalid(message, field=key or None))


def form_of(
    columns: Sequence[SheetColumn],
    number: int,
    *,
    row: OnboardingRow | None = None,
    sent: Any = None,
) -> RowForm:
    """The form of the row with that number, as it was in the file, with what is wrong with it; as
    its sender corrected it; or as it was `sent`."""
    made: dict[str, Any] = {column.key: _field(column) for column in columns}
    kind: type[RowForm] = type("RowFormOfFile", (RowForm,), made)
    form = kind(
        formdata=sent, data=(row.staged or row.cells) if row else None, prefix=f"row{number}"
    )
    for column in columns:
        if column.choices:
            # What the file said stays, even if it is none of the list.
            said = form[column.key].data
            kept = [said] if said and said not in column.choices else []
            form[column.key].choices = [
                ("", _("Choose one")),
                *((each, each) for each in (*column.choices, *kept)),
            ]
    if row is not None and row.staged is None and sent is None:
        form.mark(row.wrong)
    return form


def _field(column: SheetColumn) -> Any:
    if column.choices:
        return SelectField(column.label, validate_choice=False)
    return StringField(column.label, [Length(max=LONGEST_CELL)], render_kw={"autocomplete": "off"})
