"""An onboarding file on its way in: what its lines say, and what becomes of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from blueprints.onboarding import applying, kept, rules
from blueprints.onboarding.applying import Applied
from blueprints.onboarding.kept import KnownRow, Rest
from blueprints.onboarding.queries import limit_of, mended_before
from blueprints.onboarding.rules import Earlier, NamedSite, Sites, UserRow, Wrong, check_limit
from blueprints.onboarding.wrong_cells import error_at
from portal.access.scope import Actor
from portal.db import lock_number, session
from portal.imports.definition import Beginning
from portal.imports.outcomes import Judged, Outcome
from portal.places.models import Location
from portal.sheets.columns import BoundColumns, CellError, CellMended, parse_row
from portal.sheets.table import Row

# Two files at once would see each other's half: the number of the lock that keeps them apart.
# What tells of whom a line speaks.
WHO = ("first_name", "last_name", "username", "email")
ONE_FILE_AT_A_TIME = 36_001


def all_sites() -> Sites:
    """The locations by their names."""
    rows = session().execute(
        select(Location.id, Location.name, Location.city, Location.zip_code).order_by(Location.id)
    )
    return Sites(NamedSite(*row) for row in rows)


class UserLines:
    """Reads lines into `UserRow`s; knows all lines so far."""

    def __init__(self, bound: BoundColumns, sites: Sites, earlier: Earlier) -> None:
        self.bound = bound
        self.sites = sites
        self.earlier = earlier

    def read(
        self, number: int, cells: Sequence[Any], limit: Collection[int] | None
    ) -> tuple[UserRow | None, list[CellError]]:
        """The line, and everything that is wrong with it; no line where it is not known of whom it
        speaks."""
        values, errors = parse_row(self.bound, cells)
        location_id = self._location(values, cells, limit, errors)
        if not values.get("profile") and values.get("action") == "Add":
            place = self.bound.positions.get("profile")
            if not any(error.column == "Profile" for error in errors):
                errors.append(CellError("Profile", rules.profile_missing(), "", place))
        if not all(values.get(key) for key in WHO):
            return None, errors
        row = UserRow(
            number=number,
            **{key: values[key] for key in WHO},
            profile=values.get("profile"),
            remove=values.get("action") == "Remove",
            location_id=location_id or 0,
        )
        if not errors:
            try:
                self.earlier.check(row)
            except Wrong as wrong:
                errors.append(self.error(wrong, cells))
        return row, errors

    def _location(
        self,
        values: dict[str, Any],
        cells: Sequence[Any],
        limit: Collection[int] | None,
        errors: list[CellError],
    ) -> int | None:
        if not values.get("location"):
            return None
        try:
            found = self.sites.find(
                values["location"],
                city=values.get("city") or "",
                zip_code=values.get("zip_code") or "",
            )
            check_limit(found, limit)
        except Wrong as wrong:
            errors.append(self.error(wrong, cells))
            return None
        return found

    def error(self, wrong: Wrong, cells: Sequence[Any]) -> CellError:
        """What is wrong, at its cell."""
        return error_at(self.bound, wrong, cells)


@dataclass(frozen=True)
class _UserInFile:
    """A line with its cells; a `broken` one does not go in, but its username may be found."""

    number: int
    row: UserRow
    cells: Sequence[Any]
    broken: bool


class UserFile:
    """A file of users, as an import takes it in."""

    def __init__(self, beginning: Beginning) -> None:
        self.run_id = beginning.run.id
        self.bound = beginning.bound
        self.actor: Actor | None = beginning.actor
        self.limit = limit_of(beginning.run.id)
        self.lines = UserLines(beginning.bound, all_sites(), Earlier(beginning.run.row_name))
        self.mended = mended_before(beginning.run.id)
        self.rest = Rest(beginning.bound)

    def read(self, rows: Sequence[Row]) -> Judged[_UserInFile | KnownRow]:
        """Parse lines, and find the locations. What was mended in the portal before is known."""
        judged: Judged[_UserInFile | KnownRow] = Judged()
        self.rest.begin(rows)
        for number, cells in rows:
            record_id = self.mended.get(kept.digest(self.bound, cells))
            if record_id is not None:
                judged.rows.append(KnownRow(number, record_id))
                continue
            row, errors = self.lines.read(number, cells, self.limit)
            judged.errors += [(number, error) for error in errors]
            if row is not None:
                judged.rows.append(_UserInFile(number, row, cells, bool(errors)))
        self.rest.failed(judged.errors)
        return judged

    def take_in(self, rows: Sequence[_UserInFile | KnownRow]) -> Outcome:
        """Write the lines: who is added is mailed the welcome, who is removed from the last
        location is signed out."""
        lock_number(ONE_FILE_AT_A_TIME, 0)
        outcome = Outcome()
        outcome.unchanged += [
            (one.number, one.record_id) for one in rows if isinstance(one, KnownRow)
        ]
        lines = {one.number: one for one in rows if isinstance(one, _UserInFile)}
        giver = applying.giver_for(self.limit)
        applied = applying.apply(
            self.actor, giver, [line.row for line in lines.values() if not line.broken]
        )
        for one in applied:
            self._note(one, lines[one.number], outcome)
        broken = [line.row for line in lines.values() if line.broken]
        for number, username in applying.corrected(broken).items():
            outcome.mended.append((number, self._mended(username)))
        self.rest.write(self.run_id, outcome)
        return outcome

    def _note(self, one: Applied, line: _UserInFile, outcome: Outcome) -> None:
        if one.username:
            outcome.mended.append((one.number, self._mended(one.username)))
        if one.wrong is not None:
            outcome.errors.append((one.number, self.lines.error(one.wrong, line.cells)))
            return
        list_of = {"added": outcome.added, "removed": outcome.removed}
        list_of.get(one.became, outcome.unchanged).append((one.number, one.user_id))

    def _mended(self, username: str) -> CellMended:
        place = self.bound.positions["username"]
        return CellMended("NCID Username", rules.why_corrected(), username, place)
