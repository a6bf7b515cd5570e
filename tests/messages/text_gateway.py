"""A real HTTP server that speaks as text gateways do, and keeps what it was asked."""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from portal import messages
from portal.db import unit_of_work

SECRET = "s3cret-t0ken"
NUMBERS = [f"+1252555010{n}" for n in range(10)]
OWN = """
url = "http://127.0.0.1:{port}/send"
auth = "bearer"
format = "json"
{more}
[body]
to = "{{to}}"
text = "{{text}}"
id = "{{id}}"

[answer]
code = "error.code"
refused = ["BAD"]
stopped = ["STOP"]
account = ["WHO"]
later = ["BUSY"]
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body of a JSON request."""
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        """The body of a form."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class TextGateway:
    """`answer(request)` gives status, JSON and headers. It may wait, and it may `cut`: then the
    request was read, and the connection is closed without an answer."""

    port: int = field(default_factory=_free_port)
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], tuple[int, Any, dict[str, str]]] = lambda _asked: (201, {}, {})
    cut: Callable[[Asked], bool] = lambda _asked: False
    hang: threading.Event | None = None
    server: ThreadingHTTPServer | None = None

    def start(self) -> "TextGateway":
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self.command, self.path, dict(self.headers.items()), body)
                gateway.asked.append(asked)
                if gateway.hang is not None:
                    gateway.hang.wait(20)
                if gateway.cut(asked):
                    self.close_connection = True
                    return
                status, given, headers = gateway.answer(asked)
                content = given if isinstance(given, bytes) else json.dumps(given).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        if self.hang is not None:
            self.hang.set()
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def described(self, folder: Path, more: str = "") -> str:
        """A file that describes this gateway; the setting that names it."""
        (folder / "gateway.toml").write_text(OWN.format(port=self.port, more=more))
        return "gateway.toml"


def text(*numbers: str, **options: Any) -> None:
    with unit_of_work():
        for number in numbers:
            messages.queue("note", number, channel="sms", context={"name": "you"}, **options)
