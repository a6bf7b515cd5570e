"""Who may send what: messages are taken by lease, and every step is a conditional update.

A process that dies keeps its lease only for a minute. Any number of processes may deliver.
"""

import random
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from portal import settings
from portal.clock import SKEW, now
from portal.db import run, session, unit_of_work
from portal.messages.models import MailServer, Message, State
from portal.messages.smtp import ServerUnusable

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


def expire() -> None:
    """Cancel what waited past the moment after which it is of no use."""
    late = and_(Message.state == State.WAITING, Message.not_after < now())
    with unit_of_work(write=False) as current:
        if current.scalar(select(Message.id).where(late).limit(1)) is None:
            return
    with unit_of_work() as current:
        current.execute(
            update(Message)
            .where(late)
            .values(state=State.CANCELLED, reason=TOO_LATE, secret=None)
            .execution_options(synchronize_session=False)
        )


def anything_due() -> bool:
    """Whether there may be something to send; reads only."""
    with unit_of_work(write=False) as current:
        server = current.get_one(MailServer, 1)
        if _rests(server, now()):
            return False
        due = current.scalar(select(Message.id).where(_due(now())).limit(1)) is not None
        return due or server.recovering


def _rests(server: MailServer, moment: datetime) -> bool:
    """Whether nothing is tried yet. A rest longer than any was noted by a clock that ran ahead."""
    until = server.paused_until
    return until is not None and moment < until <= moment + PAUSE_FOR_OPERATOR + SKEW


def claim(owner: str) -> list[Message]:
    """Take the next messages to send, oldest first; they are `owner`'s for the length of a lease.

    Nothing while the server rests. While what piled up in an outage goes out, and for messages
    that were refused before, no more than `mail_per_minute`.
    """

    def take() -> list[Message]:
        moment = now()
        # The row is the turnstile: one process at a time counts and takes.
        server = session().get_one(MailServer, 1, with_for_update=True)
        if _rests(server, moment):
            return []
        numbers = _choose(server, moment)
        if not numbers:
            return []
        taken = session().scalars(
            update(Message)
            .where(Message.id.in_(numbers), _due(moment))
            .values(state=State.SENDING, lease_owner=owner, lease_until=moment + LEASE)
            .returning(Message)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
        return sorted(taken, key=lambda message: message.id)

    return run(take, write=True, keep=lambda _taken: True)


def _choose(server: MailServer, moment: datetime) -> list[int]:
    room = _room(moment, everything=server.recovering)
    if server.recovering:
        chosen = _oldest(_due(moment), moment, min(BATCH, room))
        if not chosen and room > 0:
            server.recovering = False
        return chosen
    chosen = _oldest(and_(_due(moment), Message.attempts == 0), moment, BATCH)
    rest = min(BATCH - len(chosen), room)
    return chosen + _oldest(and_(_due(moment), Message.attempts > 0), moment, rest)


def _oldest(wanted: ColumnElement[bool], moment: datetime, most: int) -> list[int]:
    if most <= 0:
        return []
    query = select(Message.id).where(wanted).order_by(Message.id).limit(most)
    return list(session().scalars(query.with_for_update(skip_locked=True)))


def _room(moment: datetime, *, everything: bool) -> int:
    """How many more may be tried in this minute: of all messages, or of those refused before."""
    limit = settings.current().mail_per_minute
    if limit == 0:
        return BATCH
    least = 0 if everything else 1
    tried = and_(
        Message.tried_at > moment - MINUTE,
        Message.tried_at <= moment + SKEW,
        Message.attempts > least,
        Message.state != State.SENDING,
    )
    held = and_(
        Message.state == State.SENDING,
        Message.lease_until >= moment,
        Message.lease_until <= moment + LEASE + SKEW,
        Message.attempts >= least,
    )
    used = session().scalar(select(func.count()).where(or_(tried, held))) or 0
    return max(0, limit - used)


def _due(moment: datetime) -> ColumnElement[bool]:
    """What may be tried now; also what a clock that ran ahead has put off for longer than any gap
    or lease."""
    return or_(
        and_(Message.state == State.WAITING, Message.next_try_at <= moment),
        and_(Message.state == State.WAITING, Message.next_try_at > moment + LONGEST_GAP + SKEW),
        and_(Message.state == State.SENDING, Message.lease_until < moment),
        and_(Message.state == State.SENDING, Message.lease_until > moment + LEASE + SKEW),
    )


def begin(message: Message, owner: str) -> bool:
    """Just before sending: whether `owner` still holds the message and it is still wanted."""

    def hold() -> bool:
        moment = now()
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


def mark_sent(message: Message) -> None:
    """The server has taken the message: whatever else happened to the row, it was sent."""

    def mark() -> bool:
        moment = now()
        _updated(
            and_(Message.id == message.id, Message.state != State.SENT),
            state=State.SENT,
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


def mark_refused(message: Message, owner: str, sentence: str, *, for_good: bool) -> None:
    """The message did not leave: try again later, or never."""
    tries = message.attempts + 1
    gap = GAPS[min(tries, len(GAPS)) - 1]
    moment = now()
    failed = for_good or tries >= TRIES

    def mark() -> bool:
        _updated(
            _held(message, owner),
            state=State.FAILED if failed else State.WAITING,
            next_try_at=moment + gap * random.uniform(1.0, 1.1),  # noqa: S311
            lease_until=None,
            lease_owner=None,
            last_error=sentence[:300],
        )
        return True

    run(mark, write=True, keep=bool)


def release(owner: str, *, but: int | None = None) -> None:
    """Give back what `owner` took and has not tried; `but` is the message of which nobody knows
    whether the server took it: it is tried again when its lease runs out."""

    def give() -> bool:
        held = and_(Message.lease_owner == owner, Message.state == State.SENDING)
        _updated(
            held if but is None else and_(held, Message.id != but),
            state=State.WAITING,
            lease_until=None,
            lease_owner=None,
        )
        return True

    run(give, write=True, keep=bool)


def server_failed(error: ServerUnusable) -> None:
    """Let the server rest, longer each time, and note why."""

    def note() -> bool:
        server = session().get_one(MailServer, 1, with_for_update=True)
        moment = now()
        server.failures += 1
        server.failing_since = server.failing_since or moment
        server.recovering = True
        server.last_error = str(error)[:300]
        pause = min(LONGEST_PAUSE, timedelta(seconds=5 * 2 ** min(server.failures - 1, 6)))
        if error.lasting:
            pause = PAUSE_FOR_OPERATOR
        server.paused_until = moment + pause * random.uniform(0.9, 1.0)  # noqa: S311
        return True

    run(note, write=True, keep=bool)


def server_answers() -> None:
    """The server took a message: an outage, if there was one, is over."""
    with unit_of_work(write=False) as current:
        if current.get_one(MailServer, 1).failing_since is None:
            return

    def note() -> bool:
        server = session().get_one(MailServer, 1, with_for_update=True)
        server.failures = 0
        server.failing_since = None
        server.paused_until = None
        server.last_error = ""
        return True

    run(note, write=True, keep=bool)


def _held(message: Message, owner: str) -> ColumnElement[bool]:
    return and_(
        Message.id == message.id, Message.lease_owner == owner, Message.state == State.SENDING
    )


def _updated(where: ColumnElement[bool], **values: object) -> bool:
    done = session().execute(
        update(Message).where(where).values(**values).execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]
