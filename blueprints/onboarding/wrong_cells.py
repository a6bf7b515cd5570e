"""Where in a file it stands what is wrong with a line."""

from collections.abc import Sequence
from typing import Any

from blueprints.onboarding.rules import Wrong
from portal.sheets.columns import BoundColumns, CellError, shown


def error_at(bound: BoundColumns, wrong: Wrong, cells: Sequence[Any]) -> CellError:
    """What is wrong, at its cell."""
    label = next((one.label for one in bound.columns if one.key == wrong.field), "")
    place = bound.positions.get(wrong.field or "")
    cell = cells[place] if place is not None and place < len(cells) else None
    return CellError(label, wrong.message, shown(cell), place)
