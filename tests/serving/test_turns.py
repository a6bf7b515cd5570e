"""Requests take turns: few work at once, and who waits for something keeps nobody waiting."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.serving import limits
from portal.serving.turns import Turns
from tests.serving.conftest import Served

Serve = Callable[..., Served]


def test_the_next_begins_when_one_is_done_or_has_had_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "TURN_SECONDS", 5)
    turns = Turns(2)
    turns.begin("a", 100.0)
    assert turns.next_in(100.0) == 0
    turns.begin("b", 101.0)
    assert turns.next_in(102.0) == 3.0
    turns.end("b")
    assert turns.next_in(102.0) == 0
    turns.begin("c", 102.0)
    assert turns.next_in(104.0) == 1.0
    # What took its turn long ago waits for something.
    assert turns.next_in(105.0) == turns.next_in(200.0) == 0
    turns.begin("d", 105.0)
    assert turns.next_in(105.0) == 2.0
    turns.end("a")
    assert turns.next_in(105.0) == 2.0


@pytest.mark.parametrize("at_once", [1, 2, limits.THREADS])
def test_so_many_work_at_once(serve: Serve, at_once: int) -> None:
    """With as many as there are threads nobody takes turns: the count can tell."""
    served = serve(f"AT_ONCE={at_once}", "TURN_SECONDS=60")
    with ThreadPoolExecutor(16) as clients:
        assert {each.status for each in clients.map(served.ask, ["/work"] * 32)} == {200}
    assert served.ask("/most").body.split()[1] == str(at_once).encode()


def test_all_threads_may_wait_for_something(serve: Serve) -> None:
    served = serve("AT_ONCE=1")
    with ThreadPoolExecutor(limits.THREADS) as clients:
        waiting = [clients.submit(served.ask, "/wait") for _each in range(limits.THREADS - 1)]
        assert served.ask("/go").status == 200
        assert {each.result().status for each in waiting} == {200}
