"""Manager and provider of A, inside the application, and the products' facts."""

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.access.scope import Scope
from portal.catalog.services import load_products
from portal.db import unit_of_work
from tests.inventory.stock import scope_for
from tests.personas import Personas


@pytest.fixture
def manager(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        with unit_of_work():
            load_products()
        yield scope_for(personas, "manager_a")


@pytest.fixture
def provider(manager: Scope, personas: Personas) -> Scope:
    """The scope of A's provider."""
    return scope_for(personas, "provider_a")


@pytest.fixture
def manager_b(manager: Scope, personas: Personas) -> Scope:
    """The scope of B's manager."""
    return scope_for(personas, "manager_b")
