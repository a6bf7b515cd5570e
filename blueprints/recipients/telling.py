"""By which ways a recipient is told, as they chose: by e-mail, by text, or by both.

Who chose texts and has no number that can be read is told by e-mail if there is an address. Whom no
way reaches is called; so is who answered STOP to a text, and who chose texts while there is no
gateway, since nobody is told by a way they did not choose.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blueprints.recipients.models import Recipient
from portal import messages, settings
from portal.db import session
from portal.messages import Attachment, stops
from portal.messages.channels import Channel
from portal.module import current, load

EMAIL, SMS = "email", "sms"
# What says by which ways a recipient is told.
ADDRESSED = frozenset({"email", "mobile_phone", "contact_by"})
# Fills are called with a recipient who has another address by now, or wants to be told otherwise:
# what was promised and has not left is promised anew.
SLOT = "recipient.reached"


@dataclass(frozen=True)
class Reach:
    """A channel, and the recipient's address by it."""

    channel: str
    address: str


def sends_texts() -> bool:
    """Whether anybody gets texts here."""
    channel: Channel | None = current().channels.get(SMS)
    return channel is not None and channel.writes(settings.current())


def ways_to(recipient: Recipient) -> tuple[Reach, ...]:
    """The ways by which the recipient wants to be told and can be, e-mail first."""
    return ways_to_each([recipient])[recipient.id]


def ways_to_each(people: Collection[Recipient]) -> Mapping[int, tuple[Reach, ...]]:
    """`ways_to` many, by their ids, in one statement at most."""
    channel: Channel | None = current().channels.get(SMS)
    texting = sends_texts()
    numbers = {
        one.id: one.mobile_phone
        for one in people
        if one.contact_by in {SMS, "both"}
        and channel is not None
        and not channel.refusal(one.mobile_phone)
    }
    stopped = stops.among(SMS, set(numbers.values())) if texting else set()
    found = {}
    for one in people:
        number = numbers.get(one.id, "")
        by_mail = one.contact_by in {EMAIL, "both"} or (one.contact_by == SMS and not number)
        text = bool(number) and texting and number not in stopped
        found[one.id] = (
            *([Reach(EMAIL, one.email)] if by_mail and one.email else []),
            *([Reach(SMS, number)] if text else []),
        )
    return found


def is_reached(recipient_id: int | None, channel: str, address: str) -> bool:
    """Whether a message to this address still goes to the recipient, as they wish."""
    recipient = session().get(Recipient, recipient_id) if recipient_id else None
    return recipient is not None and Reach(channel, address) in ways_to(recipient)


def promise_anew(recipient: Recipient) -> None:
    """Have modules take back what goes to a former address of the recipient, and promise it
    anew."""
    for fill in current().fills(SLOT):
        load(fill.function)(recipient)


def queue_to(
    recipient: Recipient,
    kind: str,
    *,
    once: str | None,
    attachments: Sequence[Attachment] = (),
    **options: Any,
) -> bool:
    """Promise a message by each way to the recipient, in their language; whether any is new.

    `options` are those of `portal.messages.queue`. Files go with the e-mail alone.
    """
    queued = [
        messages.queue(
            kind,
            way.address,
            channel=way.channel,
            once=once if once is None or way.channel == EMAIL else f"{once}:{way.channel}",
            attachments=tuple(attachments) if way.channel == EMAIL else (),
            language=recipient.language,
            **options,
        )
        for way in ways_to(recipient)
    ]
    return any(queued)
