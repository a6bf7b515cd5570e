"""Finding what a search means with the index that the database has for it.

On SQLite the index is an FTS5 table of trigrams (migrations/listing.py), on PostgreSQL a trigram
index that the planner uses by itself. Words of fewer than three characters have no trigram: for
them alone the rows of the location are read. docs/adr/0004-list-search-and-paging.md has the
measurements behind the numbers here.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    Join,
    Select,
    and_,
    column,
    inspect,
    literal_column,
    table,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from portal.db import db, is_sqlite
from portal.searching.text import pattern

SHORTEST_INDEXED = 3
# As in migrations/listing.py: a location as three characters of the private use area.
FIRST, BASE = 57_344, 6_400


class IndexFirst(Join):
    """A join whose left side SQLite has to read first.

    Left to itself it may ask the index again for every row of the location.
    """

    inherit_cache = True


@compiles(IndexFirst)
def _render(element: IndexFirst, compiler: SQLCompiler, **options: Any) -> str:
    options["asfrom"] = True
    left, right = (compiler.process(side, **options) for side in (element.left, element.right))
    assert element.onclause is not None
    condition = compiler.process(element.onclause, from_linter=options.get("from_linter"))
    return f"{left} CROSS JOIN {right} ON {condition}"


def contains(text: Any, words: tuple[str, ...]) -> ColumnElement[bool]:
    """That the column `text` contains every one of the folded words, as they are."""
    return and_(*(text.like(pattern(word), escape="\\") for word in words))


def only_hits(
    query: Select[Any], record_id: Any, text: Any, words: tuple[str, ...], location_id: int | None
) -> Select[Any]:
    """`query` with what makes it find the hits of a search, by the index where there is one.

    record_id and text: the id and the column `search` of the table that `query` selects from.
    """
    name = text.table.name
    indexed = tuple(word for word in words if len(word) >= SHORTEST_INDEXED)
    if not (is_sqlite() and indexed and has_index(db.engine, name)):
        return query.where(contains(text, words))
    index = table(f"{name}_search", column("rowid"))
    wanted = " AND ".join(f"search : {_quoted(word)}" for word in indexed)
    if location_id is not None:
        wanted += f" AND place : {_quoted(_place(location_id))}"
    query = query.select_from(IndexFirst(index, text.table, index.c.rowid == record_id)).where(
        literal_column(f'"{name}_search"').op("MATCH")(wanted)
    )
    rest = tuple(word for word in words if word not in indexed)
    return query.where(contains(text, rest)) if rest else query


def _quoted(word: str) -> str:
    """`word` as a string of FTS5's query language: no character in it is an operator."""
    return '"' + word.replace('"', '""') + '"'


def _place(location_id: int) -> str:
    return "".join(chr(FIRST + location_id // BASE**power % BASE) for power in (2, 1, 0))


@lru_cache(maxsize=64)
def has_index(engine: Engine, table_name: str) -> bool:
    """Whether `create_search` of migrations/listing.py was run for the table (on SQLite)."""
    return inspect(engine).has_table(f"{table_name}_search")
