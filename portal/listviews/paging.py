"""The place in a list, and how the address says it.

`?view=all&sort=-date_shipped&q=text&rows=50&after=2021-03-01~17`: a cursor is the sort value and
the id of the row one goes on from. In a private list `search=4` represents the words of a search
that is kept on the server. Nothing in an address can be an error: what is unknown or
unreadable falls back to the usual.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.types import TypeEngine

from portal.formats.numbers import LARGEST_ID, record_number
from portal.listviews.definition import RECENT, VIEWED, ListDefinition
from portal.listviews.periods import fields_of, usual_sort
from portal.searching.text import typed

ROWS = 25
MORE_ROWS = 50
END = "end"
LONGEST_CURSOR = 400
LARGEST_SMALL, LARGEST_BIG = 2**15 - 1, 2**63 - 1


@dataclass(frozen=True)
class ListState:
    """What a list shows: view, sort key (a minus in front for descending), search, page.

    `kept` is the number under which a private list's search is kept, 0 for none. `filters` are the
    values of the filters by key, those that stay out of addresses included. `after` and `before`
    are cursors, at most one is set; `before="end"` is the last page.
    """

    view: str
    sort: str
    q: str = ""
    rows: int = ROWS
    after: str = ""
    before: str = ""
    kept: int = 0
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The key of the column it is sorted by."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the largest value comes first."""
        return self.sort.startswith("-")

    def sorted_by(self, key: str) -> "ListState":
        """The first page by `key`: ascending, or turned round if it is sorted by it already."""
        sort = f"-{key}" if self.sort == key else key
        return replace(self, sort=sort, after="", before="")

    def page(self, *, after: str = "", before: str = "") -> "ListState":
        """Another page of the same."""
        return replace(self, after=after, before=before)


def read_state(
    definition: ListDefinition, query: Mapping[str, str], *, default_view: str
) -> ListState:
    """The state that the arguments of an address ask for; the usual for what is no good."""
    view = query.get("view", "")
    if view not in definition.view_labels and not (view == RECENT and definition.subject):
        view = default_view
    sort = query.get("sort", "")
    open_filters = [
        (each.key, typed(query[each.key]))
        for each in fields_of(definition)
        if each.key in query and not each.private
    ]
    usual = usual_sort(definition, view, dict(open_filters))
    known = {*definition.sortable, VIEWED} if view == RECENT else set(definition.sortable)
    if sort.removeprefix("-") not in known:
        sort = usual
    before = query.get("before", "")[:LONGEST_CURSOR]
    after = "" if before or query.get("after") == END else query.get("after", "")
    return ListState(
        filters=tuple(open_filters),
        view=view,
        sort=sort,
        q=typed(query.get("q", "")) if definition.search and not definition.private else "",
        rows=MORE_ROWS if query.get("rows") == str(MORE_ROWS) else ROWS,
        after=after[:LONGEST_CURSOR],
        before=before,
    )


def address(definition: ListDefinition, state: ListState, **more: str) -> str:
    """The query string (with its question mark) that `read_state` turns into `state`."""
    usual = usual_sort(definition, state.view, dict(state.filters))
    values = {
        "view": state.view,
        "sort": "" if state.sort == usual else state.sort,
        "q": "" if state.kept else state.q,
        "search": str(state.kept or ""),
        "rows": "" if state.rows == ROWS else str(state.rows),
        "after": state.after,
        "before": state.before,
        **more,
    }
    given = {name: value for name, value in values.items() if value}
    return "?" + urlencode({**open_values(definition, state), **given}, safe="~:,")


def open_values(definition: ListDefinition, state: ListState) -> dict[str, str]:
    """The values of filters that an address says: also an empty one, of a filter that would hold
    its usual value without it."""
    chosen = dict(state.filters)
    return {
        each.key: chosen[each.key]
        for each in fields_of(definition)
        if each.key in chosen and not each.private and (chosen[each.key] or each.usual)
    }


def write_cursor(value: Any, record_id: int) -> str:
    """The cursor of the row with this sort value and id."""
    if isinstance(value, datetime):
        text = value.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")
    elif isinstance(value, date):
        text = value.isoformat()
    elif isinstance(value, bool):
        text = str(int(value))
    else:
        text = str(value)
    return f"{text}~{record_id}"


def read_cursor(text: str, kind: type, *, largest: int = LARGEST_ID) -> tuple[Any, int] | None:
    """Sort value and id of a cursor for a column of the Python type `kind`; None if it is bad.

    largest: the largest whole number that the column can hold, see `largest_of`.
    """
    value, _tilde, number = text.rpartition("~")
    record_id = record_number(number)
    if record_id is None:
        return None
    try:
        return _value(value, kind, largest), record_id
    except ValueError:
        return None


def largest_of(column: TypeEngine[Any]) -> int:
    """The largest whole number that a column of this type can hold on both databases."""
    if isinstance(column, SmallInteger):
        return LARGEST_SMALL
    return LARGEST_BIG if isinstance(column, BigInteger) else LARGEST_ID


def _value(text: str, kind: type, largest: int) -> Any:
    if issubclass(kind, datetime):
        return datetime.strptime(text, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    if issubclass(kind, date):
        return date.fromisoformat(text)
    if issubclass(kind, bool):
        return text == "1"
    if issubclass(kind, int):
        number = int(text)
        if abs(number) > largest:
            raise ValueError(text)
        return number
    if issubclass(kind, str):
        if "\0" in text:
            raise ValueError(text)
        return text
    raise ValueError(kind)
