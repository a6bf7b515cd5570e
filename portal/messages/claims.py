"""Who may send what: messages are taken by lease, and every step is a conditional update.

A process that dies keeps its lease only for a minute. Any number of processes may deliver. What
belongs to one channel is judged by that channel's state alone.
"""

import random
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from portal.bulk import insert_rows
from portal.clock import SKEW, now
from portal.db import run, session, unit_of_work
from portal.messages.channels import ServerUnusable
from portal.messages.models import ChannelState, Message, MessageState
from portal.messages.packing import unpacked
from portal.module import current, load

LEASE = timedelta(seconds=60)
BATCH = 20
MINUTE = timedelta(minutes=1)
GAPS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60))
# A gap is drawn out by up to a tenth.
LONGEST_GAP = GAPS[-1] * 1.1
# After the first five tries one an hour: two days in all.
TRIES = len(GAPS) + 47
LONGEST_PAUSE = timedelta(minutes=1)
PAUSE_FOR_OPERATOR = timedelta(minutes=5)
TOO_LATE = "Not sent in time to be of use."
NOT_TRUE = "What it said was no longer true when it was to be sent."


class CannotAsk(Exception):
    """Whether a message is still true could not be found out; its cause says why."""


def begin_planned(channel: str) -> None:
    """Let the planned messages of a channel wait for sending once their moment has come. No wrong
    clock is suspected here: that moment may lie at any distance."""
    due = and_(Message.state == MessageState.PLANNED, Message.next_try_at <= now())
    _change_if_any(and_(Message.channel == channel, due), state=MessageState.WAITING)


def expire(channel: str) -> None:
    """Cancel what waited for a channel past the moment after which it is of no use."""
    late = and_(Message.state == MessageState.WAITING, Message.not_after < now())
    changed = {"state": MessageState.CANCELLED, "reason": TOO_LATE, "secret": None}
    _change_if_any(and_(Message.channel == channel, late), **changed)


def _change_if_any(where: ColumnElement[bool], **values: object) -> None:
    """Change the messages of that kind; where there are none nothing is written."""
    with unit_of_work(write=False) as reading:
        if reading.scalar(select(Message.id).where(where).limit(1)) is None:
            return
    with unit_of_work():
        _updated(where, **values)


def anything_due(channel: str) -> bool:
    """Whether there may be something to send by a channel; reads only."""
    with unit_of_work(write=False) as reading:
        server = reading.get(ChannelState, channel)
        if server is not None and _rests(server, now()):
            return False
        due = reading.scalar(select(Message.id).where(_due(channel, now())).limit(1)) is not None
        return due or (server is not None and server.recovering)


def _rests(server: ChannelState, moment: datetime) -> bool:
    """Whether nothing is tried yet. A rest longer than any was noted by a clock that ran ahead."""
    until = server.paused_until
    return until is not None and moment < until <= moment + PAUSE_FOR_OPERATOR + SKEW


def _locked_state(channel: str) -> ChannelState:
    """The channel's row, for this unit of work alone; the first time it is used it is made."""
    found = session().get(ChannelState, channel, with_for_update=True)
    if found is None:
        insert_rows(ChannelState, [{"channel": channel}], skip_known="channel")
        found = session().get_one(ChannelState, channel, with_for_update=True)
    return found


def claim(owner: str, channel: str = "email", per_minute: int = 0) -> list[Message]:
    """Take the next messages to send, oldest first; they are `owner`'s for the length of a lease.

    Nothing while the server rests. While what piled up in an outage goes out, and for messages
    that were refused before, no more than `per_minute` (0: any number).
    """

    def take() -> list[Message]:
        moment = now()
        # The row is the turnstile: one process at a time counts and takes.
        server = _locked_state(channel)
        if _rests(server, moment):
            return []
        numbers = _choose(server, moment, per_minute)
        if not numbers:
            return []
        taken = session().scalars(
            update(Message)
            .where(Message.id.in_(numbers), _due(channel, moment))
            .values(state=MessageState.SENDING, lease_owner=owner, lease_until=moment + LEASE)
            .returning(Message)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
        return sorted(taken, key=lambda message: message.id)

    return run(take, write=True, keep=lambda _taken: True)


def _choose(server: ChannelState, moment: datetime, per_minute: int) -> list[int]:
    due = _due(server.channel, moment)
    room = _room(server, moment, per_minute)
    if server.recovering:
        chosen = _oldest(due, min(BATCH, room))
        if not chosen and room > 0:
            server.recovering = False
        return chosen
    chosen = _oldest(and_(due, Message.attempts == 0), BATCH)
    rest = min(BATCH - len(chosen), room)
    return chosen + _oldest(and_(due, Message.attempts > 0), rest)


def _oldest(wanted: ColumnElement[bool], most: int) -> list[int]:
    if most <= 0:
        return []
    query = select(Message.id).where(wanted).order_by(Message.id).limit(most)
    return list(session().scalars(query.with_for_update(skip_locked=True)))


def _room(server: ChannelState, moment: datetime, limit: int) -> int:
    """How many more may be tried in this minute: of all messages while the server recovers, else
    of those refused before."""
    if limit == 0:
        return BATCH
    least = 0 if server.recovering else 1
    tried = and_(
        Message.tried_at > moment - MINUTE,
        Message.tried_at <= moment + SKEW,
        Message.attempts > least,
        Message.state != MessageState.SENDING,
    )
    held = and_(
        Message.state == MessageState.SENDING,
        Message.lease_until >= moment,
        Message.lease_until <= moment + LEASE + SKEW,
        Message.attempts >= least,
    )
    of_channel = Message.channel == server.channel
    used = session().scalar(select(func.count()).where(of_channel, or_(tried, held))) or 0
    return max(0, limit - used)


def _due(channel: str, moment: datetime) -> ColumnElement[bool]:
    """What may be tried now; also what a clock that ran ahead has put off for longer than any gap
    or lease. What is planned is not among it."""
    waits = and_(Message.channel == channel, Message.state == MessageState.WAITING)
    held = and_(Message.channel == channel, Message.state == MessageState.SENDING)
    return or_(
        and_(waits, Message.next_try_at <= moment),
        and_(waits, Message.next_try_at > moment + LONGEST_GAP + SKEW),
        and_(held, Message.lease_until < moment),
        and_(held, Message.lease_until > moment + LEASE + SKEW),
    )


def begin(message: Message, owner: str) -> bool:
    """Just before sending: whether `owner` still holds the message and it is still wanted.

    One that is no longer true is dropped, in the same unit of work that found it out. Raises
    `CannotAsk` where that could not be found out.
    """

    def hold() -> bool:
        moment = now()
        if not _still_true(message):
            _updated(
                _held(message, owner),
                state=MessageState.OBSOLETE,
                reason=NOT_TRUE,
                secret=None,
                lease_until=None,
                lease_owner=None,
            )
            return False
        return _updated(
            and_(
                _held(message, owner),
                or_(Message.not_after.is_(None), Message.not_after >= moment),
            ),
            attempts=Message.attempts + 1,
            tried_at=moment,
            lease_until=moment + LEASE,
        )

    return run(hold, write=True, keep=lambda _done: True)


def _still_true(message: Message) -> bool:
    """What the kind of the message says of it, if it says anything."""
    found = current().messages.get(message.kind)
    if found is None:
        return True
    kind = found[1]
    try:
        if kind.still_reaches and not load(kind.still_reaches)(
            message.about, message.channel, message.address
        ):
            return False
        if not kind.still_true:
            return True
        return bool(load(kind.still_true)(message.about, unpacked(message.context)))
    except SQLAlchemyError:
        raise  # the unit of work knows when to try again
    except Exception as error:
        raise CannotAsk from error


def mark_sent(message: Message) -> None:
    """The server has taken the message: whatever else happened to the row, it was sent."""

    def mark() -> bool:
        moment = now()
        _updated(
            and_(Message.id == message.id, Message.state != MessageState.SENT),
            state=MessageState.SENT,
            sent_at=moment,
            tried_at=moment,
            lease_until=None,
            lease_owner=None,
            secret=None,
            reason="",
            last_error="",
        )
        return True

    run(mark, write=True, keep=bool)


def mark_refused(
    message: Message,
    owner: str,
    sentence: str,
    *,
    for_good: bool,
    after: timedelta | None = None,
    most: int | None = None,
) -> bool:
    """The message did not leave: try again later, at the earliest `after` that time, or never;
    whether it is never. It is given up after `most` tries, or as many as usual."""
    tries = message.attempts + 1
    gap = max(GAPS[min(tries, len(GAPS)) - 1], min(after or timedelta(0), GAPS[-1]))
    moment = now()
    failed = for_good or tries >= (most or TRIES)

    def mark() -> bool:
        _updated(
            _held(message, owner),
            state=MessageState.FAILED if failed else MessageState.WAITING,
            attempts=tries,
            next_try_at=moment + gap * random.uniform(1.0, 1.1),  # noqa: S311
            lease_until=None,
            lease_owner=None,
            last_error=sentence[:300],
        )
        return True

    run(mark, write=True, keep=bool)
    return failed


def mark_untried(message: Message, owner: str) -> None:
    """The server could not be used at all: the message waits as before, and that was no try."""

    def mark() -> bool:
        _updated(
            _held(message, owner),
            state=MessageState.WAITING,
            attempts=message.attempts,
            lease_until=None,
            lease_owner=None,
        )
        return True

    run(mark, write=True, keep=bool)


def release(owner: str, *, but: int | None = None) -> None:
    """Give back what `owner` took and has not tried; `but` is the message of which nobody knows
    whether the server took it: it is tried again when its lease runs out."""

    def give() -> bool:
        held = and_(Message.lease_owner == owner, Message.state == MessageState.SENDING)
        _updated(
            held if but is None else and_(held, Message.id != but),
            state=MessageState.WAITING,
            lease_until=None,
            lease_owner=None,
        )
        return True

    run(give, write=True, keep=bool)


def server_failed(channel: str, error: ServerUnusable) -> None:
    """Let the server of a channel rest, longer each time, and note why."""

    def note() -> bool:
        server = _locked_state(channel)
        moment = now()
        server.failures += 1
        server.failing_since = server.failing_since or moment
        server.recovering = True
        server.last_error = str(error)[:300]
        pause = min(LONGEST_PAUSE, timedelta(seconds=5 * 2 ** min(server.failures - 1, 6)))
        pause = min(max(pause, error.after or pause), PAUSE_FOR_OPERATOR)
        if error.lasting:
            pause = PAUSE_FOR_OPERATOR
        server.paused_until = moment + pause * random.uniform(0.9, 1.0)  # noqa: S311
        return True

    run(note, write=True, keep=bool)


def server_answers(channel: str) -> None:
    """The server of a channel took a message: an outage, if there was one, is over."""
    with unit_of_work(write=False) as reading:
        server = reading.get(ChannelState, channel)
        if server is None or server.failing_since is None:
            return

    def note() -> bool:
        server = _locked_state(channel)
        server.failures = 0
        server.failing_since = None
        server.paused_until = None
        server.last_error = ""
        return True

    run(note, write=True, keep=bool)


def _held(message: Message, owner: str) -> ColumnElement[bool]:
    return and_(
        Message.id == message.id,
        Message.lease_owner == owner,
        Message.state == MessageState.SENDING,
    )


def _updated(where: ColumnElement[bool], **values: object) -> bool:
    done = session().execute(
        update(Message).where(where).values(**values).execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]
