"""A message as its reader will see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from portal.messages.attachments import Attachment
from portal.messages.models import Message
from portal.messages.packing import unpacked
from portal.messages.templates import render_block, render_frame
from portal.module import current

HIDDEN = "••••••"
LONGEST_SUBJECT = 60


@dataclass(frozen=True)
class Rendered:
    """The parts of a message by the name of their block, and the files that go with it."""

    parts: Mapping[str, str]
    attachments: tuple[Attachment, ...] = ()

    @property
    def subject(self) -> str:
        """The subject; empty for a channel without."""
        return self.parts.get("subject", "")

    @property
    def text(self) -> str:
        """The text; empty for a channel without."""
        return self.parts.get("text", "")

    @property
    def html(self) -> str:
        """The HTML form; empty for a channel without."""
        return self.parts.get("html", "")


def render(
    message: Message, *, zone: str, secrets: bool, attachments: tuple[Attachment, ...] = ()
) -> Rendered:
    """Render `message` with the template of its kind, its secrets shown or hidden.

    Raises Jinja's errors when the template is missing or wants what the context does not hold, and
    `LookupError` for a block or channel that is missing.
    """
    context: dict[str, Any] = unpacked(message.context)
    hidden = message.secret or {}
    context |= unpacked(hidden) if secrets else dict.fromkeys(hidden, HIDDEN)
    channel = current().channels[message.channel]
    reader = {"language": message.language, "zone": zone}
    parts: dict[str, str] = {}
    # The subject is the first of the blocks, and one line.
    for block in channel.blocks:
        text = render_block(message.kind, block, context, **reader)
        if block == "subject":
            parts[block] = " ".join(text.split())
            continue
        text = text.strip()
        if block in channel.frames:
            subject = parts.get("subject", "")
            text = render_frame(channel.frames[block], block, text, subject=subject, **reader)
        parts[block] = channel.shaped(text.strip() + "\n")
    return Rendered(parts, attachments)


def subject_of(message: Message, *, zone: str) -> str:
    """The subject of `message`, or how it begins where its channel has none, its secrets hidden;
    empty if it was wiped or cannot be written."""
    if not message.address and not message.context:
        return ""
    context = unpacked(message.context) | dict.fromkeys(message.secret or {}, HIDDEN)
    channel = current().channels.get(message.channel)
    block = channel.blocks[0] if channel else "subject"
    try:
        text = render_block(message.kind, block, context, language=message.language, zone=zone)
    except (TemplateError, LookupError, TypeError, ValueError):
        return ""
    text = " ".join(text.split())
    return (
        text if len(text) <= LONGEST_SUBJECT or block == "subject" else f"{text[:LONGEST_SUBJECT]}…"
    )
