"""The application with the coolers module installed, and the servers of its two channels."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine

from tests import databases
from tests.client import Browser
from tests.messages.conftest import MailServer, free_port, mail_server
from tests.personas import Personas

FOLDER = Path(__file__).parent
__all__ = ["mail_server"]


class PagerService:
    """An HTTP server that keeps what it was given; `status(body)` is its answer."""

    def __init__(self) -> None:
        self.port = free_port()
        self.pages: list[dict[str, str]] = []
        self.status: Callable[[dict[str, str]], int] = lambda _body: 200
        self.server: ThreadingHTTPServer | None = None

    def start(self) -> "PagerService":
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = service.status(body)
                if status == 200:
                    service.pages.append(body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


@pytest.fixture
def pager() -> Iterator[PagerService]:
    """A pager service that is not started yet."""
    made = PagerService()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def installed() -> Iterator[None]:
    """The package is where pip would have put it."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def template_database(
    template_database: str, installed: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The template with the module's table."""
    from clinic_coolers.models import Cooler

    with databases.copied(template_database, tmp_path_factory.mktemp("template-coolers")) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            Cooler.__table__.create(connection)  # type: ignore[attr-defined]
        engine.dispose()
        yield url


@pytest.fixture(scope="module")
def lent(template_database: str) -> Iterator[databases.Lent | None]:
    """The PostgreSQL database that goes from test to test."""
    with databases.lending(template_database) as one:
        yield one


@pytest.fixture
def own_settings(mail_server: MailServer, pager: PagerService) -> dict[str, Any]:  # noqa: F811
    """The application sends to both servers."""
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": mail_server.port,
        "smtp_security": "none",
        "mail_per_minute": 0,
        "modules": {"coolers": {"pager_address": f"127.0.0.1:{pager.port}", "remind_days": 3}},
    }


@pytest.fixture
def manager(app: Flask) -> Browser:
    """The manager of location A."""
    with app.app_context():
        return Browser(app, Personas.load()).sign_in("manager_a")
