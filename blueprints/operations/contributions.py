"""What operations show on other pages."""

from typing import Any

from portal import settings
from portal.access.scope import Scope
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
