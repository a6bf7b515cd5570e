"""What the jobs show on other pages."""

from typing import Any

from portal.access.scope import Scope
from portal.jobs.queries import silence


def silence_card(_scope: Scope, _subject: object) -> dict[str, Any] | None:
    """That no scheduler is at work; nothing while one is."""
    found = silence()
    return {"silence": found} if found else None
