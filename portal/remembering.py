"""Look-ups that are asked once in a unit of work; `portal.kept` says how long the answer counts."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from portal.db import session
from portal.kept import KEPT, Kept

P = ParamSpec("P")
R = TypeVar("R")


def remembered(*tables: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Ask a look-up once for the same arguments, until the unit writes to one of `tables`.

    For functions that read these tables and nothing else, whose arguments can be hashed, and whose
    answer nobody changes. What they raise is not remembered.
    """
    names = frozenset(tables)

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def ask(*args: P.args, **named: P.kwargs) -> R:
            kept: Kept | None = session().info.get(KEPT)
            if kept is None:
                return function(*args, **named)
            session().flush()
            key = (function, args, tuple(sorted(named.items())))
            if key not in kept.answers:
                kept.answers[key] = (names, function(*args, **named))
            return cast(R, kept.answers[key][1])

        return ask

    return decorated
