"""Clients that send slowly, or not at all, keep nobody else out."""

import contextlib
import http.client
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.serving import limits
from portal.web.bounds import PUBLIC_BYTES
from tests.cli.test_run import Server

CLIENTS = 64
FORM = b"Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
SLOW = {
    "nothing": b"",
    "part of the first line": b"GET /sig",
    "headers without end": b"GET /sign-in HTTP/1.1\r\nHost: x\r\nX-A: b\r\n",
    "an empty line first": b"\r\n\r\nGET /sign-in HTTP/1.1\r\nHost: x\r\n",
    "a body that does not come": b"POST /sign-in HTTP/1.1\r\n"
    + FORM
    + b"Content-Length: 90\r\n\r\n",
    "a large body": b"POST /sign-in HTTP/1.1\r\n" + FORM + b"Content-Length: 900000\r\n\r\nusern",
    "chunks": b"POST /sign-in HTTP/1.1\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    "a last request": b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "two lengths": b"POST /sign-in HTTP/1.1\r\nContent-Length: 0\r\n"
    + FORM
    + b"Content-Length: 90\r\n\r\n",
}


@pytest.fixture(scope="module")
def server(
    checkout: Path, new_instance: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    own = tmp_path_factory.mktemp("slow") / "own"
    made = Server(checkout, Path(shutil.copytree(new_instance, own)))
    try:
        yield made.wait(100)
    finally:
        made.stop()


@contextlib.contextmanager
def slow_clients(port: int, begin: bytes) -> Iterator[list[socket.socket]]:
    """So many connections that send this and leave it at that, open."""
    with contextlib.ExitStack() as stack:
        made = []
        for _client in range(CLIENTS):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(begin)
            made.append(client)
        yield made


def drip(client: socket.socket, seconds: float) -> None:
    end = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        while time.monotonic() < end:
            client.sendall(b"x")
            time.sleep(0.1)


def closed_within(client: socket.socket, seconds: float) -> bool:
    end = time.monotonic() + seconds
    client.settimeout(0.5)
    while time.monotonic() < end:
        try:
            if not client.recv(4096):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def keep_nobody_out(server: Server) -> None:
    for kind, begin in SLOW.items():
        with slow_clients(server.port, begin):
            time.sleep(0.2)
            assert server.get("/healthz")[0] == 200, kind
            assert server.get("/readyz")[0] == 200, kind


@pytest.mark.slow("waits for slow clients")
def test_they_keep_nobody_out_and_are_dropped_even_if_they_drip(server: Server) -> None:
    """Whoever waits for them to be dropped gets no answer in time."""
    assert Server.PATIENCE < limits.ARRIVES_SECONDS
    assert Server.PATIENCE < CLIENTS / limits.THREADS * limits.LINGER_SECONDS
    kinds = [SLOW["nothing"], SLOW["headers without end"], SLOW["a large body"], SLOW["chunks"]]
    with contextlib.ExitStack() as stack:
        made = []
        for begin in kinds:
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.sendall(begin)
            made.append(client)
            if begin:
                threading.Thread(target=drip, args=(client, 40), daemon=True).start()
        end = time.monotonic() + limits.ARRIVES_SECONDS + 8
        keep_nobody_out(server)
        assert [closed_within(client, end - time.monotonic()) for client in made] == [True] * 4
    assert "Traceback" not in server.output.read_text()


def test_a_request_in_pieces_and_two_at_once_are_answered(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        for piece in (b"GET /heal", b"thz HTTP/1.1\r\nHost: x\r", b"\n", b"\r\n"):
            client.sendall(piece)
            time.sleep(0.1)
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        got = b""
        while got.count(b"ok\n") < 2:
            got += client.recv(4096)
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /he")
        got = b""
        while piece := client.recv(4096):
            got += piece
        assert got.count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize("size", [10, 60_000, 70_000, 1_500_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_of_every_size_arrive_whole(server: Server, size: int, chunked: bool) -> None:
    """The answer is that to a form without its token; a body cut short would not be read."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    body = b"username=" + b"x" * size
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for _round in range(2):
        connection.request(
            "POST",
            "/sign-in",
            body=iter([body[:7], body[7:]]) if chunked else body,
            headers=headers,
            encode_chunked=chunked,
        )
        answer = connection.getresponse()
        # Nobody has signed in, so much of it is all that is read.
        known = {413} if not chunked and size > PUBLIC_BYTES else {303, 400, 403, 422}
        assert answer.status in known, answer.status
        assert re.search("</html>", answer.read().decode())
    connection.close()
    assert "Traceback" not in server.output.read_text()


def test_whoever_expects_a_continue_gets_it(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(
            b"POST /sign-in HTTP/1.1\r\n"
            + FORM
            + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 100")
        client.sendall(b"a=bc")
        assert client.recv(4096).startswith(b"HTTP/1.1 4")
