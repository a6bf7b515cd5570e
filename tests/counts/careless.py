"""Counting as somebody careless would have written it; the race tests must find it wanting."""

import time
from typing import Any

from blueprints.counts import services
from blueprints.inventory import ledger

PAUSE = 0.05
open_document = services.open_document


def trust(*_arguments: Any) -> None:
    """Nothing will have moved since the user saw the page."""


def hold_nothing(_inventory_id: int) -> None:
    """Nobody else will be at it."""


def slowly(*arguments: Any, **named: Any) -> Any:
    """A machine that is busy between looking and booking."""
    time.sleep(PAUSE)
    return open_document(*arguments, **named)


# Looks when the page is shown, and not again when it books.
LOOKS_BEFORE = ((services, "ensure_unmoved", trust),)
# Looks again, but lets others write meanwhile. SQLite has one writer anyway.
HOLDS_NOTHING = ((ledger, "hold", hold_nothing), (services, "open_document", slowly))
