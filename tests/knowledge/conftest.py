"""People who read and write articles, inside the application."""

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.access.scope import Scope
from tests.inventory.stock import scope_for
from tests.personas import Personas


@pytest.fixture
def agent(app: Flask, personas: Personas) -> Iterator[Scope]:
    """Somebody who may edit."""
    with app.app_context():
        yield scope_for(personas, "agent")


@pytest.fixture
def requester(agent: Scope, personas: Personas) -> Scope:
    """Somebody who only asks."""
    return scope_for(personas, "requester")


@pytest.fixture
def provider(agent: Scope, personas: Personas) -> Scope:
    """A nurse."""
    return scope_for(personas, "provider_a")
