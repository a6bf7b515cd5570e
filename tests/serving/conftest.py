"""A server of each test's own, quickly started, and clients of many addresses."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.source import ROOT

# Nobody waits so long; whoever does is never answered.
NEVER = 40
OTHER = "127.0.0.2"


@dataclass
class Answer:
    """What came back on a connection."""

    raw: bytes

    @property
    def status(self) -> int:
        assert self.raw.startswith(b"HTTP/1.1 "), self.raw[:200]
        return int(self.raw.split()[1])

    @property
    def headers(self) -> dict[str, str]:
        """By their names in small letters."""
        lines = self.raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines)
        return {name.lower(): value.strip() for name, _colon, value in pairs}

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]


@dataclass
class Served:
    """A running server."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @contextlib.contextmanager
    def client(self, begin: bytes = b"", source: str = "127.0.0.1") -> Iterator[socket.socket]:
        """A connection on which this was sent."""
        address = ("127.0.0.1", self.port)
        with socket.create_connection(address, NEVER, source_address=(source, 0)) as made:
            made.sendall(begin)
            yield made

    def ask(self, path: str, *, source: str = "127.0.0.1", body: bytes = b"") -> Answer:
        """Ask on a connection of its own."""
        begin = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with self.client(begin.encode() + body, source) as client:
            return rest_of(client)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)


def rest_of(client: socket.socket) -> Answer:
    """All that comes until the server closes."""
    raw = b""
    while piece := client.recv(65536):
        raw += piece
    return Answer(raw)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """`serve("WAIT_SECONDS=1", "--secure")` starts a server."""
    made: list[Served] = []

    def start(*options: str) -> Served:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = tmp_path / f"log-{port}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.serving.plain", "--port", str(port), *options],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        made.append(Served(port, process, log))
        end = time.monotonic() + NEVER
        workers = 2 if "--workers=2" in options else 1
        while log.read_bytes().count(b"ready") < workers:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        return made[-1]

    yield start
    for served in made:
        served.process.kill()
        served.process.wait()
        assert "Traceback" not in served.log.read_text()
