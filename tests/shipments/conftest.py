"""A second application on a database of its own, for comparing what two ways lead to."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal.app import create_app
from portal.db import db
from portal.settings import load_settings
from tests.conftest import run_on_server, server_url


@pytest.fixture
def twin(app: Flask, database_kind: str, template_database: str, tmp_path: Path) -> Iterator[Flask]:
    """The same people and products in another database."""
    settings = app.extensions["portal"].settings
    instance = tmp_path / "twin"
    shutil.copytree(settings.instance / "keys", instance / "keys")
    (instance / "assets").symlink_to((settings.instance / "assets").resolve())
    name = f"portal_test_{uuid.uuid4().hex[:10]}"
    if database_kind == "sqlite":
        url = f"sqlite:///{instance / 'portal.sqlite'}"
        shutil.copy(template_database.removeprefix("sqlite:///"), instance / "portal.sqlite")
    else:
        template = template_database.rpartition("/")[2].partition("?")[0]
        run_on_server(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        url = server_url(name)
    made = create_app(load_settings(instance, database_url=url, jobs="off"))
    made.testing = True
    yield made
    with made.app_context():
        db.engine.dispose()
    if database_kind != "sqlite":
        run_on_server(f'DROP DATABASE "{name}" WITH (FORCE)')
