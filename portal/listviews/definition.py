"""What a list view is, as data: one `ListDefinition` a list, one call in the view (SPEC B1)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import Bundle, InstrumentedAttribute

from portal.access.scope import Scope
from portal.db import Base
from portal.i18n import Label

Kind = Literal["text", "date", "number", "moment", "status", "words"]
Tone = Literal["neutral", "info", "success", "warning", "danger"]
Clauses = Sequence[ColumnElement[bool]]
# Some rows of a list: columns of its model and their values, None for an empty one.
Part = Mapping[InstrumentedAttribute[Any], Any]

RECENT = "recent"
ALL = "all"
VIEWED = "viewed"


class DefinitionError(Exception):
    """The definition of a list cannot work; the message says why."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """A column of a list.

    key: its name in the address (`sort=-key`); label: its heading, exactly as in SPEC.md.
    attribute: a column of the list's model, or for a column that is only shown any expression, or a
    `Bundle` of several: its value is a tuple then.
    order: the column of the model that rows are sorted by in place of the one shown.
    labels, tone: text and colour of the values of a `status` column; of one of `words` the text
    alone. values: those that a search
    finds by their labels (`found_by_word`).
    personal: what is typed about it stays out of addresses, such as a date of birth.
    leads_to: the route of the record whose id the value is, and the right to see it: the words are
    a link then.
    What one can sort by is never NULL, sorted by code point (`portal.db.plain_text`), and in a
    long list has an index (scope column, it, id).
    """

    key: str
    label: Label
    attribute: InstrumentedAttribute[Any] | ColumnElement[Any] | Bundle[Any]
    kind: Kind = "text"
    sortable: bool = True
    order: InstrumentedAttribute[Any] | None = None
    labels: Callable[[Any], Label] = str
    tone: Callable[[Any], Tone] | None = None
    values: tuple[Any, ...] = ()
    personal: bool = False
    leads_to: tuple[str, str] | None = None

    @property
    def sorted_by(self) -> Any:
        """The column of the model that rows are sorted by."""
        return self.attribute if self.order is None else self.order

    @property
    def num(self) -> bool:
        """Whether the cells are figures, set to the right."""
        return self.kind == "number"

    @property
    def dated(self) -> bool:
        """Whether a list can be asked for a stretch of its days."""
        return self.kind in ("date", "moment") and self.sortable


@dataclass(frozen=True, kw_only=True, eq=False)
class ListView:
    """A further view beside `Recently Viewed` and `All …`: the rows for which `where` holds."""

    key: str
    label: Label
    where: Callable[[Scope], Clauses]


@dataclass(frozen=True, kw_only=True, eq=False)
class Filter:
    """A field above a list, beside the button `Search`, that leaves some of its rows.

    key: its name in the address. where: the clauses for what was chosen or typed; an `Invalid` is
    shown beside the field, and the list is empty then. choices: the values to choose from, with
    their labels, in place of a field to type in. `hidden` ones are set by links. usual: what it
    holds where the address says nothing.
    alone: where it holds something, the other filters do not count.
    private: what is typed is personal and stays out of addresses; the list is private, too.
    """

    key: str
    label: Label
    where: Callable[[Scope, str], Clauses]
    kind: Literal["text", "date", "choice", "hidden"] = "text"
    choices: Callable[[], Mapping[str, Label]] | None = None
    usual: Callable[[Scope], str] | None = None
    private: bool = False
    alone: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Ticks:
    """A box at each row, and a button for the rows that are ticked.

    endpoint: the route that gets their ids, as `tick=3&tick=4`; it says itself how many are too
    many. of: whether a row, with the columns by key, has a box.
    """

    label: Label
    endpoint: str
    capability: str
    of: Callable[[Any], bool] = bool


@dataclass(frozen=True, kw_only=True)
class Action:
    """A link button in the head of a list: `kind` as in components/link_button.html."""

    label: str
    href: str
    kind: str = "secondary"
    icon: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ListDefinition:
    """A list of one model's records at the present location.

    name: unique over all modules; the region's id is "<name>-list".
    endpoint: the list's own route, without arguments; record_endpoint: the route of one record,
    whose only argument is the record's id. None: rows lead nowhere.
    leads_to: the column with the id of the record that a row represents; None: the row is it.
    columns: the first one carries the link to the record.
    default_sort: a column's key, with a minus in front for descending.
    scope_column: the model's location column; None for lists that `where` restricts.
    where: what restricts the list for this user beyond the location.
    subject: the kind of record for `remember_view`; None: no `Recently Viewed`.
    search: whether the model has a `search` column (portal.searching.text).
    count: "counter" where the table has counting triggers (migrations/listing.py), "capped" where
    up to 20,000 rows are counted, else "exact".
    phrases: what a search may say instead of words that occur in the record, such as a status,
    and the rows each means.
    facts: further columns that are only in files that one takes away. A date among them that is
    sortable can be asked for, too.
    since: the day that the field `From` holds until somebody changes it.
    brief: keys of the columns that a phone shows beside the first; none: all.
    private: the values are personal and stay out of addresses: cursors hold ids alone, and what
    was searched for is kept on the server (`services.keep_words`).
    filters: fields above the list, in place of its search. `From` and `To` are there in every
    list with a date that it can be sorted by (portal.listviews.periods).
    parts: for values of the filters by key, disjoint parts that are just the rows that they leave,
    each said by the values of its columns: it comes sorted from one index (those columns, the sort
    column, id), however many rows there are. None where they leave few. Such rows are counted
    exactly up to 1,000.
    extra: further columns by name, not shown, that menu and ticks look at.
    menu: the links of the menu at the end of each row, asked once for the rows of a page.
    ticks: boxes at the rows, and what can be done with those that are ticked.
    """

    name: str
    title: Label
    all_label: Label
    model: type[Base]
    columns: tuple[Column, ...]
    default_sort: str
    endpoint: str
    record_endpoint: str | None
    capability: str
    scope_column: InstrumentedAttribute[int] | None
    subject: str | None = None
    search: bool = False
    count: Literal["counter", "capped", "exact"] = "exact"
    leads_to: InstrumentedAttribute[int] | None = None
    where: Callable[[Scope], Clauses] | None = None
    views: tuple[ListView, ...] = ()
    phrases: Callable[[Scope], Mapping[str, Clauses]] | None = None
    facts: tuple[Column, ...] = ()
    since: Callable[[Scope], str] | None = None
    brief: tuple[str, ...] = ()
    private: bool = False
    filters: tuple[Filter, ...] = ()
    parts: Callable[[Scope, Mapping[str, str]], Sequence[Part] | None] | None = None
    extra: Mapping[str, ColumnElement[Any] | InstrumentedAttribute[Any]] = field(
        default_factory=dict
    )
    menu: Callable[[Scope, Sequence[Any]], Sequence[Sequence[Action]]] | None = None
    ticks: Ticks | None = None
    empty_title: Label = ""
    empty_text: Label = ""

    def __post_init__(self) -> None:
        """Refuse what cannot work. Raises `DefinitionError`."""
        keys = [column.key for column in (*self.columns, *self.facts)]
        if not self.columns or len(keys) != len(set(keys)) or VIEWED in keys:
            raise DefinitionError(f"{self.name}: columns need keys of their own.")
        if self.default_sort.removeprefix("-") not in self.sortable:
            raise DefinitionError(f"{self.name}: default_sort names no sortable column.")
        mapped = self.table.columns
        for column in self.sortable.values():
            attribute = column.sorted_by
            name = getattr(attribute, "key", None)
            if not isinstance(attribute, InstrumentedAttribute) or name not in mapped:
                raise DefinitionError(f"{self.name}: {column.key} is no column of the model.")
            if mapped[name].nullable:
                raise DefinitionError(f"{self.name}: {column.key} may be NULL: no sorting by it.")
        if self.search and "search" not in mapped:
            raise DefinitionError(f"{self.name}: the model has no column `search`.")
        if not set(self.brief) <= set(keys):
            raise DefinitionError(f"{self.name}: brief names no column.")
        if self.filters and self.search:
            raise DefinitionError(f"{self.name}: filters take the place of the search.")
        if not self.private and any(each.private for each in self.filters):
            raise DefinitionError(f"{self.name}: private filters need a private list.")
        if self.count == "counter" and self.where is not None:
            raise DefinitionError(f"{self.name}: a counter cannot follow `where`.")

    @cached_property
    def table(self) -> Any:
        """The model's table."""
        return self.model.__table__

    @cached_property
    def id(self) -> Any:
        """The model's primary key, one whole number."""
        return self.model.id  # type: ignore[attr-defined]

    @cached_property
    def record_id(self) -> Any:
        """The id of the record that a row represents."""
        return self.id if self.leads_to is None else self.leads_to

    @cached_property
    def sortable(self) -> dict[str, Column]:
        """The columns one can sort by, by key; dates that are not shown among them."""
        shown = {column.key: column for column in self.columns if column.sortable}
        return shown | {column.key: column for column in self.facts if column.dated}

    @cached_property
    def dated(self) -> dict[str, Column]:
        """The dates that one can ask for a stretch of, by key: the one it is sorted by first."""
        usual = self.default_sort.removeprefix("-")
        found = [column for column in self.sortable.values() if column.dated]
        return {each.key: each for each in sorted(found, key=lambda each: each.key != usual)}

    @cached_property
    def whole(self) -> "ListDefinition":
        """The list with everything that is in its files as a column."""
        return replace(self, columns=(*self.columns, *self.facts), facts=()) if self.facts else self

    def found_by_word(self, scope: Scope) -> dict[str, Clauses]:
        """What a search may say instead of words that occur in the record, and the rows meant."""
        found: dict[str, list[Any]] = {}
        for column in self.columns:
            for value in column.values:
                found.setdefault(str(column.labels(value)), []).append(column.attribute == value)
        known: dict[str, Clauses] = {word: (or_(*clauses),) for word, clauses in found.items()}
        return known | dict(self.phrases(scope) if self.phrases else {})

    @property
    def region(self) -> str:
        """The id of the element that holds the list."""
        return f"{self.name}-list"

    @cached_property
    def view_labels(self) -> dict[str, Label]:
        """The views between which the user chooses, besides `Recently Viewed`, with their names."""
        return {ALL: self.all_label, **{view.key: view.label for view in self.views}}
