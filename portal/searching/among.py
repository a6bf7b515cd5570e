"""Asking for rows by many numbers at once.

`IN` has a place for each number: for two hundred of them the statement is written anew each time,
and takes longer to be sent and read than to be answered. Here they are one value.
"""

import json
from typing import Any

from sqlalchemy import Boolean, Text, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator


class _Numbers(TypeDecorator[Any]):
    """Whole numbers as one text: as PostgreSQL writes arrays, as JSON for SQLite."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        written = json.dumps(value)
        return f"{{{written[1:-1]}}}" if dialect.name == "postgresql" else written


class _OneOf(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True
    name = "one_of"

    def self_group(self, against: Any = None) -> Any:
        """Stands by itself: compared with 1, as SQLite is asked for truth, no index would help."""
        return self


@compiles(_OneOf)
def _in_json(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, numbers = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({numbers}))"  # noqa: S608 - compiled parts


@compiles(_OneOf, "postgresql")
def _any_of_array(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, numbers = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY (CAST({numbers} AS BIGINT[]))"


def one_of(column: Any, numbers: list[int]) -> Any:
    """That `column` holds one of these numbers."""
    return _OneOf(column, bindparam(None, numbers, type_=_Numbers(), unique=True))


def one_of_those(column: Any, name: str) -> Any:
    """That `column` holds one of the numbers that are given under `name`."""
    return _OneOf(column, bindparam(name, type_=_Numbers()))
