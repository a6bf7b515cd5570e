"""Readers who asked for no more messages by a channel: nothing goes there any more."""

from collections.abc import Collection

from sqlalchemy import delete, select, update

from portal.clock import now
from portal.db import insert, session, unit_of_work
from portal.messages.models import ChannelStop, Message, MessageState

SENTENCE = "The reader asked for no more messages by this way."


def among(channel: str, addresses: Collection[str]) -> set[str]:
    """Those of `addresses` that get nothing more by the channel."""
    if not addresses:
        return set()
    query = select(ChannelStop.address).where(
        ChannelStop.channel == channel, ChannelStop.address.in_(addresses)
    )
    return set(session().scalars(query))


def note(channel: str, address: str) -> None:
    """Write down that the reader asked for no more. What is planned or waits for them has failed
    with that: somebody else must tell them."""
    with unit_of_work():
        row = {"channel": channel, "address": address, "noted_at": now()}
        session().execute(insert(ChannelStop).values(row).on_conflict_do_nothing())
        session().execute(
            update(Message)
            .where(
                Message.channel == channel,
                Message.address == address,
                Message.state.in_((MessageState.PLANNED, MessageState.WAITING)),
            )
            .values(state=MessageState.FAILED, last_error=SENTENCE)
            .execution_options(synchronize_session=False)
        )


def forget(channel: str, address: str) -> bool:
    """Send to the address again, since its reader asked for it; False if nothing kept it off."""
    done = session().execute(
        delete(ChannelStop).where(ChannelStop.channel == channel, ChannelStop.address == address)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]
