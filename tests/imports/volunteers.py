"""A module with an import that uses all of the contract: a block above the table, rows that add,
remove or wait for a decision, and cells that the portal corrects by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint
from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.access.profiles import MANAGERS
from portal.access.scope import Scope
from portal.audit.services import record
from portal.db import Base, session
from portal.errors import Invalid
from portal.formats.codes import parse_text
from portal.imports.definition import Beginning, ImportDefinition, RecordLink
from portal.imports.models import ImportRun
from portal.imports.outcomes import Judged, Outcome
from portal.imports.views import register_import
from portal.module import Capability, Module
from portal.sheets.columns import CellError, CellMended, SheetColumn, parse_row
from portal.sheets.table import Row

ACTIONS = ("Add", "Remove, for good")


class Volunteer(Base):
    """Somebody who helps; `sure` once it is clear that nobody is there twice."""

    __tablename__ = "test_volunteer"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    email: Mapped[str] = mapped_column(String(80))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    sure: Mapped[bool] = mapped_column(default=True)


@dataclass(frozen=True)
class VolunteerRow:
    number: int
    username: str
    email: str
    remove: bool


def an_email(cell: object) -> str:
    text = str(parse_text(cell))
    if "@" not in text:
        raise Invalid("Enter an e-mail address, such as ann@example.org.")
    return text


COLUMNS = (
    SheetColumn("username", "Username", parse_text, text=True),
    SheetColumn("email", "Email", an_email, aliases=("E-mail Address",)),
    SheetColumn("action", "Location Action", parse_text, choices=ACTIONS, required=False),
)
PREAMBLE = (
    SheetColumn("organization", "Organization", parse_text),
    SheetColumn("phone", "Phone", parse_text, required=False),
)


class VolunteerFile:
    """A file of volunteers on its way in."""

    def __init__(self, beginning: Beginning) -> None:
        self.bound = beginning.bound
        self.location_id = beginning.run.location_id
        self.organization = beginning.preamble["organization"]
        self.known = {one.email: one.username for one in session().scalars(select(Volunteer))}

    def read(self, rows: Sequence[Row]) -> Judged[VolunteerRow]:
        judged: Judged[VolunteerRow] = Judged()
        for number, cells in rows:
            values, errors = parse_row(self.bound, cells)
            judged.errors += [(number, error) for error in errors]
            right = self.known.get(values.get("email", ""))
            if right and right != values.get("username"):
                place = self.bound.positions["username"]
                why = "Found by the e-mail address."
                judged.mended.append((number, CellMended("Username", why, right, place)))
                values["username"] = right
            if not errors:
                remove = values["action"] == ACTIONS[1]
                judged.rows.append(
                    VolunteerRow(number, values["username"], values["email"], remove)
                )
        return judged

    def take_in(self, rows: Sequence[VolunteerRow]) -> Outcome:
        outcome = Outcome()
        for row in rows:
            there = session().scalar(select(Volunteer).where(Volunteer.username == row.username))
            if row.remove and there is not None:
                session().delete(there)
                outcome.removed.append((row.number, there.id))
            elif row.remove:
                error = CellError("Username", "Nobody has this username.", row.username, 0)
                outcome.errors.append((row.number, error))
            elif there is None:
                self._add(row, outcome)
            elif there.email == row.email:
                outcome.unchanged.append((row.number, there.id))
            else:
                changed = {"Email": [there.email, row.email]}
                there.email = row.email
                outcome.updated.append((row.number, there.id, changed))
            session().flush()
        return outcome

    def _add(self, row: VolunteerRow, outcome: Outcome) -> None:
        assert self.location_id is not None
        namesake = session().scalar(
            select(Volunteer.id).where(Volunteer.username.startswith(row.username[:3]))
        )
        added = Volunteer(
            username=row.username,
            email=row.email,
            location_id=self.location_id,
            sure=namesake is None,
        )
        session().add(added)
        session().flush()
        (outcome.added if added.sure else outcome.undecided).append((row.number, added.id))


def links(_scope: Scope, ids: set[int]) -> Mapping[int, RecordLink]:
    found = session().scalars(select(Volunteer).where(Volunteer.id.in_(ids)))
    return {one.id: RecordLink(one.username, "") for one in found}


def tell(run: ImportRun) -> None:
    record(
        None,
        "volunteers.told",
        subject="import_run",
        subject_id=run.id,
        location_id=run.location_id,
        summary=f"{run.added} added",
    )


IMPORT = ImportDefinition(
    name="volunteers",
    title="Import volunteers",
    choose="Choose the file of volunteers.",
    capability="volunteers.import",
    columns=lambda _settings, _epoch_1904: COLUMNS,
    begin=VolunteerFile,
    record_label="Volunteer",
    link=links,
    kinds=("added", "updated", "removed", "unchanged", "undecided", "failed"),
    preamble=PREAMBLE,
    instructions=("How to fill this in", "One line for each person."),
    of_location=True,
    finished=tell,
)
blueprint = Blueprint("volunteers", __name__, url_prefix="/volunteers")
register_import(blueprint, IMPORT)
module = Module(
    name="volunteers",
    title="Volunteers",
    blueprint="tests.imports.volunteers:blueprint",
    imports=("tests.imports.volunteers:IMPORT",),
    capabilities=(
        Capability(name="volunteers.import", title="Import volunteers", profiles=MANAGERS),
    ),
)


def drop(volunteer_id: int) -> Any:
    """Delete one of whom it turned out that they are there twice."""
    return session().execute(delete(Volunteer).where(Volunteer.id == volunteer_id))
