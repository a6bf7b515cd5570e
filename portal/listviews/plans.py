"""The statements that read a page of a whole list, with places for what a request asks for.

To put one together takes longer than a database needs to answer it. What does not depend on who
asks is made once and kept: for each list, order and direction, and for each kind of parts.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, select, union_all

from portal.listviews.definition import Clauses, ListDefinition, Part
from portal.searching.among import one_of_those

SORT_VALUE = "sort_value_"
RECORD = "record_"
MOST = bindparam("most_", type_=Integer())
KEPT = 512

# Of each part the names of its columns, and whether they are empty.
Shape = tuple[tuple[tuple[str, bool], ...], ...]


def shape_of(parts: Sequence[Part]) -> tuple[Shape, dict[str, Any]]:
    """What the statements for these parts depend on, and the values that they are given."""
    shape: list[tuple[tuple[str, bool], ...]] = []
    values: dict[str, Any] = {}
    for place, part in enumerate(parts):
        shape.append(tuple((column.key, value is None) for column, value in part.items()))
        values |= {
            _name(place, column.key): value for column, value in part.items() if value is not None
        }
    return tuple(shape), values


def order_by(value: Any, number: Any, descending: bool) -> tuple[Any, Any]:
    """The order of a list: rows with the same value by their ids."""
    return (value.desc(), number.desc()) if descending else (value.asc(), number.asc())


def page(
    definition: ListDefinition,
    key: Any,
    *,
    descending: bool,
    behind: bool,
    shape: Shape,
    own: Clauses,
    stretch: Clauses,
) -> Select[Any]:
    """The rows of a page along the index of `key`: the first of all, or those `behind` a row.

    own: what restricts the list for this user; stretch: the days that were asked for.
    Values: `most_`, `place_`, those of `shape_of`, and of the row `value_` and `number_`.
    """
    if own or stretch:
        return _page(definition, key, descending, behind, shape, own, stretch)
    return _kept_page(definition, key, descending, behind, shape)


def rows(definition: ListDefinition, key: Any, *, own: Clauses) -> Select[Any]:
    """The rows with the ids in `ids_`. Values: that and `place_`."""
    return _rows_by_id(definition, key, own) if own else _kept_rows(definition, key)


def total(
    definition: ListDefinition, shape: Shape, *, own: Clauses, stretch: Clauses
) -> Select[Any]:
    """The number of rows in all parts, at most `most_`. Values: that, `place_`, the parts'."""
    if own or stretch:
        return _total(definition, shape, own, stretch)
    return _kept_total(definition, shape)


def columns_of(definition: ListDefinition, key: Any) -> list[Any]:
    """What is read of each row."""
    shown = [column.attribute.label(column.key) for column in definition.columns]
    shown += [column.label(name) for name, column in definition.extra.items()]
    first = (definition.id.label("id"), key.label(SORT_VALUE))
    return [*first, *shown, definition.record_id.label(RECORD)]


@lru_cache(maxsize=KEPT)
def _kept_page(
    definition: ListDefinition, key: Any, descending: bool, behind: bool, shape: Shape
) -> Select[Any]:
    return _page(definition, key, descending, behind, shape, (), ())


@lru_cache(maxsize=KEPT)
def _kept_rows(definition: ListDefinition, key: Any) -> Select[Any]:
    return _rows_by_id(definition, key, ())


@lru_cache(maxsize=KEPT)
def _kept_total(definition: ListDefinition, shape: Shape) -> Select[Any]:
    return _total(definition, shape, (), ())


def _page(
    definition: ListDefinition,
    key: Any,
    descending: bool,
    behind: bool,
    shape: Shape,
    own: Clauses,
    stretch: Clauses,
) -> Select[Any]:
    number = definition.id
    order = order_by(key, number, descending)
    places: list[Clauses] = [()]
    if behind:
        # SQLite would walk through all rows of one value if it were asked for both at once.
        value, at = bindparam("value_", type_=key.type), bindparam("number_", type_=number.type)
        ties = (key == value, number < at if descending else number > at)
        places = [ties, (key < value if descending else key > value,)]
    found = [
        select(number.label("id"))
        .where(*_here(definition), *own, *stretch, *part, *place)
        .order_by(*order)
        .limit(MOST)
        for place in places
        for part in _parts(definition, shape)
    ]
    wanted = number.in_(_together(found))
    return _rows(definition, key, own).where(wanted).order_by(*order).limit(MOST)


def _rows_by_id(definition: ListDefinition, key: Any, own: Clauses) -> Select[Any]:
    return _rows(definition, key, own).where(one_of_those(definition.id, "ids_"))


def _rows(definition: ListDefinition, key: Any, own: Clauses) -> Select[Any]:
    query = select(*columns_of(definition, key)).select_from(definition.table)
    return query.where(*_here(definition, by_id=True), *own)


def _total(definition: ListDefinition, shape: Shape, own: Clauses, stretch: Clauses) -> Select[Any]:
    found = [
        select(definition.id.label("id"))
        .where(*_here(definition), *own, *stretch, *part)
        .limit(MOST)
        for part in _parts(definition, shape)
    ]
    all_of_them = found[0] if len(found) == 1 else _together(found).limit(MOST)
    return select(func.count()).select_from(all_of_them.subquery())


def _here(definition: ListDefinition, *, by_id: bool = False) -> Clauses:
    if definition.scope_column is None:
        return ()
    # As a sum the location has no index: SQLite would rather walk along one, for the order, than
    # fetch a page's rows by their ids.
    location: Any = definition.scope_column
    return ((location + 0 if by_id else location) == bindparam("place_", type_=Integer()),)


def _parts(definition: ListDefinition, shape: Shape) -> list[list[ColumnElement[bool]]]:
    return [
        [
            definition.table.c[name].is_(None)
            if empty
            else definition.table.c[name] == bindparam(_name(place, name))
            for name, empty in part
        ]
        for place, part in enumerate(shape or ((),))
    ]


def _name(place: int, column: str) -> str:
    return f"part_{place}_{column}"


def _together(found: Sequence[Select[Any]]) -> Any:
    """The rows of all, each with a limit of its own."""
    return found[0] if len(found) == 1 else union_all(*(select(one.subquery()) for one in found))
