"""Threads that begin in the same moment, for races within one process."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

Given = TypeVarTuple("Given")
Result = TypeVar("Result")


def at_once(
    function: Callable[[*Given], Result], calls: Iterable[tuple[*Given]], timeout: float = 60
) -> list[Result]:
    """What `function` returns for each of `calls`, in their order, all called in the same moment.

    An exception in one of them is raised here.
    """
    calls = list(calls)
    ready = threading.Barrier(len(calls), timeout=timeout)

    def call(*given: *Given) -> Result:
        ready.wait()
        return function(*given)

    with ThreadPoolExecutor(len(calls)) as pool:
        begun = [pool.submit(call, *given) for given in calls]
        return [each.result() for each in begun]
