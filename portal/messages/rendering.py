"""A message as its reader will see it, and as the mail server gets it."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from jinja2 import TemplateError

from portal.mailboxes import mailbox
from portal.messages.models import Message
from portal.messages.services import unpacked
from portal.messages.templates import render_mail, render_part
from portal.settings import Settings

HIDDEN = "••••••"


@dataclass(frozen=True)
class Rendered:
    """Subject and bodies of a message; `calendar` is the text of a calendar file, or empty."""

    subject: str
    text: str
    html: str
    calendar: str = ""


def render(message: Message, *, zone: str, secrets: bool) -> Rendered:
    """Render `message` with its own templates, its secrets shown or hidden.

    Raises Jinja's errors when a template is missing or wants what the context does not hold.
    """
    context: dict[str, Any] = unpacked(message.context)
    hidden = message.secret or {}
    context |= unpacked(hidden) if secrets else dict.fromkeys(hidden, HIDDEN)
    parts = render_mail(message.kind, context, language=message.language, zone=zone)
    return Rendered(
        subject=" ".join(parts["subject"].split()),
        text=parts["txt"].strip() + "\n",
        html=parts["html"].strip() + "\n",
        calendar=str(context.get("calendar") or ""),
    )


def subject_of(message: Message, *, zone: str) -> str:
    """The subject of `message`, its secrets hidden; empty if it was wiped or cannot be written."""
    if not message.address and not message.context:
        return ""
    context = unpacked(message.context) | dict.fromkeys(message.secret or {}, HIDDEN)
    try:
        text = render_part(message.kind, "subject", context, language=message.language, zone=zone)
    except (TemplateError, LookupError, TypeError, ValueError):
        return ""
    return " ".join(text.split())


def as_email(
    message: Message, rendered: Rendered, settings: Settings, *, at: datetime
) -> EmailMessage:
    """The e-mail with all its headers; the Message-ID is the one fixed when it was promised."""
    email = EmailMessage(policy=SMTP)
    email["From"] = _sender(settings.mail_from)
    if settings.mail_reply_to:
        email["Reply-To"] = _sender(settings.mail_reply_to)
    email["To"] = message.address
    email["Subject"] = rendered.subject
    email["Date"] = format_datetime(at)
    email["Message-ID"] = message.message_id
    email["Auto-Submitted"] = "auto-generated"
    email.set_content(rendered.text)
    email.add_alternative(rendered.html, subtype="html")
    if rendered.calendar:
        email.add_attachment(
            rendered.calendar.encode(),
            maintype="text",
            subtype="calendar",
            filename="appointment.ics",
            params={"charset": "utf-8", "method": "PUBLISH"},
        )
    # Setting content takes away what was said of content before.
    email["Content-Language"] = message.language
    return email


def _sender(text: str) -> Address:
    known = mailbox(text)
    return Address(known.name, addr_spec=known.address)
