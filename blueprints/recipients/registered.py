"""People who were registered at a location together, for what other modules can do for them.

Fills of the slot `recipient.together` are called with the scope and a `Together`, and return for
how many of these people something can be done; with `act` they do it, and return for how many it
was done.
"""

from collections.abc import Collection
from dataclasses import dataclass

from portal.access.scope import Scope
from portal.module import current, load

SLOT = "recipient.together"


@dataclass(frozen=True, kw_only=True)
class Together:
    """The recipients, and the location that registered them."""

    ids: Collection[int]
    location_id: int
    act: bool = False


def of_modules(scope: Scope, registered: Together) -> int:
    """For how many of these people modules can do something, or did."""
    fills = [fill for fill in current().fills(SLOT) if scope.can(fill.capability)]
    return sum(load(fill.function)(scope, registered) for fill in fills)
