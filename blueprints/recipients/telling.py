"""By which ways a recipient is told, as they chose: by e-mail, by text, or by both.

Who chose texts and cannot get any (no number that can be read, no gateway, or an answer that asked
for no more) is told by e-mail if there is an address. Whom no way reaches is called.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blueprints.recipients.models import Recipient
from portal import messages, settings
from portal.messages import Attachment, stops
from portal.module import current

EMAIL, SMS = "email", "sms"


@dataclass(frozen=True)
class Way:
    """A channel, and the recipient's address by it."""

    channel: str
    address: str


def ways_to(recipient: Recipient) -> tuple[Way, ...]:
    """The ways by which the recipient wants to be told and can be, e-mail first."""
    return ways_to_each([recipient])[recipient.id]


def ways_to_each(people: Collection[Recipient]) -> Mapping[int, tuple[Way, ...]]:
    """`ways_to` many, by their ids, in one statement at most."""
    numbers = {one.id: _number(one) for one in people if one.contact_by in {SMS, "both"}}
    stopped = stops.among(SMS, {number for number in numbers.values() if number})
    return {one.id: _ways(one, numbers.get(one.id, ""), stopped) for one in people}


def _ways(one: Recipient, number: str, stopped: Collection[str]) -> tuple[Way, ...]:
    text = (Way(SMS, number),) if number and number not in stopped else ()
    by_mail = one.contact_by in {EMAIL, "both"} or (one.contact_by == SMS and not text)
    return ((Way(EMAIL, one.email),) if by_mail and one.email else ()) + text


def _number(recipient: Recipient) -> str:
    """The number for texts; empty where none can be sent."""
    channel = current().channels.get(SMS)
    usable = (
        channel is not None
        and channel.writes(settings.current())
        and not channel.refusal(recipient.mobile_phone)
    )
    return recipient.mobile_phone if usable else ""


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
