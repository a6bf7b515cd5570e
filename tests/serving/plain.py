"""The portal's server with a small application of the tests' own, and limits of their choice.

python -m tests.serving.plain --port N [--secure] [--behind-proxy] [--count]
    [--workers N] [NAME=NUMBER ...]
"""

import argparse
import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from portal.server import Server, allow_files, say
from portal.serving import limits

LARGEST = 4 * 1024 * 1024
PIECE = b"0123456789abcdef" * 4096
GO = threading.Event()
AT_WORK = threading.Lock()

steps = 0
# How many work at this moment, and the most that ever did.
working, most = 0, 0


def count(frame: FrameType, event: str, _argument: object) -> Any:
    """Count the instructions of the main loop (a trace function)."""
    global steps  # noqa: PLW0603
    if "/portal/serving/" not in frame.f_code.co_filename:
        return None
    frame.f_trace_opcodes = True
    steps += event == "opcode"
    return count


def work() -> None:
    """Work for a while."""
    global working, most  # noqa: PLW0603
    with AT_WORK:
        working += 1
        most = max(most, working)
    time.sleep(0.05)
    with AT_WORK:
        working -= 1


def big(pieces: int) -> Iterator[bytes]:
    yield from (PIECE for _piece in range(pieces))


def late() -> Iterator[bytes]:
    yield from big(64)
    raise RuntimeError("Jane Doe")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """What is asked for by the path."""
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if path == "/raise":
        raise RuntimeError("Jane Doe")
    if path == "/bad-header":
        start_response("200 OK", [("X-Name", "Jane\nDoe")])
        return [b""]
    if path == "/wait":
        GO.wait(60)
    if path == "/go":
        GO.set()
    if path == "/work":
        work()
    if path == "/hold":
        Path(query).read_bytes()  # a pipe, until the other side closes it
    if path == "/unread" or int(environ.get("CONTENT_LENGTH") or 0) > LARGEST:
        body = b""
    else:
        body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/big":
        return big(int(query))
    if path == "/late":
        return late()
    if path == "/process":
        return [str(os.getpid()).encode()]
    if path == "/most":
        return [str(most).encode()]
    if path == "/steps":
        return [str(steps).encode()]
    return [f"{len(body)} {hashlib.sha256(body).hexdigest()}\n".encode()]


class Plain(Server):
    """The server without the portal."""

    options: argparse.Namespace

    def load(self) -> Callable[..., Any]:
        return application

    def _started(self, worker: Any) -> None:
        worker.prepare(
            largest=LARGEST,
            secure=self.options.secure,
            by_address=not self.behind_proxy,
            alone=self.workers == 1,
        )
        if self.options.count:
            sys.settrace(count)
        say("ready")

    def _stopping(self, _server: Any, _worker: Any) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--secure", action="store_true")
    parser.add_argument("--behind-proxy", action="store_true")
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("limits", nargs="*")
    options = parser.parse_args()
    for each in options.limits:
        name, _equals, number = each.partition("=")
        assert hasattr(limits, name), name
        setattr(limits, name, int(number))
    allow_files()
    Plain.options = options
    Plain(
        "127.0.0.1", options.port, behind_proxy=options.behind_proxy, workers=options.workers
    ).run()


if __name__ == "__main__":
    main()
