"""Real Chromium against a live server.

`visit("manager_a")` gives a page of a signed-in browser on the test's application, which runs in a
thread of this process. `clinic` is a practice instance behind the real server, for tests that only
look at pages; `look(clinic, "manager.a")` gives a page of it.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    StorageState,
    expect,
    sync_playwright,
)
from werkzeug.serving import make_server

from portal import practice
from portal.settings import load_settings
from tests.browser.serving import serving
from tests.client import Browser
from tests.messages.conftest import MailServer, free_port
from tests.personas import PASSPHRASE, Personas

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.slow("a browser starts"))


Visit = Callable[..., Page]
Look = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One Chromium for the whole run."""
    found = next(
        filter(
            None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))
        ),
        None,
    )
    assert found, "Chromium is not installed."
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield started
        started.close()


@dataclass
class Watch:
    """Opens browsers and notes whatever no page may do: errors of scripts and of the server,
    messages on the console (a breach of the content policy is one), requests to elsewhere."""

    chromium: Chromium
    origin: str
    contexts: list[BrowserContext] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def context(self, *, script: bool = True, cut: bool = False, **options: Any) -> BrowserContext:
        """A fresh browser profile under watch; of one whose network will be `cut` it is no fault
        what the console says or a server in between answers."""
        made = self.chromium.new_context(
            base_url=self.origin, java_script_enabled=script, **options
        )
        made.set_default_timeout(PATIENCE)
        if not cut:
            made.on("console", self._said)
            made.on("response", self._answered)
        made.on("request", self._asked)
        made.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        self.contexts.append(made)
        return made

    def _said(self, message: ConsoleMessage) -> None:
        # Chromium reports every refused form (422) and missing page (404) as an error of its own.
        refused = "Failed to load resource: the server responded with a status of 4"
        if message.type in {"error", "warning"} and not message.text.startswith(refused):
            self.faults.append(f"console: {message.text} ({message.page and message.page.url})")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:", "about:")):
            self.faults.append(f"asked elsewhere: {request.url}")

    def _answered(self, answer: Response) -> None:
        if answer.status >= 500:
            self.faults.append(f"{answer.status}: {answer.url}")

    def close(self) -> None:
        """End the browsers; fail if there was a fault."""
        for context in self.contexts:
            context.close()
        assert self.faults == []


@pytest.fixture
def live(app: Flask) -> Iterator[str]:
    """The address of a server that runs the test's application."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visit(app: Flask, personas: Personas, live: str, chromium: Chromium) -> Iterator[Visit]:
    """`visit("manager_a", script=False)`: a page of a fresh browser, signed in as that persona
    (None: nobody). What no page may do fails the test."""
    watch = Watch(chromium, live)

    def open_page(who: str | None = None, *, script: bool = True, **options: Any) -> Page:
        context = watch.context(script=script, **options)
        if who is not None:
            client = Browser(app, personas).sign_in(who).client
            name = app.config["SESSION_COOKIE_NAME"]
            cookie = client.get_cookie(name)
            assert cookie is not None
            context.add_cookies([{"name": name, "value": cookie.value, "url": live}])
        return context.new_page()

    yield open_page
    watch.close()


@pytest.fixture
def post_office() -> Iterator[MailServer]:
    """A mail server that takes everything."""
    server = MailServer(free_port()).start()
    yield server
    server.stop()


@pytest.fixture
def installation(
    database_url: str, keys_folder: Path, tmp_path: Path, post_office: MailServer
) -> Iterator[str]:
    """The address of the real server on a database of this test's own, mail and jobs included."""
    instance = tmp_path / "installation"
    instance.mkdir()
    shutil.copytree(keys_folder / "keys", instance / "keys")
    with serving(
        instance,
        database_url=database_url,
        jobs="inline",
        smtp_host="127.0.0.1",
        smtp_port=post_office.port,
        smtp_security="none",
        mail_per_minute=0,
        mail_from="The Portal <portal@example.org>",
    ) as address:
        yield address


@dataclass
class Clinic:
    """A practice instance behind the real server, and the cookies of who has signed in there."""

    address: str
    instance: Path
    states: dict[str, StorageState] = field(default_factory=dict)


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """The sample clinics; for tests that change nothing there that others would miss."""
    instance = tmp_path_factory.mktemp("clinic")
    settings = load_settings(instance, practice=True, jobs="off")
    practice.fill(settings)
    with serving(instance, practice="yes", jobs="inline") as address:
        yield Clinic(address, instance)


@pytest.fixture
def look(chromium: Chromium, clinic: Clinic) -> Iterator[Look]:
    """`look("manager.a", viewport=…)`: a page of a fresh browser at the sample clinics."""
    watch = Watch(chromium, clinic.address)

    def open_page(who: str | None = None, *, script: bool = True, **options: Any) -> Page:
        if who is not None and who not in clinic.states:
            entering = watch.context()
            page = entering.new_page()
            page.goto("/sign-in")
            sign_in(page, who)
            clinic.states[who] = entering.storage_state()
        state = clinic.states[who] if who else None
        return watch.context(script=script, storage_state=state, **options).new_page()

    yield open_page
    watch.close()


def sign_in(page: Page, username: str) -> None:
    """Fill in the sign-in page that `page` shows."""
    page.get_by_label("Username").fill(username)
    page.locator("#password").fill(PASSPHRASE)
    page.get_by_role("button", name="Sign In").click()
    page.get_by_role("button", name="Sign Out").wait_for()
