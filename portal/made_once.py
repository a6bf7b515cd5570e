"""Statements in the words of the present database, made once for each."""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import ParamSpec, TypeVar

from portal.db import is_sqlite

P = ParamSpec("P")
T = TypeVar("T")


def made_once(make: Callable[P, T]) -> Callable[P, T]:
    """Make a statement that `portal.db.insert` begins once for each database, and for the same
    arguments, which can be hashed. What is the same on both is a constant of its module instead."""
    made: dict[Hashable, T] = {}

    @wraps(make)
    def ask(*args: P.args, **named: P.kwargs) -> T:
        key = (is_sqlite(), args, tuple(named.items()))
        if key not in made:
            made[key] = make(*args, **named)
        return made[key]

    return ask
