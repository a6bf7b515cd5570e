"""The application with the tins and the kites: forms of every kind, for users and for visitors."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine

from portal.app import create_app
from portal.db import Base, db
from portal.settings import load_settings
from tests import databases
from tests.visitors import kites
from tests.visitors.conftest import flying, made  # noqa: F401
from tests.visitors.kites import Kite
from tests.wizards import tins
from tests.wizards.conftest import (  # noqa: F401
    brands,
    browser,
    personas,
    shelve,
)
from tests.wizards.tins import Brand, Tin


@pytest.fixture(scope="session")
def template_database(
    template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The template with the tables of both modules."""
    with databases.copied(template_database, tmp_path_factory.mktemp("template-ways")) as url:
        engine = create_engine(url)
        tables = [each.__table__ for each in (Brand, Tin, Kite)]
        Base.metadata.create_all(engine, tables)  # type: ignore[arg-type]
        engine.dispose()
        yield url


@pytest.fixture(scope="session")
def lent(template_database: str) -> Iterator[databases.Lent | None]:
    """The PostgreSQL database that goes from test to test."""
    with databases.lending(template_database) as one:
        yield one


@pytest.fixture
def app(
    database_url: str,
    keys_folder: Path,
    statements: Callable[[Engine], None],
    tmp_path: Path,
) -> Iterator[Flask]:
    """The application with both modules."""
    instance = tmp_path / "instance"
    instance.mkdir(exist_ok=True)
    shutil.copytree(keys_folder / "keys", instance / "keys", dirs_exist_ok=True)
    one = create_app(
        load_settings(instance, database_url=database_url, jobs="off"),
        extra_modules=[tins.module, kites.module],
    )
    one.testing = True
    with one.app_context():
        statements(db.engine)
    yield one
    with one.app_context():
        db.engine.dispose()
