"""People who send onboarding files, and who has them processed."""

import pytest
from flask import Flask

from tests.client import Browser
from tests.personas import Personas


@pytest.fixture
def asker(app: Flask, personas: Personas) -> Browser:
    """Somebody who registered at the help desk."""
    return Browser(app, personas).sign_in("requester")


@pytest.fixture
def agent(app: Flask, personas: Personas) -> Browser:
    """An agent."""
    return Browser(app, personas).sign_in("agent")


@pytest.fixture
def manager(app: Flask, personas: Personas) -> Browser:
    """The manager of location A."""
    return Browser(app, personas).sign_in("manager_a")
