"""Managers of the locations, inside the application."""

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.access.scope import Scope
from tests.inventory.stock import scope_for
from tests.personas import Personas


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield scope_for(personas, "manager_a")
