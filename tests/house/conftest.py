"""An application without data, for the rules that need none."""

import pytest
from flask import Flask

from portal.app import create_app
from portal.settings import load_settings


@pytest.fixture(scope="session")
def bare_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application on a database that is never asked."""
    return create_app(load_settings(tmp_path_factory.mktemp("bare"), jobs="off"))
