"""Look-ups that are asked once in a unit of work; `portal.kept` says how long the answer counts."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeAlias, TypeVar, cast

from portal.db import session
from portal.kept import KEPT, Kept

P = ParamSpec("P")
R = TypeVar("R")
ById: TypeAlias = Callable[[frozenset[int]], dict[int, R]]


def remembered(*tables: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Ask a look-up once for the same arguments, until the unit writes to one of `tables`.

    For functions that read these tables and nothing else, whose arguments can be hashed, and whose
    answer nobody changes. What they raise is not remembered.
    """
    names = frozenset(tables)

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def ask(*args: P.args, **named: P.kwargs) -> R:
            unit = session()
            kept: Kept | None = unit.info.get(KEPT)
            if kept is None:
                return function(*args, **named)
            unit.flush()
            key = (function, args, tuple(sorted(named.items())) if named else ())
            found = kept.answers.get(key)
            if found is None:
                found = kept.answers[key] = (names, function(*args, **named))
            return cast(R, found[1])

        return ask

    return decorated


def remembered_each(*tables: str) -> Callable[[ById[R]], ById[R]]:
    """As `remembered`, for what is known of rows by their ids: of those that are asked for again,
    together with others, nothing is read again."""
    names = frozenset(tables)

    def decorated(function: ById[R]) -> ById[R]:
        @wraps(function)
        def ask(ids: frozenset[int]) -> dict[int, R]:
            unit = session()
            kept: Kept | None = unit.info.get(KEPT)
            if kept is None:
                return function(ids)
            unit.flush()
            new = frozenset(number for number in ids if (function, number) not in kept.answers)
            if new:
                found = function(new)
                for number in new:
                    kept.answers[function, number] = (names, found.get(number))
            answers = {number: cast(R | None, kept.answers[function, number][1]) for number in ids}
            return {number: answer for number, answer in answers.items() if answer is not None}

        return ask

    return decorated
