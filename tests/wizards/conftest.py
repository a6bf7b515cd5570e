"""The application with the tins module, brands, and tins."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine

from portal.app import create_app
from portal.db import Base, db, unit_of_work
from portal.settings import load_settings
from tests import databases
from tests.client import Browser
from tests.personas import Personas
from tests.wizards import tins
from tests.wizards.tins import Brand, Tin

BRANDS = {
    "A": ("Modest Beans 100", "Modest Beans 50", "Proud Peas", "Zucchini"),
    "B": ("Modest Carrots",),
}


@pytest.fixture(scope="session")
def template_database(
    template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The template with the tables of the tins module."""
    with databases.copied(template_database, tmp_path_factory.mktemp("template-tins")) as url:
        engine = create_engine(url)
        Base.metadata.create_all(engine, [Brand.__table__, Tin.__table__])  # type: ignore[list-item]
        engine.dispose()
        yield url


@pytest.fixture(scope="session")
def lent(template_database: str) -> Iterator[databases.Lent | None]:
    """The PostgreSQL database that goes from test to test."""
    with databases.lending(template_database) as one:
        yield one


def tins_app(instance: Path, database_url: str) -> Flask:
    """The application with the tins module."""
    return create_app(
        load_settings(instance, database_url=database_url, jobs="off"),
        extra_modules=[tins.module],
    )


@pytest.fixture
def app(
    database_url: str,
    keys_folder: Path,
    statements: Callable[[Engine], None],
    tmp_path: Path,
) -> Iterator[Flask]:
    """The application with the tins module."""
    instance = tmp_path / "instance"
    instance.mkdir(exist_ok=True)
    shutil.copytree(keys_folder / "keys", instance / "keys", dirs_exist_ok=True)
    made = tins_app(instance, database_url)
    made.testing = True
    with made.app_context():
        statements(db.engine)
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def personas(app: Flask) -> Personas:
    """The people of the template database."""
    with app.app_context():
        return Personas.load()


@pytest.fixture
def browser(app: Flask, personas: Personas) -> Browser:
    """A client that reads each page it fetches."""
    return Browser(app, personas)


@pytest.fixture
def brands(app: Flask, personas: Personas) -> dict[str, int]:
    """The brands of the locations A and B, by name."""
    with app.app_context(), unit_of_work() as session:
        made = [
            Brand(name=name, location_id=personas.locations[letter])
            for letter, names in BRANDS.items()
            for name in names
        ]
        session.add_all(made)
        session.flush()
        return {brand.name: brand.id for brand in made}


Shelve = Callable[..., int]


@pytest.fixture
def shelve(app: Flask, personas: Personas, brands: dict[str, int]) -> Shelve:
    """`shelve("Peas", at="B")` puts a tin on the shelf and gives its id."""

    def put(label: str = "Peas", *, at: str = "A", grams: int = 400) -> int:
        brand = brands["Proud Peas" if at == "A" else "Modest Carrots"]
        with app.app_context(), unit_of_work() as session:
            tin = Tin(label=label, grams=grams, brand_id=brand, location_id=personas.locations[at])
            session.add(tin)
            session.flush()
            return tin.id

    return put
