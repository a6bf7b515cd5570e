"""A's manager at a location with doses."""

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.access.scope import Scope
from tests.client import Browser
from tests.counts.steps import Window
from tests.inventory import stock
from tests.personas import Personas


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield stock.scope_for(personas, "manager_a")


@pytest.fixture
def manager(app: Flask, personas: Personas) -> Browser:
    """A's manager, signed in."""
    return Window(app, personas).sign_in("manager_a")


@pytest.fixture
def colleague(app: Flask, personas: Personas) -> Browser:
    """Another manager of A, signed in at the same time."""
    return Window(app, personas).sign_in("manager_ab")


@pytest.fixture
def records(scope: Scope) -> list[int]:
    """Three records of 100, 20 and 5 doses: lines 1 to 3 of a count."""
    return [
        stock.add(scope, name="Alpha", lot="LOT1", doses=100),
        stock.add(scope, name="Beta", lot="LOT2", doses=20),
        stock.add(scope, name="Gamma", lot="LOT3", doses=5),
    ]
