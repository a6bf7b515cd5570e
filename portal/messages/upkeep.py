"""What an administrator does with messages, and what time does with them."""

from datetime import timedelta

from sqlalchemy import and_, delete, select, update

from portal import settings
from portal.access.scope import Actor
from portal.audit.services import record
from portal.clock import now
from portal.db import session, unit_of_work
from portal.errors import Conflict, Invalid
from portal.i18n import _
from portal.messages import stops
from portal.messages.models import OPEN, ChannelState, Message, MessageAttachment, MessageState
from portal.messages.services import wake
from portal.module import current

# Long enough to answer "I never got that"; after it what the message said is nobody's business.
CONTENTS_KEPT = timedelta(days=90)


def try_again(*, actor: Actor, message: Message) -> None:
    """Send a waiting or failed message as soon as possible.

    Raises `Conflict` for any other, for one that is of no use any more, and for one whose contents
    were wiped.
    """
    if message.not_after is not None and message.not_after < now():
        raise Conflict(
            _(
                "It is too late for this message: what it is about is no longer valid. Create a "
                "new one where it came from."
            )
        )
    if not message.address:
        raise Conflict(_("The text of this message was deleted after 90 days."))
    if stops.among(message.channel, {message.address}):
        raise Conflict(
            _("This person asked for no more text messages. Nothing was sent. Please call them.")
        )
    _change(
        message,
        (MessageState.WAITING, MessageState.FAILED),
        state=MessageState.WAITING,
        attempts=0,
        next_try_at=now(),
    )
    _wake(message.channel)
    _record(actor, "message.tried_again", message)


def cancel(*, actor: Actor, message: Message, reason: str) -> None:
    """Give up a planned, waiting or failed message, saying why. Raises `Invalid` without a reason,
    and `Conflict` for a message that left or is just leaving."""
    reason = " ".join(reason.split())
    if not reason:
        raise Invalid(_("Say why the message is no longer wanted."), field="reason")
    if len(reason) > 200:
        raise Invalid(_("Enter at most 200 characters."), field="reason")
    _change(
        message,
        (MessageState.PLANNED, MessageState.WAITING, MessageState.FAILED),
        state=MessageState.CANCELLED,
        reason=reason,
        secret=None,
    )
    _record(actor, "message.cancelled", message, summary=reason)


def try_all_again(*, actor: Actor) -> int:
    """Send everything that waits as soon as possible, without waiting for the server's rest to
    end; returns how many messages that are."""
    done = session().execute(
        update(Message)
        .where(Message.state == MessageState.WAITING)
        .values(next_try_at=now())
        .execution_options(synchronize_session=False)
    )
    _wake(*current().channels)
    number: int = done.rowcount  # type: ignore[attr-defined]
    record(
        actor,
        "message.all_tried_again",
        subject="message",
        subject_id=None,
        location_id=None,
        after={"messages": number},
    )
    return number


def note_left_in_practice() -> None:
    """Note that what is due by now was sent, as part of this unit of work: where practice mode is
    filled, nothing is late that the sample clinics sent in their past.

    Raises `RuntimeError` elsewhere: there only a server's answer says that a message was sent.
    """
    if not settings.current().practice:
        raise RuntimeError("Messages of a portal with real data are sent, not said to be.")
    moment = now()
    session().execute(
        update(Message)
        .where(
            Message.state.in_((MessageState.PLANNED, MessageState.WAITING)),
            Message.next_try_at <= moment,
        )
        .values(state=MessageState.SENT, attempts=1, tried_at=moment, sent_at=moment, secret=None)
        .execution_options(synchronize_session=False)
    )


def forget_contents() -> str | None:
    """Wipe what messages said that are 90 days old and wait no more (a job of the platform)."""
    old = and_(
        Message.state.not_in(OPEN),
        Message.created_at < now() - CONTENTS_KEPT,
        Message.address != "",
    )
    with unit_of_work(write=False) as reading:
        if reading.scalar(select(Message.id).where(old).limit(1)) is None:
            return None
    with unit_of_work() as writing:
        writing.execute(
            delete(MessageAttachment)
            .where(MessageAttachment.message_id.in_(select(Message.id).where(old)))
            .execution_options(synchronize_session=False)
        )
        done = writing.execute(
            update(Message)
            .where(old)
            .values(context={}, secret=None, address="", reply_to="", answers="", search="")
            .execution_options(synchronize_session=False)
        )
    return f"{done.rowcount} wiped"  # type: ignore[attr-defined]


def _change(message: Message, states: tuple[MessageState, ...], **values: object) -> None:
    done = session().execute(
        update(Message)
        .where(Message.id == message.id, Message.state.in_(states))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        raise Conflict(_("This message has already been sent or canceled."))


def _wake(*channels: str) -> None:
    session().execute(
        update(ChannelState)
        .where(ChannelState.channel.in_(channels))
        .values(paused_until=None)
        .execution_options(synchronize_session=False)
    )
    wake(channels)


def _record(actor: Actor, action: str, message: Message, *, summary: str = "") -> None:
    record(
        actor,
        action,
        subject="message",
        subject_id=message.id,
        location_id=message.location_id,
        summary=summary,
        before={"state": message.state},
    )
