"""People who may have booked twice, without an account (docs/adr/0011).

The public pages do not say whether somebody is known. What they may not prevent is noticed here: by
message to who booked first, and in a list of the location, whose staff decide.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Executable, and_, bindparam, delete, exists, or_, select
from sqlalchemy.orm import aliased

from blueprints.appointments.models import Appointment, BookedTwice
from blueprints.appointments.queries import Booked, of_ids
from blueprints.appointments.rules import State
from blueprints.appointments.services import cancel
from blueprints.appointments.telling import tell_twice
from blueprints.recipients.look_alikes import is_found_elsewhere, look_alikes_at
from blueprints.recipients.models import NotTheSame, Recipient, RecipientLocation
from blueprints.recipients.queries import known_apart
from blueprints.recipients.self_registering import others_of
from blueprints.recipients.services import keep_apart, lock_recipient
from portal.access.scope import Scope
from portal.clock import now
from portal.db import insert, session
from portal.errors import Conflict, NotFound
from portal.i18n import _, speaking
from portal.made_once import made_once

# A person has so many open appointments for a dose at most, whatever is typed in the same way.
MOST_OPEN = 2
MOST_LISTED = 100

Older, Newer = aliased(Appointment), aliased(Appointment)
# Made once: every booking without an account asks for it.
OPEN_OF = (
    select(Appointment)
    .where(
        Appointment.recipient_id.in_(bindparam("recipient_ids", expanding=True)),
        Appointment.dose_number == bindparam("dose_number"),
        Appointment.state == State.NEW,
        Appointment.starts_at > bindparam("moment"),
    )
    .order_by(Appointment.booked_at, Appointment.id)
)


def notice(booked: Appointment) -> None:
    """Look who else has an appointment for this dose and looks like the person who just booked it
    without an account; tell them, and put it on the list of the locations.

    Who typed the very same details before, and has two open ones, gives the newer of them up.
    """
    recipient = session().get_one(Recipient, booked.recipient_id)
    _give_up_one_before(booked, recipient)
    apart = {recipient.id, *known_apart(recipient.id)}
    alike = look_alikes_at(booked.location_id, recipient, apart_from=apart)
    before = _open_of([other.id for other, _here in alike], booked.dose_number)
    noticed = {"newer_id": booked.id, "noticed_at": now()}
    pairs = [{**noticed, "older_id": older.id} for older in before]
    added = set(session().connection().scalars(_added(), pairs)) if pairs else set()
    for older in before:
        if older.id in added:
            tell_twice(older, booked)


@made_once
def _added() -> Executable:
    return (
        insert(BookedTwice)
        .on_conflict_do_nothing(index_elements=["newer_id", "older_id"])
        .returning(BookedTwice.older_id)
    )


def _give_up_one_before(booked: Appointment, recipient: Recipient) -> None:
    mine = [other.id for other in others_of(recipient)]
    before = _open_of(mine, booked.dose_number)
    if len(before) < MOST_OPEN:
        return
    with speaking(recipient.language):
        reason = _("The same person booked again, at another time.")
    cancel(appointment_id=before[-1].id, reason=reason, actor=None, later_doses=True)


def _open_of(recipient_ids: list[int], dose_number: int) -> list[Appointment]:
    """The appointments of these people that are to come, for this dose, as they were made."""
    if not recipient_ids:
        return []
    asked = {"recipient_ids": recipient_ids, "dose_number": dose_number, "moment": now()}
    return list(session().scalars(OPEN_OF, asked))


@dataclass(frozen=True)
class Side:
    """One of the two appointments. `here` says that the present location sees its person, and so
    all of it; of another it sees no more than a search for name and birth date shows."""

    booked: Booked
    here: bool


@dataclass(frozen=True)
class Twice:
    """Two appointments that may be of one person, as the present location may see them."""

    id: int
    newer: Side
    older: Side

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.newer, self.older


def list_twice(scope: Scope, *where: ColumnElement[bool]) -> list[Twice]:
    """Who may have booked twice at the present location, up to 100, by the newer appointment."""
    scope.require("appointments.handle")
    here, today = scope.location_id, scope.today()
    low, high = NotTheSame.lower_id, NotTheSame.higher_id
    one, other = Older.recipient_id, Newer.recipient_id
    decided = exists().where(or_(and_(low == one, high == other), and_(low == other, high == one)))
    rows = (
        session()
        .execute(
            select(BookedTwice.id, BookedTwice.newer_id, BookedTwice.older_id)
            .join(Older, Older.id == BookedTwice.older_id)
            .join(Newer, Newer.id == BookedTwice.newer_id)
            .where(
                or_(Older.location_id == here, Newer.location_id == here),
                *(each.state == State.NEW for each in (Older, Newer)),
                *(each.day >= today for each in (Older, Newer)),
                Older.dose_number == Newer.dose_number,
                one != other,
                ~decided,
                *where,
            )
            .order_by(Newer.starts_at, BookedTwice.id)
            .limit(MOST_LISTED)
        )
        .all()
    )
    if not rows:
        return []
    booked = {each.appointment.id: each for each in of_ids([i for row in rows for i in row[1:]])}
    seen = _seen_here(here, [each.recipient.id for each in booked.values()])
    found = [
        Twice(row.id, *(Side(booked[i], booked[i].recipient.id in seen) for i in row[1:]))
        for row in rows
    ]
    return [each for each in found if _may_be_known(each)]


def _seen_here(location_id: int, recipient_ids: list[int]) -> set[int]:
    rows = session().scalars(
        select(RecipientLocation.recipient_id).where(
            RecipientLocation.location_id == location_id,
            RecipientLocation.recipient_id.in_(recipient_ids),
        )
    )
    return set(rows)


def _may_be_known(found: Twice) -> bool:
    newer, older = found.sides
    if newer.here and older.here:
        return True
    return is_found_elsewhere(newer.booked.recipient, older.booked.recipient)


def get_twice(scope: Scope, twice_id: int) -> Twice:
    """Two such appointments that nobody decided about yet. Raises `NotFound`."""
    found = list_twice(scope, BookedTwice.id == twice_id)
    if not found:
        raise NotFound
    return found[0]


def are_two_people(scope: Scope, twice_id: int) -> None:
    """Remember that they are two people; nobody is asked again. Raises `NotFound`."""
    found = get_twice(scope, twice_id)
    scope.require("recipients.handle")
    keep_apart(scope, found.newer.booked.recipient.id, found.older.booked.recipient.id)
    _forget(BookedTwice.id == twice_id)


def are_one_person(scope: Scope, twice_id: int, *, give_up: int, reason: str) -> bool:
    """Cancel one of the two appointments, which the present location sees; whether the recipient
    will be told. Merging the records is left to who may.

    Whoever decides first takes the pair, and the other appointment is looked at under the lock of
    its person: else both could be canceled at once. Raises `NotFound`, `Conflict`, and what
    `cancel` raises.
    """
    found = get_twice(scope, twice_id)
    if give_up not in {side.booked.appointment.id for side in found.sides if side.here}:
        raise NotFound
    if not _forget(BookedTwice.id == twice_id):
        raise NotFound
    for number in sorted(side.booked.recipient.id for side in found.sides):
        lock_recipient(number)
    (kept,) = {side.booked.appointment.id for side in found.sides} - {give_up}
    other = session().get_one(Appointment, kept, populate_existing=True)
    if other.state != State.NEW:
        raise Conflict(_("The other appointment was canceled meanwhile. Nothing was changed."))
    return cancel(appointment_id=give_up, reason=reason, actor=scope.user)


def forget_over() -> int:
    """Forget pairs of which one is over, canceled or done; how many."""
    over = exists().where(
        Appointment.id.in_([BookedTwice.newer_id, BookedTwice.older_id]),
        or_(Appointment.state != State.NEW, Appointment.starts_at < now()),
    )
    return _forget(over)


def _forget(*where: ColumnElement[bool]) -> int:
    result = session().execute(
        delete(BookedTwice).where(*where).execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]
