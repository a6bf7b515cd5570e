"""What operations show on other pages."""

from typing import Any

from flask import url_for

from portal import settings
from portal.access.scope import Scope
from portal.i18n import _
from portal.messages.queries import troubled, unready_channels
from portal.refusals.queries import find_unusual


def messages_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """How many messages wait too long or failed; nothing while all is well."""
    waiting, failed = troubled(scope)
    if not waiting and not failed:
        return None
    return {
        "waiting": waiting,
        "failed": failed,
        "unready": unready_channels(scope, settings.current()),
    }


def refusals_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """That the portal refused unusually much lately; nothing else."""
    unusual = find_unusual(scope)
    return {"unusual": unusual} if unusual else None


def mail_server_step(_scope: Scope, _subject: object) -> dict[str, Any] | None:
    """To name the mail server: until then no invitation leaves. In practice mode none is wanted."""
    current = settings.current()
    if current.smtp_host or current.practice:
        return None
    return {
        "href": url_for("operations.messages"),
        "title": _("Set up the mail server"),
        "why": _("Invitations wait until the person who runs the portal sets smtp_host."),
    }
