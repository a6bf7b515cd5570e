"""A second application on a database of its own, for comparing what two ways lead to."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal.app import create_app
from portal.db import db
from portal.settings import load_settings
from tests import databases


@pytest.fixture
def twin(app: Flask, database_kind: str, template_database: str, tmp_path: Path) -> Iterator[Flask]:
    """The same people and products in another database."""
    settings = app.extensions["portal"].settings
    instance = tmp_path / "twin"
    shutil.copytree(settings.instance / "keys", instance / "keys")
    (instance / "assets").symlink_to((settings.instance / "assets").resolve())
    if database_kind == "sqlite":
        url = f"sqlite:///{instance / 'portal.sqlite'}"
        shutil.copy(template_database.removeprefix("sqlite:///"), instance / "portal.sqlite")
    else:
        name = databases.make(databases.name_of(template_database))
        url = databases.server_url(name)
    made = create_app(load_settings(instance, database_url=url, jobs="off"))
    made.testing = True
    yield made
    with made.app_context():
        db.engine.dispose()
    if database_kind != "sqlite":
        databases.drop(name)
