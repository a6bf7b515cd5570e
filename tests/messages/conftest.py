"""A real mail server with a script, an application that uses it, and a test kind of message."""

import asyncio
import socket
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy import Engine

from portal.app import create_app
from portal.db import db
from portal.messages import claims
from portal.module import MessageKind, Module
from portal.settings import load_settings
from tests.messages.text_gateway import SECRET, TextGateway

TEMPLATES = {
    "test/messages/test.html": """
{% block subject %}News for {{ name }}
 about {{ what|default('nothing') }}{% endblock %}
{% block text %}Hello {{ name }}{% endblock %}
{% block html %}<p>Hello {{ name }}</p>{% endblock %}
""",
    "test/messages/link.html": """
{% block subject %}Your link{% endblock %}
{% block text %}
{{ url('static_test') }}?token={{ token }} {{ at|moment }} {{ on|day }}
{% endblock %}
{% block html %}<a href="{{ url('static_test') }}?token={{ token }}">{{ name }}</a>{% endblock %}
""",
    "test/messages/note.html": """
{% block subject %}A note{% endblock %}
{% block text %}Hello {{ name }}{% endblock %}
{% block html %}<p>Hello {{ name }}</p>{% endblock %}
{% block sms %}Hello {{ name }}
  {{ token|default('') }}{% endblock %}
""",
}
module = Module(
    name="test",
    title="Test",
    messages=(
        MessageKind("test"),
        MessageKind("link"),
        MessageKind("note", channels=("email", "sms")),
    ),
)


@dataclass
class MailServer:
    """An SMTP server and what it was given; `answer(email, address)` gives its replies to DATA."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    refuse: Callable[[str], str] = lambda address: ""
    answer: Callable[[EmailMessage], str] = lambda email: ""
    reset: Callable[[EmailMessage], bool] = lambda email: False
    delay: float = 0.0
    logins: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0
    controller: Controller | None = None

    async def handle_RCPT(
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.refuse(address)
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:
        assert envelope.content is not None
        email = message_from_bytes(bytes(envelope.content), policy=policy.default)
        if self.reset(email):
            server.transport.abort()
            return "250 never heard"
        if self.delay:
            await asyncio.sleep(self.delay)
        reply = self.answer(email)
        if reply:
            return reply
        email["X-Sender"] = envelope.mail_from
        email["X-Recipient"] = ",".join(envelope.rcpt_tos)
        self.mails.append(email)
        self.times.append(time.time())
        return "250 OK"

    async def handle_EHLO(
        self, server: Server, session: Session, envelope: Envelope, hostname: str, responses: Any
    ) -> Any:
        self.connections += 1
        session.host_name = hostname
        return responses

    def check(self, _server: Server, _session: Any, _env: Any, mechanism: str, data: Any) -> Any:
        assert isinstance(data, LoginPassword)
        pair = (data.login.decode(), data.password.decode())
        self.logins.append(pair)
        return AuthResult(success=pair == ("portal", "s3cret-word"), handled=False)

    @property
    def repeats(self) -> Counter[str]:
        """How often each Message-ID came."""
        return Counter(str(email["Message-ID"]) for email in self.mails)

    def start(self, **options: Any) -> "MailServer":
        if options.get("auth_required"):
            options["authenticator"] = self.check
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)
        self.controller.start()
        return self

    def stop(self) -> None:
        if self.controller is not None:
            self.controller.stop()
            self.controller = None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A server that is not started yet."""
    made = MailServer(free_port())
    yield made
    made.stop()


@pytest.fixture
def mailing(
    app: Flask, mail_server: MailServer, statements: Callable[[Engine], None]
) -> Iterator[Callable[..., Flask]]:
    """`mailing(*modules, **settings)`: the application, sending to the mail server."""
    made: list[Flask] = []
    before = app.extensions["portal"].settings

    def build(*modules: Module, **overrides: Any) -> Flask:
        values: dict[str, Any] = {
            "smtp_host": "127.0.0.1",
            "smtp_port": mail_server.port,
            "smtp_security": "none",
            "mail_per_minute": 0,
            "base_url": "https://vaccines.example.org",
            "mail_from": "The Portal <portal@example.org>",
            **overrides,
        }
        one = create_app(
            load_settings(before.instance, database_url=before.database_url, jobs="off", **values),
            extra_modules=[module, *modules],
        )
        one.testing = True
        one.add_url_rule("/test", endpoint="static_test", view_func=lambda: "")
        one.jinja_env.loader = ChoiceLoader([DictLoader(TEMPLATES), one.jinja_env.loader])  # type: ignore[list-item]
        with one.app_context():
            statements(db.engine)
        made.append(one)
        return one

    yield build
    for one in made:
        with one.app_context():
            db.engine.dispose()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time limit over two seconds."""
    from portal.messages import smtp

    monkeypatch.setattr(smtp, "SOCKET_SECONDS", 1.0)
    monkeypatch.setattr(smtp, "WHOLE_SECONDS", 2.0)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for `localhost` and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(made)),
        ],
        check=True,
        capture_output=True,
    )
    return made, key


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


class Dripping:
    """A server that answers one byte at a time, for ever."""

    def __init__(self, greeting: bytes, then: bytes, pause: float) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.greeting, self.then, self.pause = greeting, then, pause
        self.ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while not self.ended.is_set():
            try:
                peer, _address = self.socket.accept()
            except OSError:
                return
            try:
                peer.sendall(self.greeting)
                while not self.ended.wait(self.pause):
                    peer.sendall(self.then)
            except OSError:
                continue

    def stop(self) -> None:
        self.ended.set()
        self.socket.close()


@pytest.fixture
def gateway() -> Iterator[TextGateway]:
    """A gateway that is not started yet."""
    made = TextGateway()
    yield made
    made.stop()


@pytest.fixture
def texting(
    mailing: Callable[..., Flask], gateway: TextGateway, app: Flask
) -> Callable[..., Flask]:
    """`texting(**settings)`: the application, sending texts to the gateway."""

    def build(more: str = "", **overrides: Any) -> Flask:
        folder = app.extensions["portal"].settings.instance
        values = {"text_secret": SECRET, "text_from": "+12525550199", "text_per_minute": 0}
        values["text_gateway"] = gateway.described(folder, more)
        return mailing(**{**values, **overrides})

    return build


__all__ = ["Dripping", "MailServer", "claims"]
