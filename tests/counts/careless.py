"""Counting as somebody careless would have written it; the race tests must find it wanting."""

from typing import Any

from blueprints.counts import services
from blueprints.inventory.ledger import entries as ledger


def trust(*_arguments: Any) -> None:
    """Nothing will have moved since the user saw the page."""


def lock_nothing(_inventory_ids: object) -> None:
    """Nobody else will be at it."""


# Looks when the page is shown, and not again when it books.
LOOKS_BEFORE = ((services, "ensure_unmoved", trust),)
# Looks again, but lets others write meanwhile. SQLite has one writer anyway.
LOCKS_NOTHING = ((ledger, "lock_records", lock_nothing),)
