"""Dates that may mean two days, in a file with the day first, and in the copy of its wrong rows.

In the copy the rows that show the order may have been corrected already, so the file as a whole
tells nothing any more. Each row's advice names the dates that were asked about; one that is still
the same is asked about again.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from portal.errors import Invalid
from portal.formats.dates import order_of, parse_date
from portal.i18n import _
from portal.sheets.limits import CELL_CHARACTERS

# No row has more columns of dates.
MOST = 20


def may_be_two_days(shown: str) -> str:
    """What is said of such a date in a file that has the day first."""
    return _asked(shown) + _(
        "Write all dates as MM/DD/YYYY, or with the month's name, for example 30-Jun-2021."
    )


def is_still_two_days(shown: str) -> str:
    """What is said of one that came back unchanged."""
    return _asked(shown) + _(
        "It is the same as before. Write it with the month's name, for example 30-Jun-2021."
    )


def _asked(shown: str) -> str:
    return _(
        "Some dates were written with the day first, so “%(date)s” may mean two days. ",
        date=shown,
    )


def days_asked(advice: object) -> frozenset[date]:
    """The days, month first, that the advice of a row asks about."""
    if not isinstance(advice, str) or "“" not in advice:
        return frozenset()
    pattern = re.escape(_asked("@").strip()).replace("@", "([^”]{1,100})")
    named = re.findall(pattern, advice[:CELL_CHARACTERS])[:MOST]
    return frozenset(day for text in named if (day := day_in_doubt(text)) is not None)


def day_in_doubt(cell: object) -> date | None:
    """The day of a date that may mean two, read with the month first; None for any other cell."""
    if order_of(cell) != "either":
        return None
    try:
        return parse_date(cell).day
    except Invalid:
        return None


def doubts_in(cells: Sequence[object]) -> list[tuple[int, object]]:
    """The places of all such dates in a row, and the cells."""
    return [(place, cell) for place, cell in enumerate(cells) if day_in_doubt(cell) is not None][
        :MOST
    ]


def still_asked(
    columns: Iterable[tuple[str, str]],
    positions: Mapping[str, int],
    cells: Sequence[object],
    asked: Mapping[str, frozenset[date]],
) -> frozenset[str]:
    """Which of the columns, by key and label, hold a date that is among those `asked` about by the
    label, or, without one, anywhere in a row."""
    nowhere = frozenset[date]()
    return frozenset(
        key
        for key, label in columns
        if (place := positions.get(key, len(cells))) < len(cells)
        and day_in_doubt(cells[place]) in asked.get("", nowhere) | asked.get(label, nowhere)
    )
