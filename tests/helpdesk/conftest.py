"""People of the help desk, inside the application."""

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.access.scope import Scope
from portal.catalog.services import load_products
from portal.db import unit_of_work
from tests.inventory.stock import scope_for
from tests.personas import Personas


@pytest.fixture
def asker(app: Flask, personas: Personas) -> Iterator[Scope]:
    """Somebody who registered at the help desk."""
    with app.app_context():
        with unit_of_work():
            load_products()
        yield scope_for(personas, "requester")


@pytest.fixture
def agent(asker: Scope, personas: Personas) -> Scope:
    """An agent."""
    return scope_for(personas, "agent")


@pytest.fixture
def admin(asker: Scope, personas: Personas) -> Scope:
    """A colleague of the agent."""
    return scope_for(personas, "admin")
