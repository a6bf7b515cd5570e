"""An end to waiting: a server that drips bytes never runs into a socket's own time limit."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Line = Callable[[], socket.socket | None]


@contextmanager
def at_most(seconds: float, line: Line) -> Iterator[threading.Event]:
    """Cut the connection if the block takes longer, and say so by the event; `line` gives the
    socket that is in use at that moment."""
    cut = threading.Event()
    timer = threading.Timer(seconds, _cut, [line, cut])
    timer.daemon = True
    timer.start()
    try:
        yield cut
    finally:
        timer.cancel()


def _cut(line: Line, cut: threading.Event) -> None:
    cut.set()
    sock = line()
    if sock is not None:
        with suppress(OSError):
            # The plain socket's own method: TLS's would take its state from under the reader.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
