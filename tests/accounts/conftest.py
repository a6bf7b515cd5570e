"""Fixtures of the tests of signing in and of accounts."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.client import Browser
from tests.personas import Personas


@pytest.fixture
def another(app: Flask, personas: Personas) -> Callable[[], Browser]:
    """Makes further browsers."""
    return lambda: Browser(app, personas)
