"""The block above a table, such as who prepared the file: labels, each with its value beside it."""

from collections.abc import Iterable
from typing import Any

from portal.errors import Invalid
from portal.i18n import _
from portal.sheets.columns import SheetColumn, fold, names_of
from portal.sheets.errors import too_long, unreadable
from portal.sheets.limits import CELL_CHARACTERS
from portal.sheets.table import Cell, Row, UnreadableCell


def read_preamble(
    fields: Iterable[SheetColumn], above: Iterable[Row]
) -> tuple[dict[str, Any], list[str]]:
    """The values of `fields` by key (None where blank), and a sentence for all that is wrong.

    A label is recognised like a column's name, anywhere above the header; its value is the next
    filled cell of that row, unless that is a label. A key whose value is wrong is absent.
    """
    fields = tuple(fields)
    cells = _found(names_of(fields), above)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in fields:
        cell = cells.get(field.key)
        if cell is None:
            if field.required:
                problems.append(
                    _("%(label)s is blank above the table. Fill it in.", label=field.label)
                )
            else:
                values[field.key] = None
            continue
        if isinstance(cell, str) and len(cell) > CELL_CHARACTERS:
            problems.append(f"{field.label}: {too_long()}")
            continue
        try:
            if isinstance(cell, UnreadableCell):
                raise Invalid(unreadable(cell))
            values[field.key] = field.parse(cell)
        except Invalid as refusal:
            problems.append(f"{field.label}: {refusal.message}")
    return values, problems


def _found(names: dict[str, SheetColumn], above: Iterable[Row]) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for _number, cells in above:
        label: SheetColumn | None = None
        for cell in cells:
            if cell is None or (isinstance(cell, str) and not cell.strip()):
                continue
            known = names.get(fold(cell)) if isinstance(cell, str) else None
            if known is None and label is not None:
                found.setdefault(label.key, cell)
            label = known
    return found
