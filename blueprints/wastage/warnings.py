"""What the page that confirms a wastage or return points out; saving stays possible."""

from collections.abc import Sequence

from blueprints.inventory.leaving.selection import Remaining
from blueprints.inventory.leaving.warnings import taken_before
from blueprints.inventory.rules import usable_on
from blueprints.wastage.services import Loss
from portal.access.scope import Scope
from portal.formats.shown import day
from portal.i18n import _


def warnings(scope: Scope, loss: Loss, lines: Sequence[Remaining]) -> list[str]:
    """All that may be wrong with a loss that is about to be saved."""
    return [
        *_not_expired(loss, lines),
        *taken_before(scope, loss.kind, lines, on=loss.happened_on),
    ]


def _not_expired(loss: Loss, lines: Sequence[Remaining]) -> list[str]:
    if loss.reason != "expired":
        return []
    return [
        _(
            "“%(name)s” may be used through %(day)s; the reason says it has expired.",
            name=line.record.name,
            day=day(line.record.expiration_date),
        )
        for line in lines
        if usable_on(line.record.expiration_date, loss.happened_on)
    ]
