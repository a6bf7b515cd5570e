"""Requests take turns: few work at once, and who waits for something keeps nobody waiting."""

import os
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

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


def answered(client: HTTPConnection) -> tuple[str, bool]:
    """The process that answered, and whether it keeps the connection."""
    answer: HTTPResponse = client.getresponse()
    return answer.read().decode(), not answer.will_close


def test_nobody_waits_for_one_worker_while_another_is_free(serve: Serve, tmp_path: Path) -> None:
    served = serve("--workers=2", "TURN_SECONDS=60")
    at: dict[str, list[HTTPConnection]] = defaultdict(list)
    while max(map(len, at.values()), default=0) < 3:
        client = HTTPConnection("127.0.0.1", served.port)
        client.request("GET", "/process")
        at[answered(client)[0]].append(client)
    busy = max(at, key=lambda process: len(at[process]))
    held, second, third = at[busy][:3]
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    held.request("GET", f"/hold?{pipe}")
    with pipe.open("wb"):  # opened when the worker reads
        second.request("GET", "/process")
        third.request("GET", "/process")
        # Newcomers are left to the one that is free.
        found = {served.ask("/process").body.decode() for _each in range(8)}
        assert len(found) == 1
        assert busy not in found
    assert answered(held)[1]
    # The second has others behind it, and is asked to come again by the door.
    assert sorted([answered(second), answered(third)]) == [(busy, False), (busy, True)]


def test_workers_that_wait_for_something_let_newcomers_in(serve: Serve, tmp_path: Path) -> None:
    """Both have had their turn, and answer others beside."""
    served = serve("--workers=2", "TURN_SECONDS=1")
    with ExitStack() as held:
        for number in range(2):
            pipe = tmp_path / f"pipe-{number}"
            os.mkfifo(pipe)
            client = HTTPConnection("127.0.0.1", served.port)
            client.request("GET", f"/hold?{pipe}")
            held.enter_context(pipe.open("wb"))
        assert served.ask("/process").status == 200
