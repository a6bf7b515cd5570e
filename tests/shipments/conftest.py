"""A second application on a database of its own, for comparing what two ways lead to."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from portal.app import create_app
from portal.db import db
from portal.settings import load_settings
from tests import databases


@pytest.fixture
def twin(
    app: Flask, template_database: str, tmp_path: Path, statements: Callable[[Engine], None]
) -> Iterator[Flask]:
    """The same people and products in another database."""
    settings = app.extensions["portal"].settings
    instance = tmp_path / "twin"
    shutil.copytree(settings.instance / "keys", instance / "keys")
    (instance / "assets").symlink_to((settings.instance / "assets").resolve())
    with databases.copied(template_database, instance) as url:
        made = create_app(load_settings(instance, database_url=url, jobs="off"))
        made.testing = True
        with made.app_context():
            statements(db.engine)
        yield made
        with made.app_context():
            db.engine.dispose()
