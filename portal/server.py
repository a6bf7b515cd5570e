"""The server: gunicorn with one worker of eight threads, and the scheduler inside it.

A thread is given to a request that has arrived, never to a client that is still sending: eight slow
connections would otherwise keep everybody out.

This file imports neither Flask nor SQLAlchemy nor the settings: the first process only watches the
worker, and stays small. The worker loads the application.
"""

import argparse
import os
import re
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData
from gunicorn.workers.gthread import ThreadWorker

if TYPE_CHECKING:
    from flask import Flask

THREADS = 8
START_SECONDS = 120
STOP_SECONDS = 8
CANNOT_START = 4

# A request must be here this long after its connection or its first byte; a long one may go on at
# BYTES_A_SECOND. An answer must be taken within SEND_SECONDS a piece.
ARRIVES_SECONDS = 20
BYTES_A_SECOND = 16 * 1024
SEND_SECONDS = 300
# Waited for without a thread: headers, and bodies up to this size (forms are far smaller). What is
# larger (files) is read by at most so many threads at once.
GATHERED_BYTES = 64 * 1024
LARGE_AT_ONCE = 3
LARGE_WAIT_SECONDS = 60
# For how long a client may go on sending after the last answer, lest it miss that.
LINGER_SECONDS = 2

HEADERS_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*(\d+)[ \t]*(?=\r\n)", re.IGNORECASE)
OPEN_ENDED = re.compile(rb"\r\n(?:transfer-encoding|expect)[ \t]*:", re.IGNORECASE)


class Arriving:
    """What has come of a request so far."""

    def __init__(self, begun: bytes) -> None:
        self.content = bytearray(begun)
        self.large = False
        self._needed: int | None = None
        self._searched = 0

    def add(self, piece: bytes) -> None:
        """More of it."""
        self.content += piece

    @property
    def hopeless(self) -> bool:
        """Whether the headers are longer than any browser's."""
        return self._needed is None and len(self.content) > GATHERED_BYTES

    @property
    def ready(self) -> bool:
        """Whether a thread may take it: it is whole, or `large`."""
        if self._needed is None:
            end = self.content.find(HEADERS_END, self._searched)
            self._searched = max(0, len(self.content) - len(HEADERS_END))
            if end < 0:
                return False
            self._needed = self._length(end + len(HEADERS_END))
        return self.large or len(self.content) >= self._needed

    def _length(self, body: int) -> int:
        headers = bytes(self.content[:body])
        lengths = [int(found[:18]) for found in LENGTH.findall(headers)]
        length = max(lengths, default=0)
        self.large = length > GATHERED_BYTES or OPEN_ENDED.search(headers) is not None
        return body + length


class Patience:
    """A connection as the parser reads it. Whoever sends too slowly is left.

    A request that was whole has nothing more to send: then `seconds` is 0.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.connection = connection
        self.ends = time.monotonic() + seconds

    def recv(self, size: int) -> bytes:
        """The next bytes. Raises `NoMoreData`, as gunicorn does for a client that left."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise NoMoreData
        self.connection.settimeout(min(left, ARRIVES_SECONDS))
        try:
            piece = self.connection.recv(size)
        except TimeoutError as error:
            raise NoMoreData from error
        finally:
            self.connection.settimeout(SEND_SECONDS)
        self.ends += len(piece) / BYTES_A_SECOND
        return piece


class PatientWorker(ThreadWorker):
    """gunicorn's threads behind a waiting room: the main loop reads until a request is here."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.large: set[Any] = set()
        self.large_waiting: deque[Any] = deque()

    def enqueue_req(self, conn: Any) -> None:
        """A connection is new, or has more to ask: wait for the request."""
        begun = conn.parser.unreader.take_buffered() if conn.parser else b""
        conn.arriving = Arriving(begun)
        conn.timeout = time.monotonic() + ARRIVES_SECONDS
        if conn.arriving.ready:
            self._admit(conn)
            return
        conn.sock.setblocking(False)
        self.pending_conns.append(conn)
        self.poller.register(
            conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn)
        )

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        """More of a request has come, or its end, or the client has gone."""
        piece = self._receive(client)
        conn.arriving.add(piece)
        if not piece or conn.arriving.hopeless:
            self._drop(conn)
        elif conn.arriving.ready:
            self.poller.unregister(client)
            self.pending_conns.remove(conn)
            self._admit(conn)

    def _admit(self, conn: Any) -> None:
        """Hand the request to a thread, or let it wait if it is one large one too many."""
        if conn.arriving.large:
            if len(self.large) >= LARGE_AT_ONCE:
                conn.timeout = time.monotonic() + LARGE_WAIT_SECONDS
                self.large_waiting.append(conn)
                return
            self.large.add(conn)
        conn.init()
        unreader = conn.parser.unreader
        unreader.unread(bytes(conn.arriving.content))
        unreader.sock = Patience(conn.sock, ARRIVES_SECONDS if conn.arriving.large else 0)
        conn.arriving = None
        super().enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """A thread is done with the request."""
        if conn in self.large:
            self.large.remove(conn)
            if self.large_waiting:
                self._admit(self.large_waiting.popleft())
        if fs.cancelled() or fs.exception() or not fs.result():
            self._part(conn)
        else:
            super().finish_request(conn, fs)

    def _part(self, conn: Any) -> None:
        """Close a connection once its client has, without anybody's waiting for that."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.nr_conns -= 1
            conn.close()
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + LINGER_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))

    def _drain(self, conn: Any, client: Any) -> None:
        if not self._receive(client):
            self._drop(conn)

    def _receive(self, client: Any) -> bytes:
        """What has come; nothing if the client has gone."""
        try:
            return bytes(client.recv(GATHERED_BYTES))
        except OSError:
            return b""

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Answer; a client that does not take its answer is left."""
        conn.sock.settimeout(SEND_SECONDS)
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError:
            return False

    def murder_pending(self) -> None:
        """Drop whoever took too long; when the server ends, also whoever asked nothing yet."""
        moment = time.monotonic()
        for conn in list(self.pending_conns):
            idle = conn.arriving is not None and not conn.arriving.content
            if conn.timeout <= moment or (idle and not self.alive):
                self._drop(conn)
        while self.large_waiting and self.large_waiting[0].timeout <= moment:
            self.nr_conns -= 1
            self.large_waiting.popleft().close()

    def _drop(self, conn: Any) -> None:
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        self.nr_conns -= 1
        conn.close()


class Answer(wsgi.Response):
    """gunicorn's answer without its name: nobody needs to know what runs here, and on a slow line
    each header is felt."""

    def default_headers(self) -> list[str]:
        """The status line and the headers of the connection."""
        lines: list[str] = super().default_headers()
        return [line for line in lines if not line.startswith("Server:")]


wsgi.Response = Answer


class Server(BaseApplication):
    """gunicorn, configured here alone: no file, no control socket, no log of who looked when."""

    def __init__(self, host: str, port: int, *, behind_proxy: bool) -> None:
        self.host = host
        self.port = port
        self.behind_proxy = behind_proxy
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options."""
        address = f"[{self.host}]" if ":" in self.host else self.host
        options: dict[str, Any] = {
            "bind": f"{address}:{self.port}",
            "worker_class": PatientWorker,
            "workers": 1,
            "threads": THREADS,
            "timeout": START_SECONDS,
            "graceful_timeout": STOP_SECONDS,
            "keepalive": 15,
            "control_socket_disable": True,
            "loglevel": "warning",
            "proc_name": "portal",
            "worker_tmp_dir": _memory_folder(),
            "forwarded_allow_ips": "*" if self.behind_proxy else "",
            "post_worker_init": self._started,
            "worker_exit": self._stopping,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> "Callable[..., Any]":
        """The application; loaded in the worker. Ends it with one sentence if that cannot be."""
        from portal.app import create_app
        from portal.module import ModuleError
        from portal.settings import SettingsError

        try:
            return create_app()
        except (ModuleError, SettingsError) as error:
            say(f"The portal cannot start. {error}")
            raise SystemExit(CANNOT_START) from error

    def _started(self, _worker: Any) -> None:
        """In the worker, when it can answer: start the scheduler and say where the portal is."""
        from portal import jobs
        from portal.people import setup

        app: Flask = self.callable
        settings = app.extensions["portal"].settings
        say(f"The portal is ready: {settings.base_url}")
        with app.app_context():
            code = setup.code()
        if code:
            say(f"It has no user yet. Open {settings.base_url}/setup with the code {code}")
        if settings.jobs == "inline":
            jobs.start(app)

    def _stopping(self, _server: Any, _worker: Any) -> None:
        """In the worker, before it ends: no new jobs, and nothing that is not written down."""
        from portal import jobs
        from portal.web import refusals

        jobs.stop()
        if self.callable is not None:
            refusals.write_now(self.callable)


def _memory_folder() -> str | None:
    """Where the worker's sign of life is kept: lest a slow disk look like a hung worker."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve the instance that the environment names until SIGTERM (see `portal/start.py`)."""
    parser = argparse.ArgumentParser(prog="portal.server", allow_abbrev=False)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--behind-proxy", action="store_true")
    options = parser.parse_args()
    os.umask(0o077)
    Server(options.host, options.port, behind_proxy=options.behind_proxy).run()


if __name__ == "__main__":
    main()
