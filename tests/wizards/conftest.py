"""The application with the tins module, brands, and tins."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from flask import Flask
from sqlalchemy import create_engine

from portal.db import Base, unit_of_work
from portal.module import Module
from tests import databases
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


@pytest.fixture
def extra_modules() -> Sequence[Module]:
    """The tins."""
    return [tins.module]


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
