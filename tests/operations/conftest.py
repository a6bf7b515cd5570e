"""An application whose outbox, run log and trail hold something to look at."""

from collections.abc import Callable

import pytest
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader

from portal import messages
from portal.db import unit_of_work
from tests.client import Browser

TEMPLATES = {
    "mail/test.subject": "News for {{ name }}",
    "mail/test.txt": "Hello {{ name }}, your link is {{ token|default('none') }}.",
    "mail/test.html": "<p>Hello {{ name }}</p>",
}


@pytest.fixture
def administrator(app: Flask, browser: Browser) -> Browser:
    """The browser of the programme administrator; the templates of the kind `test` are there."""
    app.jinja_env.loader = ChoiceLoader([DictLoader(TEMPLATES), app.jinja_env.loader])  # type: ignore[list-item]
    return browser.sign_in("admin")


@pytest.fixture
def promise(app: Flask) -> Callable[..., None]:
    """`promise(name, …)` queues a message of the kind `test`."""

    def queue(name: str = "<b>Jane</b>", **options: object) -> None:
        with app.app_context(), unit_of_work():
            messages.queue("test", "jane@example.org", context={"name": name}, **options)  # type: ignore[arg-type]

    return queue
