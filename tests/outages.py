"""Databases that go away while something happens, and what a proper answer to that is."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from portal.db import db
from portal.web.headers import HEADERS
from tests.client import Page

SENTENCES = (
    "Nothing was saved.",
    "Nothing was changed",
    "What you saved before is saved.",
    "does not know whether this was saved",
)


def check_proper(page: Page, *, htmx: bool) -> None:
    """Fail unless the answer says clearly what is the matter, with all that belongs to it."""
    assert page.status == 503
    assert int(page.headers["Retry-After"]) > 0
    assert page.headers["Cache-Control"] == "no-store"
    assert any(sentence in page.root.text for sentence in SENTENCES), page.root.text
    for name in ("X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy"):
        assert page.headers[name] == HEADERS[name]
    assert page.headers["Content-Security-Policy"]
    if htmx:
        assert page.headers["HX-Retarget"] == "#flash"
        assert page.headers["HX-Reswap"] == "innerHTML"
        assert "<html" not in page.html
    else:
        assert page.root.one("h1").text
        assert page.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


@dataclass
class Outage:
    """Goes off at the step `at` (a statement or a commit), and lasts."""

    at: int
    error: Callable[[], Exception]
    steps: int = 0
    seen: list[str] = field(default_factory=list)

    @property
    def down(self) -> bool:
        """Whether it has begun."""
        return self.steps >= self.at

    def step(self, what: str) -> None:
        """One more step; raises once it has begun."""
        self.steps += 1
        self.seen.append(what)
        if self.down:
            raise self.error()

    def raise_if_down(self) -> None:
        """Nothing works any more: nothing can be undone, and no connection be had."""
        if self.down:
            raise OperationalError("", None, Exception("connection refused"))


@contextmanager
def outage(app: Flask, at: int, error: Callable[[], Exception]) -> Iterator[Outage]:
    """The application's database goes away at the step `at`, for as long as this lasts."""
    made = Outage(at, error)
    with app.app_context():
        engine = db.engine
    listeners = {
        "before_cursor_execute": lambda _c, _cursor, text, *_rest: made.step(text),
        "commit": lambda _connection: made.step("COMMIT"),
        "rollback": lambda _connection: made.raise_if_down(),
        "checkout": lambda *_all: made.raise_if_down(),
    }
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield made
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)


class Forwarder:
    """A port that leads to PostgreSQL's socket, and can be cut: at once, or before the client's
    message number `cut_before` since then is passed on."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.messages = 0
        self.cut_before: int | None = None
        self.ends: list[socket.socket] = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.up = True
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Refuse connections, and end those there are."""
        with self.lock:
            self.up = False
            for end in self.ends:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self.ends.clear()

    def mend(self) -> None:
        """Lead on again."""
        with self.lock:
            self.up, self.cut_before, self.messages = True, None, 0

    def close(self) -> None:
        """End it."""
        self.cut()
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            with self.lock:
                if not self.up:
                    client.close()
                    server.close()
                    continue
                server.connect(self.target)
                self.ends += [client, server]
            for source, sink, counted in ((client, server, True), (server, client, False)):
                threading.Thread(
                    target=self._pass, args=(source, sink, counted), daemon=True
                ).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(1 << 16):
                if counted:
                    self.messages += 1
                    if self.cut_before is not None and self.messages >= self.cut_before:
                        self.cut()
                        break
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
