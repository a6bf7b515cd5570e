"""Forms of counts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from wtforms import BooleanField, HiddenField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length

from blueprints.counts.queries import Count, CountedLine
from blueprints.counts.rules import FEWER, MORE, OTHER, EnteredLine, Problem, mark_of, part_label
from blueprints.counts.services import Overwriting, SentCount
from blueprints.inventory.forms import NoteField
from blueprints.inventory.ledger.reasons import reason_labels
from portal.errors import Invalid
from portal.formats.codes import MOST_DOSES
from portal.formats.numbers import record_number
from portal.i18n import _, _l, ngettext
from portal.web.forms import Form, WholeNumberField

LONGEST_WAS = 20_000
NOTE = "note"
# The values of `storage_unit` for all records, and for those in none; a unit's name follows UNIT.
ALL, NO_UNIT, UNIT = "", "none", "unit:"


class StartForm(Form):
    """What to count."""

    # Whether doses are kept there is the service's business.
    storage_unit = SelectField(_l("Storage Unit"), validate_choice=False)

    def offer(self, records: Mapping[str, int]) -> None:
        """The choices: all, each storage unit, and what is in none, with the number of records.

        `records` are those with doses, by storage unit. Where nothing is in a unit, all is one.
        """
        named = [unit for unit in records if unit]
        choices = [(ALL, _with_number(part_label(None), sum(records.values())))]
        choices += [(UNIT + unit, _with_number(unit, records[unit])) for unit in named]
        if named and records.get(""):
            choices.append((NO_UNIT, _with_number(part_label(""), records[""])))
        self.storage_unit.choices = choices

    @property
    def part(self) -> str | None:
        """The storage unit that was chosen; "" for the records in none, None for all."""
        chosen: str = self.storage_unit.data or ALL
        if chosen in {ALL, NO_UNIT}:
            return None if chosen == ALL else ""
        return chosen.removeprefix(UNIT)


def _with_number(part: str, records: int) -> str:
    text = ngettext(
        "%(part)s (%(number)s record)",
        "%(part)s (%(number)s records)",
        records,
        part=part,
        number=f"{records:,}",
    )
    return str(text)


class CountForm(Form):
    """What was counted: `counted_3`, `reason_3`, `not_counted_3` for line 3 of the sheet.

    `was` is what the page showed, so that of two who work on one count nobody overwrites the other.
    """

    was = HiddenField(validators=[Length(max=LONGEST_WAS)])
    note = NoteField()


def count_form(count: Count, lines: Sequence[CountedLine], formdata: Any = None) -> CountForm:
    """The form for some lines of a count; as they are, unless `formdata` says otherwise."""
    reasons = _reasons()
    fields: dict[str, Any] = {}
    values: dict[str, Any] = {"was": state_of(count, lines), "note": count.row.note}
    for line in lines:
        number, entered = line.number, line.entered
        about = {"number": number, "name": line.record.name}
        fields[f"counted_{number}"] = WholeNumberField(
            _("Doses counted, %(number)s. %(name)s", **about), most=MOST_DOSES
        )
        fields[f"reason_{number}"] = SelectField(
            _("Reason, %(number)s. %(name)s", **about), choices=reasons, validate_choice=False
        )
        fields[f"not_counted_{number}"] = BooleanField(
            _("Not counted, %(number)s. %(name)s", **about)
        )
        values[f"counted_{number}"] = entered.counted
        values[f"reason_{number}"] = entered.reason
        values[f"not_counted_{number}"] = entered.not_counted
    kind = cast("type[CountForm]", type("CountForm", (CountForm,), fields))
    return kind(formdata=formdata, data=values)


def _reasons() -> list[SelectChoice]:
    """The reasons, those for missing doses apart from those for doses too many."""
    labels = reason_labels()
    groups = ((_("Fewer than expected"), FEWER), (_("More than expected"), MORE))
    return [
        SelectChoice("", _("Choose a reason")),
        *(
            SelectChoice(code, labels[code], optgroup=group)
            for group, codes in groups
            for code in codes
            if code != OTHER
        ),
        SelectChoice(OTHER, labels[OTHER]),
    ]


def state_of(count: Count, lines: Sequence[CountedLine]) -> str:
    """What these lines of a count and its note hold, in short: `note:…`, then
    `number:expected:counted:reason:not counted:place`."""
    parts = [f"{NOTE}:{mark_of(count.row.note)}", *(_state_of(line) for line in lines)]
    return " ".join(parts)


def _state_of(line: CountedLine) -> str:
    entered = line.entered
    counted = "" if entered.counted is None else entered.counted
    ticked = "x" if entered.not_counted else ""
    return f"{line.number}:{entered.expected}:{counted}:{entered.reason}:{ticked}:{entered.place}"


def show_problems(form: CountForm, problems: Sequence[Problem]) -> None:
    """Say beside fields what keeps a count from being finished; of other pages only how much."""
    elsewhere = 0
    for problem in problems:
        if problem.line is None or problem.field in form:
            form.refuse(Invalid(problem.sentence, field=problem.field))
        else:
            elsewhere += 1
    if elsewhere:
        form.form_errors.append(
            ngettext(
                "On other pages %(number)s record is not complete yet.",
                "On other pages %(number)s records are not complete yet.",
                elsewhere,
                number=f"{elsewhere:,}",
            )
        )


def show_theirs(form: CountForm, refusal: Overwriting) -> None:
    """Say beside fields what others put there; sent again, the form overwrites it knowingly."""
    form.form_errors.append(refusal.message)
    now = {str(line.number): _state_of(line) for line in refusal.lines}
    for line in refusal.lines:
        field = form[f"counted_{line.number}"]
        field.errors = [*field.errors, _theirs(line.entered)]
    if refusal.note is not None:
        now[NOTE] = f"{NOTE}:{mark_of(refusal.note)}"
        text = _(
            "Someone else changed the note. It is now “%(note)s”. Save again to replace it with "
            "yours.",
            note=refusal.note,
        )
        form.note.errors = [*form.note.errors, text]
    parts = (form.was.data or "").split()
    form.was.data = " ".join(now.get(part.partition(":")[0], part) for part in parts)


def _theirs(entered: EnteredLine) -> str:
    if entered.not_counted:
        held = _("“Not counted” is checked now.")
    elif entered.counted is None:
        held = _("It is blank now. Expected doses: %(doses)s.", doses=f"{entered.expected:,}")
    else:
        held = _("It says %(doses)s now.", doses=f"{entered.counted:,}")
    return _(
        "Someone else changed this line. %(held)s Save again to replace it with yours.",
        held=held,
    )


def shown_numbers(formdata: Mapping[str, str] | None) -> list[int]:
    """The numbers of the lines on the page that a form was sent from; none if it does not say."""
    was = (formdata or {}).get("was", "")
    return [number for number, _was in _read(was)] if len(was) <= LONGEST_WAS else []


def sent_lines(form: CountForm) -> Iterator[SentCount]:
    """What was sent, line by line; lines that the page had not shown are left out."""
    for number, was in _read(form.was.data or ""):
        if f"counted_{number}" not in form:
            continue
        typed = EnteredLine(
            was.expected,
            form[f"counted_{number}"].data,
            form[f"reason_{number}"].data or "",
            form[f"not_counted_{number}"].data,
            was.place,
        )
        yield SentCount(number, was, typed)


def sent_note_mark(form: CountForm) -> str:
    """The mark of the note that the page had shown."""
    parts = (part.partition(":") for part in (form.was.data or "").split())
    return next((mark for name, _colon, mark in parts if name == NOTE), mark_of(""))


def _read(text: str) -> Iterator[tuple[int, EnteredLine]]:
    for part in text.split():
        number, *values = part.split(":")
        line, expected = record_number(number), record_number(values[0] if values else None)
        if line is not None and expected is not None and len(values) in {4, 5}:
            counted, reason, ticked = values[1:4]
            # Forms that were opened before places were marked have none.
            place = values[4] if len(values) == 5 else ""
            yield line, EnteredLine(expected, record_number(counted), reason, bool(ticked), place)
