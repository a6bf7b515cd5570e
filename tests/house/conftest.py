"""An application without data, for the rules that need none; and the source, read by one worker."""

from pathlib import Path

import pytest
from flask import Flask

from portal.app import create_app
from portal.settings import load_settings

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever has read the house's source once need not read it again."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.xdist_group("house"))


@pytest.fixture(scope="session")
def bare_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application on a database that is never asked."""
    return create_app(load_settings(tmp_path_factory.mktemp("bare"), jobs="off"))
