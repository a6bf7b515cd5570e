"""What the locations show on other modules' pages."""

from typing import Any

from portal.access.scope import Scope


def account_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """The way from `Home` to the account page."""
    return {"place": scope.location} if scope.location else None
