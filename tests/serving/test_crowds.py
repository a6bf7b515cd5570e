"""Whoever takes time, room or connections takes them from nobody else."""

import hashlib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from portal.serving import limits
from portal.serving.connection import Connection
from tests.serving.conftest import NEVER, OTHER, Answer, Served, rest_of
from tests.serving.plain import PIECE
from tests.serving.test_refused_requests import assert_last_resort

Serve = Callable[..., Served]

LARGE = b"x" * 300_000
BEGIN = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(
    LARGE
)
TOLD = f"{len(LARGE)} {hashlib.sha256(LARGE).hexdigest()}\n".encode()
BIG = 80


@contextmanager
def crowd(
    served: Served, count: int, begin: bytes = b"", source: str = "127.0.0.1"
) -> Iterator[list[socket.socket]]:
    """So many connections that send this and leave it at that."""
    with ExitStack() as stack:
        yield [stack.enter_context(served.client(begin, source)) for _client in range(count)]


def unchunked(answer: Answer) -> bytes:
    """The body of an answer in chunks."""
    whole, rest = b"", answer.body
    while (size := int(rest.partition(b"\r\n")[0], 16)) > 0:
        begin = rest.index(b"\r\n") + 2
        whole += rest[begin : begin + size]
        rest = rest[begin + size + 2 :]
    return whole


def until_closed(client: socket.socket, most: int) -> bytes:
    """What comes until the server breaks off, or until there are so many bytes."""
    got = b""
    with suppress(ConnectionResetError):
        while len(got) < most and (piece := client.recv(65536)):
            got += piece
    return got


def gone(client: socket.socket) -> bool:
    """Whether the server has closed the connection without a word."""
    client.settimeout(0.2)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def test_who_does_not_read_holds_no_thread_and_gets_all_in_the_end(serve: Serve) -> None:
    served = serve()
    ask = b"GET /big?%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % BIG
    with crowd(served, 2 * limits.THREADS, ask) as clients:
        assert served.ask("/").status == 200
        assert served.ask("/", body=LARGE).body.endswith(TOLD + b"\r\n0\r\n\r\n")
        for client in clients[:2]:
            assert unchunked(rest_of(client)) == PIECE * BIG


def test_who_takes_nothing_for_too_long_is_left(serve: Serve) -> None:
    """There is room for one unread answer only."""
    served = serve("SEND_SECONDS=1", "ANSWERS_BYTES=5000000")
    ask = b"GET /big?70 HTTP/1.1\r\nHost: x\r\n\r\n"
    with crowd(served, 1, ask) as (client,):
        assert client.recv(12) == b"HTTP/1.1 200"
        for _time in range(NEVER):
            with crowd(served, 1, ask) as (other,):
                got = until_closed(other, len(PIECE) * 70)
            if len(got) >= len(PIECE) * 70:
                return
            time.sleep(0.5)
    pytest.fail("it is still waited for")


def test_slow_bodies_hold_no_thread_and_are_taken_in_the_end(serve: Serve) -> None:
    served = serve()
    count = limits.LARGE_FROM_ONE_ADDRESS
    with crowd(served, count, BEGIN + LARGE[:100_000]) as clients:
        assert served.ask("/", source=OTHER, body=LARGE).status == 200
        assert served.ask("/").status == 200
        for client in clients:
            client.sendall(LARGE[100_000:])
        for client in clients:
            assert TOLD in rest_of(client).body


def test_one_address_sends_so_many_large_bodies_at_once_unless_it_is_a_proxy(serve: Serve) -> None:
    served = serve()
    with crowd(served, limits.LARGE_FROM_ONE_ADDRESS, BEGIN):
        answer = served.ask("/", body=LARGE)
        assert_last_resort(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
        assert served.ask("/", body=b"small").status == 200
        assert served.ask("/", source=OTHER, body=LARGE).status == 200
    assert served.ask("/", body=LARGE).status == 200
    behind = serve("--behind-proxy")
    with crowd(behind, limits.LARGE_FROM_ONE_ADDRESS + 8, BEGIN):
        assert behind.ask("/", body=LARGE).status == 200


def test_large_bodies_together_take_so_much_room(serve: Serve) -> None:
    served = serve("LARGE_BYTES=500000")
    with crowd(served, 1, BEGIN + LARGE[:250_000]) as (client,):
        assert_last_resort(served.ask("/", source=OTHER, body=LARGE), 503)
        assert served.ask("/", source=OTHER, body=LARGE[:200_000]).status == 200
        client.sendall(LARGE[250_000:])
        assert TOLD in rest_of(client).body
    assert served.ask("/", body=LARGE).status == 200, "room is given back"


def test_answers_together_take_so_much_room(serve: Serve) -> None:
    served = serve("ANSWERS_BYTES=5000000")
    ask = b"GET /big?%d HTTP/1.1\r\nHost: x\r\n\r\n"
    with crowd(served, 1, ask % 1_000) as (client,):
        time.sleep(0.5)
        assert len(until_closed(client, len(PIECE) * 1_000)) < len(PIECE) * 1_000
    for _time in range(3):
        answer = served.ask("/big?60")
        assert unchunked(answer) == PIECE * 60, "room is given back"


def test_who_waits_too_long_for_a_thread_is_told_to_come_again(serve: Serve) -> None:
    served = serve("WAIT_SECONDS=1")
    with crowd(served, limits.THREADS, b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n") as clients:
        for body in (b"", LARGE):
            answer = served.ask("/", source=OTHER, body=body)
            assert_last_resort(answer, 503)
            assert int(answer.headers["retry-after"]) > 0
        clients[0].close()
    served.process.kill()


def test_large_ones_leave_threads_for_others(serve: Serve) -> None:
    served = serve()
    wait = BEGIN.replace(b"POST /", b"POST /wait") + LARGE
    with crowd(served, limits.LARGE_FROM_ONE_ADDRESS, wait) as clients:
        assert served.ask("/").status == 200
        assert served.ask("/go").status == 200
        for client in clients:
            assert TOLD in rest_of(client).body


def test_one_address_has_so_many_connections_and_the_most_silent_makes_room(serve: Serve) -> None:
    served = serve("CONNECTIONS_FROM_ONE_ADDRESS=10")
    with crowd(served, 40) as clients, crowd(served, 3, source=OTHER) as others:
        assert served.ask("/").status == 200
        assert served.ask("/", source=OTHER).status == 200
        assert [gone(client) for client in clients[:30]] == [True] * 30
        assert not any(gone(client) for client in clients[-8:])
        assert not any(gone(other) for other in others)


def test_who_has_nothing_silent_left_is_told_to_come_again(serve: Serve) -> None:
    served = serve("CONNECTIONS_FROM_ONE_ADDRESS=10")
    half = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1234"
    with crowd(served, 10, half) as clients:
        assert served.ask("/", source=OTHER).status == 200, "all have been heard"
        assert_last_resort(served.ask("/"), 503)
        assert served.ask("/", source=OTHER).status == 200
        clients[0].sendall(b"56789")
        assert clients[0].recv(12) == b"HTTP/1.1 200"
        assert any(served.ask("/").status == 200 for _time in range(100))


def test_behind_a_proxy_its_address_has_no_limit_of_its_own(serve: Serve) -> None:
    served = serve("--behind-proxy", "CONNECTIONS_FROM_ONE_ADDRESS=10")
    with crowd(served, 40) as clients:
        assert served.ask("/").status == 200
        assert not any(gone(client) for client in clients[:3])


def test_at_the_last_connection_the_most_silent_of_all_makes_room(serve: Serve) -> None:
    served = serve("CONNECTIONS=30")
    with ExitStack() as stack:
        crowds = [
            stack.enter_context(crowd(served, 5, source=f"127.0.0.{number}"))
            for number in range(10, 22)
        ]
        assert served.ask("/", source=OTHER).status == 200
        assert served.ask("/", source=OTHER, body=LARGE).status == 200
        assert all(gone(client) for few in crowds[:5] for client in few)
        assert not any(gone(client) for client in crowds[-1])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::3", "2001:db8:1:2:ffff::4", True),
        ("2001:db8:1:2::3", "2001:db8:1:3::3", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
    ],
)
def test_one_address_is_a_network_of_ipv6(one: str, other: str, same: bool) -> None:
    with socket.socket() as client:
        made = [Connection(client, (peer, 1), None) for peer in (one, other)]
        assert (made[0].network == made[1].network) is same


def test_without_files_left_others_are_answered_all_the_same(serve: Serve) -> None:
    served = serve("FILES=40", "CONNECTIONS_FROM_ONE_ADDRESS=1000")
    with crowd(served, 200):
        for _time in range(5):
            assert served.ask("/", source=OTHER).status == 200
    assert served.ask("/", body=LARGE).status == 200


def test_idle_connections_cost_the_others_no_work(serve: Serve) -> None:
    served = serve("--count", "CONNECTIONS_FROM_ONE_ADDRESS=1000")

    def steps() -> int:
        return int(unchunked(served.ask("/steps")))

    def work() -> int:
        before = steps()
        for _time in range(40):
            assert served.ask("/").status == 200
        return steps() - before

    alone = work()
    with crowd(served, 400):
        served.ask("/")
        assert work() < 2 * alone


def test_an_answer_under_way_is_sent_to_the_end_when_the_server_stops(serve: Serve) -> None:
    served = serve()
    ask = b"GET /big?%d HTTP/1.1\r\nHost: x\r\n\r\n" % BIG
    with crowd(served, 1, ask) as (client,), crowd(served, 3):
        first = client.recv(1000)
        served.stop()
        answer = Answer(first + rest_of(client).raw)
        assert unchunked(answer) == PIECE * BIG
        assert served.process.wait(20) == 0


def test_nobody_outside_says_where_the_application_begins(serve: Serve) -> None:
    served = serve("--behind-proxy")
    with served.client(
        b"GET /raise HTTP/1.1\r\nHost: x\r\nSCRIPT_NAME: /raise\r\nConnection: close\r\n\r\n"
    ) as client:
        assert rest_of(client).status == 500
