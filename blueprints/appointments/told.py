"""Who was told of a change to several appointments, and who has to be called (SPEC G13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, case, cast, exists, func, or_, select

from blueprints.appointments import calls
from blueprints.appointments.models import Appointment, ToldLine, ToldRound
from blueprints.appointments.queries import Booked, of_ids
from blueprints.appointments.rules import (
    AppointmentChange,
    CallOutcome,
    ToldWay,
)
from blueprints.appointments.telling import CANCELED, CHANGED
from portal.access.scope import Actor, Scope
from portal.audit.services import record as audit
from portal.clock import now
from portal.db import session
from portal.errors import NotFound
from portal.messages.models import OPEN, Message, MessageState
from portal.people.models import User

MOST_ROUNDS = 30
KINDS = {AppointmentChange.CANCELED: CANCELED, AppointmentChange.MOVED: CHANGED}
# What is still to be done: nobody was reached, and the number is not known to be wrong.
TO_CALL = (CallOutcome.OPEN, CallOutcome.NO_ANSWER)


def begin(
    *,
    location_id: int,
    change: AppointmentChange,
    reason: str,
    told: Sequence[tuple[Appointment, ToldWay]],
    actor: Actor,
    since: datetime,
) -> ToldRound:
    """Note a change to these appointments, each with the way by which its recipient is told;
    `since` is when it began, before any message was written."""
    made = ToldRound(
        location_id=location_id,
        change=str(change),
        reason=reason,
        made_at=since,
        made_by_id=actor.id,
    )
    session().add(made)
    session().flush()
    session().add_all(
        ToldLine(
            round_id=made.id,
            appointment_id=appointment.id,
            version=appointment.version,
            way=str(way),
        )
        for appointment, way in told
    )
    session().flush()
    return made


def _failed() -> ColumnElement[bool]:
    """Whether the message of a line could not be delivered; of two neither."""
    kind = case({str(each): kind for each, kind in KINDS.items()}, value=ToldRound.change)
    written = (
        Message.about == "appointment:" + cast(ToldLine.appointment_id, String),
        Message.kind == kind,
        Message.created_at >= ToldRound.made_at,
    )
    on_its_way = exists().where(*written, Message.state.in_((*OPEN, MessageState.SENT)))
    return and_(exists().where(*written, Message.state == MessageState.FAILED), ~on_its_way)


def _needs_call() -> ColumnElement[bool]:
    return or_(ToldLine.way == ToldWay.NONE, _failed())


def get_round(scope: Scope, round_id: int) -> ToldRound:
    """A change at the present location. Raises `NotFound`."""
    scope.require("appointments.handle")
    found = session().get(ToldRound, round_id)
    scope.require_location(found.location_id if found else None)
    assert found is not None
    return found


@dataclass(frozen=True)
class Listed:
    """A change as the list of all shows it: how many were in it, and how many are to be called."""

    round: ToldRound
    count: int
    to_call: int


def list_rounds(scope: Scope) -> list[Listed]:
    """The latest changes at the present location, newest first."""
    scope.require("appointments.handle")
    open_calls = and_(_needs_call(), ToldLine.outcome.in_(TO_CALL))
    rows = session().execute(
        select(ToldRound, func.count(), func.sum(case((open_calls, 1), else_=0)))
        .join(ToldLine, ToldLine.round_id == ToldRound.id)
        .where(ToldRound.location_id == scope.location_id)
        .group_by(ToldRound.id)
        .order_by(ToldRound.id.desc())
        .limit(MOST_ROUNDS)
    )
    return [Listed(found, count, int(to_call)) for found, count, to_call in rows]


@dataclass(frozen=True)
class ToldRow:
    """A line with its appointment; `failed` says that the message did not arrive, `caller` is who
    called last or has it now, and `busy` whether that is now."""

    line: ToldLine
    booked: Booked
    failed: bool
    caller: str
    busy: bool

    @property
    def needs_call(self) -> bool:
        """Whether no message tells the recipient."""
        return self.failed or self.line.way == ToldWay.NONE

    @property
    def is_open(self) -> bool:
        """Whether somebody is still to call."""
        return self.needs_call and self.line.outcome in TO_CALL


def lines_of(found: ToldRound) -> list[ToldRow]:
    """The lines of a change, by time of the appointments."""
    rows = (
        session()
        .execute(
            select(ToldLine, _failed(), User.first_name, User.last_name)
            .join(ToldRound, ToldRound.id == ToldLine.round_id)
            .outerjoin(User, User.id == ToldLine.caller_id)
            .where(ToldLine.round_id == found.id)
        )
        .all()
    )
    booked = {one.appointment.id: one for one in of_ids([row[0].appointment_id for row in rows])}
    made = [
        ToldRow(
            line,
            booked[line.appointment_id],
            bool(failed),
            f"{first} {last}" if first else "",
            bool(line.claimed_until and line.claimed_until > now()),
        )
        for line, failed, first, last in rows
    ]
    return sorted(made, key=lambda one: (one.booked.appointment.starts_at, one.line.id))


def claim_next(scope: Scope, round_id: int) -> ToldLine | None:
    """The next line to call, which is the user's for ten minutes; the one they have already, if
    any. None if nobody is left to call now."""
    found = get_round(scope, round_id)
    lines = (
        select(ToldLine.id)
        .join(ToldRound, ToldRound.id == ToldLine.round_id)
        .where(ToldLine.round_id == found.id, _needs_call())
    )
    return calls.claim_next(ToldLine, lines, scope.user.id, TO_CALL)


def get_line(scope: Scope, line_id: int) -> ToldLine:
    """A line of a change at the present location. Raises `NotFound`."""
    found = session().get(ToldLine, line_id)
    if found is None:
        raise NotFound
    get_round(scope, found.round_id)
    return found


def note_call(scope: Scope, line_id: int, outcome: CallOutcome) -> ToldLine:
    """Note what came of a call. Raises `Conflict` if the line is another caller's by now, or its
    outcome is known."""
    get_line(scope, line_id)
    noted = calls.note_outcome(ToldLine, line_id, scope.user.id, str(outcome), TO_CALL)
    audit(
        scope.user,
        "appointment.called",
        subject="appointment",
        subject_id=noted.appointment_id,
        location_id=scope.location_id,
        after={"outcome": str(outcome)},
    )
    return noted


def count_to_call(scope: Scope) -> tuple[int, int]:
    """How many are to be called at the present location, and the change of most of them."""
    rounds = [one for one in list_rounds(scope) if one.to_call]
    if not rounds:
        return 0, 0
    most = max(rounds, key=lambda one: one.to_call)
    return sum(one.to_call for one in rounds), most.round.id
