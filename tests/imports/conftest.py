"""The application with a module of volunteers, who come in by file."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine

from portal.app import create_app
from portal.db import db
from portal.settings import load_settings
from tests import databases
from tests.imports.volunteers import Volunteer, module


@pytest.fixture(scope="session")
def template_database(
    template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The template with the table of volunteers, made as its migration would."""
    folder = tmp_path_factory.mktemp("template-volunteers")
    with databases.copied(template_database, folder) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            Volunteer.__table__.create(connection)  # type: ignore[attr-defined]
        engine.dispose()
        yield url


@pytest.fixture(scope="session")
def lent(template_database: str) -> Iterator[databases.Lent | None]:
    """The PostgreSQL database that goes from test to test."""
    with databases.lending(template_database) as one:
        yield one


@pytest.fixture
def app(
    database_url: str, keys_folder: Path, statements: Callable[[Engine], None], tmp_path: Path
) -> Iterator[Flask]:
    """The application with the module of volunteers."""
    instance = tmp_path / "instance"
    instance.mkdir(exist_ok=True)
    shutil.copytree(keys_folder / "keys", instance / "keys", dirs_exist_ok=True)
    made = create_app(
        load_settings(instance, database_url=database_url, jobs="off"), extra_modules=[module]
    )
    made.testing = True
    with made.app_context():
        statements(db.engine)
    yield made
    with made.app_context():
        db.engine.dispose()
