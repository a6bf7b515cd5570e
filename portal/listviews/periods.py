"""`From` and `To` above a list: the days of one of its dates, as people write them.

Every list has them that can be sorted by a date; one with several dates asks which is meant, too.
The rows come along the index of that date: while nobody chose another order, it is the list's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_

from portal import settings
from portal.access.scope import Scope
from portal.clock import begin_of
from portal.errors import Invalid
from portal.formats.periods import Period, parse_period
from portal.i18n import Label, _, _l
from portal.listviews.definition import RECENT, VIEWED, Column, Filter, ListDefinition

FROM, TO, BY = "from", "to", "date"
FIELDS = (FROM, TO, BY)


@dataclass(frozen=True)
class DaysAsked:
    """The rows of a stretch of days: of which date, the clauses, and what is wrong by field."""

    column: Column | None = None
    clauses: tuple[ColumnElement[bool], ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=256)
def fields_of(definition: ListDefinition) -> tuple[Filter, ...]:
    """The fields above the list: the stretch of days, then its own filters."""
    dated = definition.dated
    if not dated:
        return definition.filters
    private = any(column.personal for column in dated.values())

    def nothing(_scope: Scope, _text: str) -> tuple[()]:
        return ()

    labels: dict[str, Label] = {key: column.label for key, column in dated.items()}
    which = Filter(key=BY, label=_l("Date"), where=nothing, kind="choice", choices=lambda: labels)
    first = Filter(
        key=FROM,
        label=_l("From"),
        where=nothing,
        kind="date",
        usual=definition.since,
        private=private,
    )
    last = Filter(key=TO, label=_l("To"), where=nothing, kind="date", private=private)
    return (*((which,) if len(dated) > 1 else ()), first, last, *definition.filters)


def usual_sort(definition: ListDefinition, view: str, values: Mapping[str, str]) -> str:
    """The order of a list while nobody chose one: of a stretch of days by that date."""
    if view == RECENT:
        return f"-{VIEWED}"
    if not (values.get(FROM) or values.get(TO)):
        return definition.default_sort
    column = _chosen(definition, values)
    if column is None or column.key == definition.default_sort.removeprefix("-"):
        return definition.default_sort
    return f"-{column.key}"


def read_asked(definition: ListDefinition, scope: Scope, values: Mapping[str, str]) -> DaysAsked:
    """The rows that `From` and `To` leave."""
    column = _chosen(definition, values)
    if column is None:
        return DaysAsked()
    since = definition.since(scope) if definition.since and FROM not in values else ""
    refused: dict[str, str] = {}

    def read(key: str, text: str) -> Period | None:
        try:
            return parse_period(text, birthdays=column.personal) if text else None
        except Invalid as refusal:
            refused[key] = refusal.message
            return None

    first, last = read(FROM, values.get(FROM, since)), read(TO, values.get(TO, ""))
    if first and last and first.first > last.last:
        refused[TO] = _("This day is before the day in “From”. Change one of them.")
    clauses = of_days(column, zone_of(scope), first and first.first, last and last.last)
    return DaysAsked(column, clauses, refused)


def of_days(
    column: Column, zone: str, first: date | None, last: date | None
) -> tuple[ColumnElement[bool], ...]:
    """That the date is none before `first` and none after `last`, as days in the time zone."""
    value: Any = column.sorted_by
    clauses = []
    if column.kind == "moment":
        if first:
            clauses.append(value >= begin_of(first, zone))
        if last:
            clauses.append(value < begin_of(last + timedelta(days=1), zone))
    else:
        if first:
            clauses.append(value >= first)
        if last:
            clauses.append(value <= last)
    return tuple(clauses)


def on_days(column: Column, zone: str, period: Period) -> ColumnElement[bool]:
    """That the date is within the period."""
    return and_(*of_days(column, zone, period.first, period.last))


def zone_of(scope: Scope) -> str:
    """The time zone of the days that are asked for: the present location's, if there is one."""
    return scope.location.time_zone if scope.location else settings.current().time_zone


def _chosen(definition: ListDefinition, values: Mapping[str, str]) -> Column | None:
    dated = definition.dated
    return dated.get(values.get(BY, "")) or next(iter(dated.values()), None)
