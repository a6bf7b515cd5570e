"""Reading the outbox: for programme administrators."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from portal.access.scope import Scope
from portal.clock import now
from portal.db import session, unit_of_work
from portal.errors import NotFound
from portal.messages.channels import Channel
from portal.messages.models import OPEN, WAITS_SINCE, ChannelState, Message, MessageState
from portal.module import current
from portal.places.models import Location
from portal.searching.distinct import distinct_values
from portal.searching.hits import contains
from portal.searching.newest import newest_first
from portal.searching.text import words
from portal.settings import Settings

CAPABILITY = "messages.manage"
PAGE = 50
OVERDUE = timedelta(hours=1)


@dataclass(frozen=True)
class Counts:
    """How many messages are in each state, and since when the oldest one waits."""

    by_state: dict[MessageState, int]
    waiting_since: datetime | None

    def __getitem__(self, state: str) -> int:
        return self.by_state.get(MessageState(state), 0)

    @property
    def open(self) -> int:
        """How many have not left yet."""
        return sum(self[state] for state in OPEN)


@dataclass(frozen=True)
class MessagesFound:
    """A page of messages, newest first; `below` continues it, None at the end."""

    messages: list[Message]
    below: int | None


def counts(scope: Scope) -> Counts:
    """The messages by state."""
    scope.require(CAPABILITY)
    rows = session().execute(
        select(Message.state, func.count(), func.min(WAITS_SINCE)).group_by(Message.state)
    )
    found = {MessageState(state): (number, oldest) for state, number, oldest in rows}
    waiting = [
        found[state][1] for state in (MessageState.WAITING, MessageState.SENDING) if state in found
    ]
    return Counts(
        {state: number for state, (number, _oldest) in found.items()}, min(waiting, default=None)
    )


def not_left() -> Counts:
    """The messages that may still leave, by state, for who may know how the portal is doing."""
    rows = session().execute(
        select(Message.state, func.count(), func.min(WAITS_SINCE))
        .where(Message.state.in_(OPEN))
        .group_by(Message.state)
    )
    found = {MessageState(state): (number, oldest) for state, number, oldest in rows}
    due = [found[state][1] for state in found if state != MessageState.PLANNED]
    return Counts(
        {state: found[state][0] if state in found else 0 for state in OPEN}, min(due, default=None)
    )


def troubled(scope: Scope) -> tuple[int, int]:
    """How many messages wait for longer than they should (five minutes), and how many failed."""
    scope.require(CAPABILITY)
    late = and_(
        Message.state.in_((MessageState.WAITING, MessageState.SENDING)),
        now() - timedelta(minutes=5) > WAITS_SINCE,
    )
    row = (
        session()
        .execute(
            select(
                func.count().filter(late), func.count().filter(Message.state == MessageState.FAILED)
            ).where(
                Message.state.in_((MessageState.WAITING, MessageState.SENDING, MessageState.FAILED))
            )
        )
        .one()
    )
    return row[0], row[1]


def find_messages(
    scope: Scope,
    *,
    state: str = "",
    kind: str = "",
    channel: str = "",
    text: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    below: int | None = None,
) -> MessagesFound:
    """The 50 newest messages of a state, a kind and a channel (empty: any), with ids smaller than
    `below`, made from `since` on and before `until`.

    `text`: words that must all occur in the address or in what the message is about.
    """
    scope.require(CAPABILITY)
    query = select(Message)
    wanted = words(text)
    if wanted:
        query = query.where(Message.search != "", contains(Message.search, wanted))
    if state:
        query = query.where(Message.state == state)
    if kind:
        query = query.where(Message.kind == kind)
    if channel:
        query = query.where(Message.channel == channel)
    query = newest_first(
        query, Message.created_at, Message.id, since=since, until=until, below=below
    )
    rows = list(session().scalars(query.limit(PAGE + 1)))
    more = len(rows) > PAGE
    return MessagesFound(rows[:PAGE], rows[PAGE - 1].id if more else None)


def kinds(scope: Scope) -> list[str]:
    """The kinds of messages that occur, in alphabetical order."""
    scope.require(CAPABILITY)
    return distinct_values(Message.kind)


def get_message(scope: Scope, number: int) -> Message:
    """One message. Raises `NotFound`."""
    scope.require(CAPABILITY)
    message = session().get(Message, number)
    if message is None:
        raise NotFound
    return message


def zone_of(message: Message, default: str) -> str:
    """The time zone its moments are shown in: its location's, else `default`."""
    if message.location_id is None:
        return default
    zone = session().scalar(select(Location.time_zone).where(Location.id == message.location_id))
    return zone or default


def zones(scope: Scope, messages: Iterable[Message], default: str) -> dict[int | None, str]:
    """`zone_of` many messages, by location."""
    scope.require(CAPABILITY)
    wanted = {message.location_id for message in messages}
    found: dict[int | None, str] = dict.fromkeys(wanted, default)
    query = select(Location.id, Location.time_zone).where(Location.id.in_(wanted - {None}))
    return found | {row.id: row.time_zone for row in session().execute(query)}


def failing_channels(scope: Scope) -> list[ChannelState]:
    """The channels whose server cannot be used at present."""
    scope.require(CAPABILITY)
    query = select(ChannelState).where(ChannelState.failing_since.is_not(None))
    return list(session().scalars(query.order_by(ChannelState.channel)))


def unready_channels(scope: Scope, settings: Settings) -> list[Channel]:
    """The channels that are not set up, although messages wait for them."""
    scope.require(CAPABILITY)
    waiting = select(Message.id).where(Message.state == MessageState.WAITING)
    return [
        channel
        for channel in current().channels.values()
        if not channel.ready(settings)
        and session().scalar(waiting.where(Message.channel == channel.name).limit(1)) is not None
    ]


def faults() -> list[str]:
    """What is wrong with the outbox, for `portal check`."""
    moment = now()
    tests = (
        (
            "{} messages are being sent, yet their lease ran out more than an hour ago.",
            and_(Message.state == MessageState.SENDING, Message.lease_until < moment - OVERDUE),
        ),
        (
            "{} messages are being sent by nobody.",
            and_(
                Message.state == MessageState.SENDING,
                or_(Message.lease_until.is_(None), Message.lease_owner.is_(None)),
            ),
        ),
        (
            "{} messages are marked as sent without saying when.",
            and_(Message.state == MessageState.SENT, Message.sent_at.is_(None)),
        ),
        (
            "{} sent or canceled messages still hold their secrets.",
            and_(
                Message.state.in_(
                    (MessageState.SENT, MessageState.CANCELLED, MessageState.OBSOLETE)
                ),
                Message.secret.is_not(None),
            ),
        ),
        (
            "{} canceled messages do not say why.",
            and_(
                Message.state.in_((MessageState.CANCELLED, MessageState.OBSOLETE)),
                Message.reason == "",
            ),
        ),
        (
            "{} failed messages do not say why.",
            and_(Message.state == MessageState.FAILED, Message.last_error == ""),
        ),
    )
    found = []
    with unit_of_work(write=False) as reading:
        for sentence, wrong in tests:
            number = reading.scalar(select(func.count()).select_from(Message).where(wrong))
            if number:
                found.append(sentence.format(number))
    return found
