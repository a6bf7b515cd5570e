"""A file of recipients on its way in: who is new is registered, likely duplicates wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from blueprints.onboarding import kept
from blueprints.onboarding.intake import ONE_FILE_AT_A_TIME
from blueprints.onboarding.kept import KnownRow, Rest
from blueprints.onboarding.queries import mended_before
from blueprints.onboarding.recipient_sheets import details_of
from blueprints.onboarding.rules import Wrong
from blueprints.onboarding.wrong_cells import error_at
from blueprints.recipients import rules, services
from blueprints.recipients.bulk import Registered
from blueprints.recipients.rules import Details
from portal.db import lock_number
from portal.errors import Invalid
from portal.imports.definition import Beginning
from portal.imports.outcomes import Judged, Outcome
from portal.sheets.columns import BoundColumns, CellError, parse_row
from portal.sheets.table import Row


def read_recipient(
    bound: BoundColumns, cells: Sequence[Any], *, today: date
) -> tuple[Details | None, list[CellError]]:
    """What a row says of a recipient, or everything that is wrong with it."""
    values, errors = parse_row(bound, cells)
    if errors:
        return None, errors
    try:
        return rules.clean(details_of(values), today=today), []
    except Invalid as refusal:
        wrong = Wrong(refusal.field or "", refusal.message)
        return None, [error_at(bound, wrong, cells)]


@dataclass(frozen=True)
class _Person:
    """A row that may go in."""

    number: int
    details: Details


class RecipientFile:
    """A file of recipients, as an import takes it in."""

    def __init__(self, beginning: Beginning) -> None:
        assert beginning.actor is not None
        assert beginning.run.location_id is not None
        self.run_id = beginning.run.id
        self.location_id = beginning.run.location_id
        self.actor = beginning.actor
        self.bound = beginning.bound
        self.today = beginning.today
        self.mended = mended_before(beginning.run.id)
        self.rest = Rest(beginning.bound)

    def read(self, rows: Sequence[Row]) -> Judged[_Person | KnownRow]:
        """Parse rows. What was mended in the portal before is known."""
        judged: Judged[_Person | KnownRow] = Judged()
        self.rest.begin(rows)
        for number, cells in rows:
            record_id = self.mended.get(kept.digest(self.bound, cells))
            if record_id is not None:
                judged.rows.append(KnownRow(number, record_id))
                continue
            details, errors = read_recipient(self.bound, cells, today=self.today)
            judged.errors += [(number, error) for error in errors]
            if details is not None:
                judged.rows.append(_Person(number, details))
        self.rest.failed(judged.errors)
        return judged

    def take_in(self, rows: Sequence[_Person | KnownRow]) -> Outcome:
        """Register who is plainly new; who may be there already waits for a decision."""
        lock_number(ONE_FILE_AT_A_TIME, 0)
        outcome = Outcome()
        people = [one for one in rows if isinstance(one, _Person)]
        outcome.unchanged += [
            (one.number, one.record_id) for one in rows if isinstance(one, KnownRow)
        ]
        known = Registered(self.location_id, [one.details for one in people])
        alike: dict[int, list[int]] = {}
        for one in people:
            same = known.same(one.details)
            if same is not None:
                outcome.unchanged.append((one.number, same.id))
            elif found := known.alike(one.details):
                alike[one.number] = found
                outcome.undecided.append((one.number, found[0]))
            else:
                added = services.register_at(self.actor, one.details, location_id=self.location_id)
                known.note(added)
                outcome.added.append((one.number, added.id))
        self.rest.write(self.run_id, outcome, alike)
        return outcome
