"""An application whose outbox, run log and trail hold something to look at."""

from collections.abc import Callable

import pytest
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader

from portal import messages
from portal.db import unit_of_work
from portal.module import MessageKind, Module
from tests.client import Browser

TEMPLATES = {
    "test/messages/test.html": """
{% block subject %}News for {{ name }}{% endblock %}
{% block text %}Hello {{ name }}, your link is {{ token|default('none') }}.{% endblock %}
{% block html %}<p>Hello {{ name }}</p>{% endblock %}
""",
}
module = Module(name="test", title="Test", messages=(MessageKind("test"),))


@pytest.fixture
def administrator(app: Flask, browser: Browser) -> Browser:
    """The browser of the programme administrator; the kind `test` is there."""
    app.extensions["portal"].registry.messages["test"] = (module, module.messages[0])
    app.jinja_env.loader = ChoiceLoader([DictLoader(TEMPLATES), app.jinja_env.loader])  # type: ignore[list-item]
    return browser.sign_in("admin")


@pytest.fixture
def promise(app: Flask) -> Callable[..., None]:
    """`promise(name, …)` queues a message of the kind `test`."""

    def queue(name: str = "<b>Jane</b>", **options: object) -> None:
        with app.app_context(), unit_of_work():
            messages.queue("test", "jane@example.org", context={"name": name}, **options)  # type: ignore[arg-type]

    return queue
