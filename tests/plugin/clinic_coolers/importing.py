"""Coolers that were lent on paper come in by file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from clinic_coolers import services
from clinic_coolers.models import Cooler
from flask import url_for
from sqlalchemy import select

from portal.access.scope import Scope
from portal.db import session
from portal.errors import Invalid
from portal.formats.codes import parse_date, parse_text
from portal.i18n import _, _l
from portal.imports.definition import Beginning, ImportDefinition, RecordLink
from portal.imports.outcomes import Judged, Outcome
from portal.sheets.columns import SheetColumn, parse_row
from portal.sheets.table import Row


@dataclass(frozen=True)
class Lent:
    """A row of the file."""

    number: int
    label: str
    borrower: str
    due_on: date


def an_email(cell: object) -> str:
    """An e-mail address."""
    text = str(parse_text(cell))
    if "@" not in text:
        raise Invalid(_("Enter an e-mail address, such as ann@example.org."))
    return text


def a_day(cell: object) -> date:
    """A date."""
    return parse_date(cell).day


COLUMNS = (
    SheetColumn("label", "Label", parse_text, text=True),
    SheetColumn("borrower", "Borrower", an_email),
    SheetColumn("due_on", "Due", a_day),
)


class LentFile:
    """A file on its way in."""

    def __init__(self, beginning: Beginning) -> None:
        self.bound = beginning.bound
        self.location_id = beginning.run.location_id

    def read(self, rows: Sequence[Row]) -> Judged[Lent]:
        """What of the rows can be used."""
        judged: Judged[Lent] = Judged()
        for number, cells in rows:
            values, errors = parse_row(self.bound, cells)
            judged.errors += [(number, error) for error in errors]
            if not errors:
                judged.rows.append(Lent(number, **values))
        return judged

    def take_in(self, rows: Sequence[Lent]) -> Outcome:
        """Lend each once."""
        assert self.location_id is not None
        outcome = Outcome()
        for row in rows:
            known = session().scalar(select(Cooler.id).where(Cooler.label == row.label))
            if known is not None:
                outcome.unchanged.append((row.number, known))
                continue
            lent = services.lend(
                self.location_id,
                label=row.label,
                borrower=row.borrower,
                pager="",
                due_on=row.due_on,
            )
            outcome.added.append((row.number, lent.id))
        return outcome


def links(scope: Scope, ids: set[int]) -> Mapping[int, RecordLink]:
    """The coolers that rows led to."""
    assert scope.location is not None
    found: Any = session().scalars(
        select(Cooler).where(Cooler.id.in_(ids), Cooler.location_id == scope.location.id)
    )
    return {
        one.id: RecordLink(one.label, url_for("coolers.record", cooler_id=one.id)) for one in found
    }


IMPORT = ImportDefinition(
    name="coolers",
    title=_l("Import coolers"),
    choose=_l("Choose the file of coolers."),
    capability="coolers.lend",
    columns=lambda _settings, _epoch_1904: COLUMNS,
    begin=LentFile,
    record_label=_l("Cooler"),
    link=links,
    of_location=True,
)
