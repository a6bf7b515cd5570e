"""Choosing records and doses of each: the step that wastage, return and transfer begin with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, select
from wtforms import FieldList, FormField, HiddenField, ValidationError
from wtforms import Form as PlainForm

from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.queries import get_inventory
from blueprints.inventory.rules import why_unusable
from portal.access.scope import Scope
from portal.db import session
from portal.errors import Invalid, NotFound
from portal.formats.codes import MOST_DOSES
from portal.formats.numbers import record_number
from portal.i18n import _, _l, ngettext
from portal.web.forms import Form, ScanField, WholeNumberField
from portal.wizards.definition import Answers

MOST = 200
TEMPLATE = "inventory/_choose.html"


@dataclass(frozen=True)
class Chosen:
    """So many doses of a record."""

    inventory_id: int
    doses: int


class LineForm(Form):
    """A record and how many of its doses; blank for none."""

    record = HiddenField()
    doses = WholeNumberField(_l("Doses"), least=1, most=MOST_DOSES)
    about: VaccineInventory | None = None
    expired = False

    def validate_doses(self, field: WholeNumberField) -> None:
        """No more than the record has. The ledger has the last word; this is for the form."""
        if self.about is None or not field.data or field.data <= self.about.doses_available:
            return
        raise ValidationError(
            ngettext(
                "Only %(available)s dose is available. You entered %(doses)s.",
                "Only %(available)s doses are available. You entered %(doses)s.",
                self.about.doses_available,
                available=f"{self.about.doses_available:,}",
                doses=f"{field.data:,}",
            )
        )


class LinesForm(Form):
    """The records of a location, with a field for the doses of each, and one that finds some."""

    scan = ScanField(_l("Search or scan"))
    lines = FieldList(FormField(LineForm), max_entries=MOST)


def admit(scope: Scope, args: Any) -> None:
    """Refuse to begin from a record that is not at this location."""
    if args.get("record"):
        number = record_number(args["record"])
        if number is None:
            raise NotFound
        get_inventory(scope, number)


def offered(scope: Scope, args: Any, *, usable: bool = False) -> list[VaccineInventory]:
    """The records to choose from: the one named in the address, or all with doses left, those
    that expire first on top (at most 200). `usable` leaves out expired ones and quarantine."""
    if args.get("record"):
        return [get_inventory(scope, record_number(args["record"]) or 0)]
    query = select(VaccineInventory).where(
        VaccineInventory.location_id == scope.location_id, VaccineInventory.doses_available > 0
    )
    if usable:
        query = query.where(*of_usable(scope))
    order = (VaccineInventory.expiration_date, VaccineInventory.name_key, VaccineInventory.id)
    return list(session().scalars(query.order_by(*order).limit(MOST)))


def first_lines(scope: Scope, answers: Answers, *, usable: bool = False) -> dict[str, Any]:
    """A line for every record offered."""
    records = offered(scope, answers.args, usable=usable)
    return {"lines": [{"record": str(record.id), "doses": None} for record in records]}


def prepare_lines(scope: Scope, form: PlainForm, _answers: Answers) -> None:
    """Put each line's record beside it; lines whose record is not here are dropped."""
    lines = cast("FieldList[Any]", form["lines"])
    wanted = {number for entry in lines.entries if (number := _number(entry)) is not None}
    known = {
        record.id: record
        for record in session().scalars(
            select(VaccineInventory).where(
                VaccineInventory.location_id == scope.location_id,
                VaccineInventory.id.in_(wanted),
            )
        )
    }
    kept = []
    for entry in lines.entries:
        record = known.pop(_number(entry) or 0, None)
        if record is None:
            continue
        about_line(scope, entry, record)
        kept.append(entry)
    lines.entries = kept


def about_line(scope: Scope, entry: Any, record: VaccineInventory) -> None:
    """Put a record beside its line."""
    entry.form.about = record
    entry.form.expired = record.expiration_date < scope.today()
    entry.form["doses"].label.text = record.name


def typed_lines(lines: "FieldList[Any]") -> list[Any]:
    """The lines in whose field something was typed."""
    return [entry for entry in lines.entries if any(entry.form["doses"].raw_data or ())]


def of_usable(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    """That a record is neither expired nor in quarantine."""
    return (
        VaccineInventory.quarantined.is_(False),
        VaccineInventory.expiration_date >= scope.today(),
    )


def _number(entry: Any) -> int | None:
    return record_number(entry.form["record"].data)


def nothing_offered(form: PlainForm) -> bool:
    """Whether no record has doses to choose."""
    return not cast("FieldList[Any]", form["lines"]).entries


def chosen(answers: Answers) -> list[Chosen]:
    """What was entered, by record."""
    return [
        Chosen(int(line["record"]), line["doses"])
        for line in answers.get("lines") or ()
        if line["doses"]
    ]


def check_lines(_scope: Scope, answers: Answers) -> None:
    """Raise `Invalid` if no doses were entered at all."""
    if not chosen(answers):
        raise Invalid(_("Enter the number of doses beside at least one record."))


@dataclass(frozen=True)
class Remaining:
    """A record, the doses that leave it, and what will remain."""

    record: VaccineInventory
    doses: int
    remaining: int


def names(lines: Sequence[Remaining]) -> dict[int, str]:
    """The names of the records, by id."""
    return {line.record.id: line.record.name for line in lines}


def remaining(scope: Scope, answers: Answers) -> list[Remaining]:
    """What the records will hold once the doses have left."""
    found = []
    for one in chosen(answers):
        record = get_inventory(scope, one.inventory_id)
        found.append(Remaining(record, one.doses, record.doses_available - one.doses))
    return found


def ensure_usable(scope: Scope, records: list[VaccineInventory]) -> None:
    """Raise `Invalid` for a record that is expired or in quarantine."""
    for record in records:
        sentence = why_unusable(
            record.name,
            quarantined=record.quarantined,
            expiration_date=record.expiration_date,
            day=scope.today(),
        )
        if sentence:
            raise Invalid(sentence)
