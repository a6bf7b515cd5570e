"""Reading one page of a list: two statements, whatever the number of rows.

Paging is by key: the page's ids are found on the index (location, sort column, id), then their
rows are fetched. SQLite would walk through all rows of one sort value if it were asked for
`(value, id) > (?, ?)`, so "behind this row" is asked in two parts: its ties, then the rest.
What is few (recently viewed, the hits of a search, a further view) is sorted here instead. Of
many, a page is looked for along the sort index; where that is far off, the database sorts them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    false,
    literal,
    or_,
    select,
    union_all,
)

from portal.access.scope import Scope
from portal.db import session
from portal.errors import Invalid
from portal.formats.periods import Period, periods_in
from portal.listviews import plans
from portal.listviews.counts import CAP, RowTotal, capped, counted, exact
from portal.listviews.definition import RECENT, VIEWED, Clauses, ListDefinition
from portal.listviews.models import RecentView
from portal.listviews.paging import END, ListState, largest_of, read_cursor, write_cursor
from portal.listviews.periods import DaysAsked, on_days, read_asked, zone_of
from portal.listviews.services import place_of
from portal.searching import hits
from portal.searching.among import one_of
from portal.searching.text import phrase_in, words

# How many rows are looked at along the sort index before the hits are sorted instead.
WALK = 6_000
# Up to this number the rows that filters leave are counted exactly.
COUNTED = 20_000

Pair = tuple[Any, int]


@dataclass(frozen=True)
class Listing:
    """One page: its rows (`id`, sort value, the columns by key, and the id of the record that a row
    represents), the number of all, where one can go; what was refused, by field."""

    state: ListState
    rows: Sequence[Row[Any]]
    count: RowTotal
    previous: ListState | None
    next: ListState | None
    refused: Mapping[str, str] = field(default_factory=dict)


def read_page(scope: Scope, definition: ListDefinition, state: ListState) -> Listing:
    """The page of the list that `state` asks for.

    A cursor that leads behind the last row gives the last page; one that leads before the first
    row, or cannot be read, gives the first.
    """
    source = Source(scope, definition, state)
    cursor = state.after or state.before
    if cursor not in ("", END) and source.position(cursor) is None:
        state = state.page()
    rows, more = source.page(state)
    if not rows and (state.after or state.before):
        state = state.page(before=END if state.after else "")
        rows, more = source.page(state)
    has_previous = more if state.before else bool(state.after)
    has_next = state.before not in ("", END) if state.before else more
    return Listing(
        state=state,
        rows=rows,
        count=source.count,
        previous=state.page(before=source.cursor(rows[0])) if rows and has_previous else None,
        next=state.page(after=source.cursor(rows[-1])) if rows and has_next else None,
        refused=source.refused,
    )


class Source:
    """The rows of a list in the view, order and search of a state, for one scope."""

    def __init__(self, scope: Scope, definition: ListDefinition, state: ListState) -> None:
        self.scope = scope
        self.definition = definition
        self.view = state.view
        self.words: tuple[str, ...] = ()
        # What a further view, or a phrase in the search, leaves of the list.
        self.narrowing = [
            clause
            for view in definition.views
            if view.key == state.view
            for clause in view.where(scope)
        ]
        self.refused: dict[str, str] = {}
        self.positions: dict[str, Pair | None] = {}
        # What a stretch of days leaves, where the list is sorted by just that date.
        self.range: Clauses = ()
        self.filtered = self._filter(state)
        self.days: list[tuple[Period, str]] = []
        if definition.search and state.q:
            phrases = definition.found_by_word(scope)
            phrase, rest = phrase_in(state.q, phrases)
            self.narrowing += phrases.get(phrase, ())
            if definition.dated:
                self.days, rest = periods_in(rest)
                self.narrowing += [self._on(*day) for day in self.days]
            self.words = words(rest)
        if state.key == VIEWED:
            self.sort: Any = RecentView.viewed_at
        else:
            self.sort = definition.sortable[state.key].sorted_by
        self.few: list[Pair] | None = None
        if self.view == RECENT:
            self.few = self._pairs(self._select(self.sort, definition.id))
        elif (self.words or self.narrowing) and not self.parts:
            self.few = self._found()

    def _filter(self, state: ListState) -> bool:
        """Narrow the list by its filters; whether any did. What a filter refuses leaves nothing."""
        values = dict(state.filters)
        clauses: list[ColumnElement[bool]] = []
        chosen: dict[str, str] = {}
        alone = [each for each in self.definition.filters if each.alone and values.get(each.key)]
        asked = DaysAsked() if alone else read_asked(self.definition, self.scope, values)
        self.refused |= asked.refused
        if asked.column is not None and asked.column.key == state.key:
            self.range = asked.clauses
        else:
            clauses += asked.clauses
        for each in alone or self.definition.filters:
            value = values.get(each.key)
            if value is None:
                value = each.usual(self.scope) if each.usual else ""
            if not value:
                continue
            chosen[each.key] = value
            try:
                clauses += each.where(self.scope, value)
            except Invalid as refusal:
                self.refused[each.key] = refusal.message
        if self.refused:
            self.range, clauses = (), [false()]
        self.narrowing += clauses
        parts = self.definition.parts
        whole = not self.refused and (self.range or not asked.clauses)
        found = parts(self.scope, chosen) if parts and whole else None
        self.parts, self.values = plans.shape_of(found or ())
        return bool(clauses or self.range)

    @cached_property
    def count(self) -> RowTotal:
        """The number of rows on all pages."""
        if self.few is not None:
            return RowTotal(len(self.few))
        if self.parts:
            query = plans.total(self.definition, self.parts, own=self._own(), stretch=self.range)
            found = session().scalar(query, self._values(most_=CAP + 1)) or 0
            return RowTotal(min(found, CAP), found > CAP)
        if self.filtered and not self.words:
            return capped(self._select(self.definition.id), most=COUNTED)
        if self.words or self.narrowing:
            return RowTotal(CAP, more=True)
        if self.definition.count == "counter":
            return counted(self.definition.table.name, self.scope.location_id)
        if self.definition.count == "capped":
            return capped(self._select(self.definition.id), most=COUNTED)
        return exact(self._select(self.definition.id))

    def page(self, state: ListState) -> tuple[list[Row[Any]], bool]:
        """The rows of a page, and whether there are more in the direction of reading."""
        limit = state.rows
        if state.before == END and not self.count.more:
            limit = (self.count.number - 1) % state.rows + 1
        cursor = state.after or state.before
        position = None if cursor in ("", END) else self.position(cursor)
        backwards = bool(state.before)
        descending = state.descending != backwards
        if self.few is not None:
            rows = self._of_few(position, descending, limit + 1)
        else:
            rows = self._walk(position, descending, limit + 1)
        more = len(rows) > limit
        rows = rows[:limit]
        return (rows[::-1] if backwards else rows), more

    def cursor(self, row: Row[Any]) -> str:
        """What leads on from `row`."""
        value = "" if self.definition.private else getattr(row, plans.SORT_VALUE)
        return write_cursor(value, row.id)

    def position(self, cursor: str) -> Pair | None:
        """Sort value and id of the row that `cursor` leads on from; None if it cannot be read."""
        if cursor not in self.positions:
            self.positions[cursor] = self._position(cursor)
        return self.positions[cursor]

    def _position(self, cursor: str) -> Pair | None:
        kind = str if self.definition.private else self.sort.type.python_type
        position = read_cursor(cursor, kind, largest=largest_of(self.sort.type))
        if position is None or not self.definition.private:
            return position
        value = session().scalar(self._select(self.sort).where(self.definition.id == position[1]))
        return None if value is None else (value, position[1])

    def _own(self) -> Clauses:
        """What restricts the list for this user beyond the location."""
        return () if self.definition.where is None else self.definition.where(self.scope)

    def _values(self, **more: Any) -> dict[str, Any]:
        """The values of the statements of `plans`."""
        if self.definition.scope_column is not None:
            more["place_"] = self.scope.location_id
        return {**self.values, **more}

    def _clauses(self, filtered: bool, narrowed: bool, by_id: bool) -> Clauses:
        definition = self.definition
        clauses = [] if by_id else list(self.range)
        by_id = by_id or bool(narrowed and self.days)
        if definition.scope_column is not None:
            # As a sum the location has no index: SQLite would rather walk along one, for the
            # order, than fetch a page's rows by their ids.
            location: Any = definition.scope_column
            clauses.append((location + 0 if by_id else location) == self.scope.location_id)
        clauses += self._own()
        if narrowed:
            clauses += self.narrowing
        if filtered and self.words:
            clauses.append(hits.contains(definition.table.c.search, self.words))
        return clauses

    def _select(
        self, *columns: Any, filtered: bool = True, narrowed: bool = True, by_id: bool = False
    ) -> Select[Any]:
        query = select(*columns).select_from(self.definition.table)
        if self.view == RECENT:
            query = query.join(RecentView, RecentView.record_id == self.definition.record_id).where(
                RecentView.user_id == self.scope.user.id,
                RecentView.location_id == place_of(self.scope),
                RecentView.subject == self.definition.subject,
            )
        return query.where(*self._clauses(filtered, narrowed, by_id))

    def _matches(self, *columns: Any) -> Select[Any]:
        """What the search and the narrowing leave, found by the index of the search."""
        if not self.words:
            return self._select(*columns)
        location = self.definition.scope_column
        return hits.only_hits(
            self._select(*columns, filtered=False),
            self.definition.id,
            self.definition.table.c.search,
            self.words,
            None if location is None else self.scope.location_id,
        )

    def _pairs(self, query: Select[Any]) -> list[Pair]:
        return [(value, number) for value, number in session().execute(query).all()]

    def _on(self, period: Period, typed: str) -> ColumnElement[bool]:
        """That one of the dates is within the period, or that a day is in the record as it was
        typed, in a name perhaps: ids by the index of each, because SQLite would not use two for an
        OR."""
        definition = self.definition
        here: Clauses = ()
        if definition.scope_column is not None:
            here = (definition.scope_column == self.scope.location_id,)
        zone = zone_of(self.scope)
        ids = [
            select(definition.id).where(*here, on_days(column, zone, period)).correlate(None)
            for column in definition.dated.values()
        ]
        if period.first != period.last:
            return cast("ColumnElement[bool]", definition.id.in_(union_all(*ids)))
        said = select(definition.id).where(*here).correlate(None)
        place = None if definition.scope_column is None else self.scope.location_id
        text = definition.table.c.search
        ids.append(hits.only_hits(said, definition.id, text, words(typed), place))
        found: ColumnElement[bool] = definition.id.in_(union_all(*ids))
        return found

    def _found(self) -> list[Pair] | None:
        """What the search and the narrowing leave; None if that is much."""
        if self.words and (self.narrowing or self.range):
            # A few rows that the narrowing leaves hold the words or not; there may be a million
            # others that hold them.
            narrow = self._select(self.definition.id, filtered=False).limit(CAP + 1)
            ids = list(session().scalars(narrow).all())
            if len(ids) <= CAP:
                some = self._select(self.sort, self.definition.id, by_id=True)
                return self._pairs(some.where(one_of(self.definition.id, ids))) if ids else []
        found = self._pairs(self._matches(self.sort, self.definition.id).limit(CAP + 1))
        return found if len(found) <= CAP else None

    def _of_few(self, position: Pair | None, descending: bool, limit: int) -> list[Row[Any]]:
        assert self.few is not None
        pairs = sorted(self.few, reverse=descending)
        if position is not None:
            pairs = [pair for pair in pairs if pair != position and (pair < position) == descending]
        return self._fetch([number for _value, number in pairs[:limit]])

    def _fetch(self, wanted: list[int]) -> list[Row[Any]]:
        """The rows with these ids, in this order."""
        if not wanted:
            return []  # SQLite would walk through the whole list to find none.
        if self.view == RECENT:
            columns = plans.columns_of(self.definition, self.sort)
            query = self._select(*columns, filtered=False, narrowed=False, by_id=True)
            found = session().execute(query.where(one_of(self.definition.id, wanted)))
        else:
            query = plans.rows(self.definition, self.sort, own=self._own())
            found = session().execute(query, self._values(ids_=wanted))
        rows = {row.id: row for row in found.all()}
        return [rows[number] for number in wanted if number in rows]

    def _walk(self, position: Pair | None, descending: bool, limit: int) -> list[Row[Any]]:
        if self.parts or not (self.words or self.narrowing):
            query = plans.page(
                self.definition,
                self.sort,
                descending=descending,
                behind=position is not None,
                shape=self.parts,
                own=self._own(),
                stretch=self.range,
            )
            values = self._values(most_=limit)
            if position is not None:
                values |= {"value_": position[0], "number_": position[1]}
            return list(session().execute(query, values).all())
        rows = self._walked(position, descending, limit)
        return rows if len(rows) == limit else self._sorted_matches(position, descending, limit)

    def _walked(self, position: Pair | None, descending: bool, limit: int) -> list[Row[Any]]:
        """The matches of a page, as far as the walk goes."""
        key, number = self.sort, self.definition.id
        if position is None:
            page: Any = self._part(descending, limit)
        else:
            value, at = literal(position[0], key.type), position[1]
            ties = (key == value, number < at if descending else number > at)
            rest = (key < value if descending else key > value,)
            page = union_all(
                select(self._part(descending, limit, *ties).subquery()),
                select(self._part(descending, limit, *rest).subquery()),
            )
        query = self._select(*plans.columns_of(self.definition, key), filtered=False, by_id=True)
        query = query.where(number.in_(page)).order_by(*plans.order_by(key, number, descending))
        return list(session().execute(query.limit(limit)).all())

    def _part(self, descending: bool, limit: int, *where: ColumnElement[bool]) -> Select[Any]:
        """The ids of the first matches in this direction."""
        wanted = list(self.narrowing)
        if self.words:
            wanted.append(hits.contains(self.definition.table.c.search, self.words))
        walked = (
            self._select(
                self.definition.id.label("id"),
                and_(*wanted).label("wanted"),
                filtered=False,
                narrowed=False,
            )
            .where(*where)
            .order_by(*plans.order_by(self.sort, self.definition.id, descending))
            .limit(WALK)
            .subquery()
        )
        # Taken as they come out of the subquery: to be told to sort them, it would read to the end.
        return select(walked.c.id).where(walked.c.wanted).limit(limit)

    def _sorted_matches(
        self, position: Pair | None, descending: bool, limit: int
    ) -> list[Row[Any]]:
        """The page, by sorting all matches: slow, and independent of where they are."""
        query = self._matches(self.sort.label("value"), self.definition.id.label("id"))
        found = query.cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
        value, number = found.c.value, found.c.id
        page = select(value, number)
        if position is not None:
            here, at = literal(position[0], self.sort.type), position[1]
            behind = value < here if descending else value > here
            tied = and_(value == here, number < at if descending else number > at)
            page = page.where(or_(behind, tied))
        page = page.order_by(*plans.order_by(value, number, descending)).limit(limit)
        return self._fetch([pair[1] for pair in self._pairs(page)])
