"""Merging two records of one person, and undoing it.

Whatever points at the record that goes is moved to the one that is kept: its tables are taken from
the foreign keys of all models, so that a module's new table is moved without a change here.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, delete, select, update
from sqlalchemy.exc import IntegrityError

from blueprints.recipients.history import follow
from blueprints.recipients.models import (
    Merge,
    MergedRow,
    Recipient,
    RecipientLocation,
    RecipientWord,
)
from blueprints.recipients.queries import get_merge, get_recipient
from blueprints.recipients.rules import DoseStatus
from blueprints.recipients.services import link_to_location, lock_recipient, name_words
from blueprints.recipients.telling import promise_anew
from portal import messages
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.clock import now
from portal.db import Base, session
from portal.errors import Conflict, Invalid
from portal.i18n import _

# What is no fact about the person, or is dealt with in its own way below.
OWN = frozenset(
    {
        "recipient",
        "recipient_location",
        "recipient_word",
        "recipient_not_the_same",
        "recipient_merge",
    }
)
LINKS, ADDED = "recipient_location", "added"
MESSAGES = "message"


def pointers() -> Iterator[tuple[Table, Column[Any]]]:
    """The columns of all tables that point at a recipient and are moved."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            targets = {key.target_fullname for key in column.foreign_keys}
            if "recipient.id" in targets and table.name not in OWN:
                yield table, column


def merge(scope: Scope, kept_id: int, gone_id: int, *, reason: str) -> Merge:
    """Use the record `kept_id` in place of `gone_id` from now on.

    Raises `Invalid` for a record with itself, and `Conflict` if one was merged meanwhile or both
    have what a person may have but once.
    """
    scope.require("recipients.merge")
    for number in (kept_id, gone_id):
        if get_recipient(scope, number).id != number:
            raise Conflict(_("One of the records was merged already. Nothing was changed."))
    if kept_id == gone_id:
        raise Invalid(_("Choose another record."), field="other")
    locked = {number: lock_recipient(number) for number in sorted((kept_id, gone_id))}
    kept, gone = locked[kept_id], locked[gone_id]
    if kept.merged_into_id is not None or gone.merged_into_id is not None:
        raise Conflict(_("One of the records was merged already. Nothing was changed."))
    made = Merge(kept_id=kept_id, gone_id=gone_id, reason=reason, merged_by_id=scope.user.id)
    session().add(made)
    session().flush()
    try:
        with session().begin_nested():
            for table, column in pointers():
                _move(made, table, column)
    except IntegrityError as error:
        raise Conflict(
            _(
                "Both records have an open appointment for the same dose, or are checked in today. "
                "Cancel one appointment or undo one check-in, then merge the records. Nothing was "
                "changed."
            )
        ) from error
    _move_messages(made)
    _move_links(made)
    gone.merged_into_id = kept_id
    _finish(kept, gone, furthest=True)
    promise_anew(kept)
    _note(scope, "recipient.merged", made)
    return made


def undo(scope: Scope, merge_id: int) -> Merge:
    """Take a merge back: both records are used again, each with what was its own."""
    made = get_merge(scope, merge_id)
    locked = {number: lock_recipient(number) for number in sorted((made.kept_id, made.gone_id))}
    kept, gone = locked[made.kept_id], locked[made.gone_id]
    session().refresh(made)
    if made.undone_at is not None or gone.merged_into_id != kept.id:
        raise Conflict(_("This merge was undone already. Nothing was changed."))
    gone.merged_into_id = None
    session().flush()
    rows = list(session().scalars(select(MergedRow).where(MergedRow.merge_id == made.id)))
    written = [row.row_id for row in rows if row.table_name == MESSAGES]
    messages.move_about(about(kept.id), about(gone.id), only=written)
    for row in rows:
        if row.table_name == MESSAGES:
            continue
        if row.table_name != LINKS:
            table = Base.metadata.tables[row.table_name]
            column = table.columns[row.column_name]
            session().execute(
                update(table)
                .where(table.c.id == row.row_id, column == kept.id)
                .values({column.name: gone.id})
            )
        elif row.column_name == ADDED:
            _unlink(kept.id, row.row_id)
        else:
            link_to_location(recipient_id=gone.id, location_id=row.row_id, why=row.column_name)
    made.undone_at, made.undone_by_id = now(), scope.user.id
    _finish(kept, gone, furthest=False)
    for one in (kept, gone):
        promise_anew(one)
    _note(scope, "recipient.merge_undone", made)
    return made


def _move(made: Merge, table: Table, column: Column[Any]) -> None:
    ids = list(session().scalars(select(table.c.id).where(column == made.gone_id)))
    if not ids:
        return
    session().execute(update(table).where(table.c.id.in_(ids)).values({column.name: made.kept_id}))
    session().add_all(
        MergedRow(merge_id=made.id, table_name=table.name, column_name=column.name, row_id=number)
        for number in ids
    )
    session().flush()


def about(recipient_id: int) -> str:
    """What messages about a recipient are about."""
    return f"recipient:{recipient_id}"


def _move_messages(made: Merge) -> None:
    """Let what was written about the one be about the other: it is found and canceled with it."""
    session().add_all(
        MergedRow(merge_id=made.id, table_name=MESSAGES, column_name="about", row_id=number)
        for number in messages.move_about(about(made.gone_id), about(made.kept_id))
    )
    session().flush()


def _move_links(made: Merge) -> None:
    """Let the locations of the one see the other in its place."""
    links = session().execute(
        select(RecipientLocation.location_id, RecipientLocation.why).where(
            RecipientLocation.recipient_id == made.gone_id
        )
    )
    for place, why in links.all():
        _unlink(made.gone_id, place)
        _remember(made, why, place)
        if link_to_location(recipient_id=made.kept_id, location_id=place, why=why):
            _remember(made, ADDED, place)
    session().flush()


def _remember(made: Merge, column: str, number: int) -> None:
    session().add(MergedRow(merge_id=made.id, table_name=LINKS, column_name=column, row_id=number))


def _unlink(recipient_id: int, location_id: int) -> None:
    words = name_words(session().get_one(Recipient, recipient_id))
    session().execute(
        delete(RecipientWord).where(
            RecipientWord.location_id == location_id,
            RecipientWord.word.in_(words),
            RecipientWord.recipient_id == recipient_id,
        )
    )
    session().execute(
        delete(RecipientLocation).where(
            RecipientLocation.recipient_id == recipient_id,
            RecipientLocation.location_id == location_id,
        )
    )


def _finish(kept: Recipient, gone: Recipient, *, furthest: bool) -> None:
    """Bring versions and dose statuses in line."""
    kept.version += 1
    gone.version += 1
    session().flush()
    order = list(DoseStatus)
    status = DoseStatus(kept.dose_status)
    if furthest:
        status = max(status, DoseStatus(gone.dose_status), key=order.index)
    follow(kept.id, status)
    if not furthest:
        follow(gone.id, gone.dose_status)


def _note(scope: Scope, action: str, made: Merge) -> None:
    audit(
        scope.user,
        action,
        subject="recipient",
        subject_id=made.kept_id,
        location_id=scope.location.id if scope.location else None,
        after={"merge": made.id, "kept": made.kept_id, "gone": made.gone_id},
    )
