"""The application with the crates module, and crates to list."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import Flask
from sqlalchemy import create_engine, insert

from migrations.listing import create_counter, create_search
from portal.access.profiles import Profile
from portal.access.scope import Actor, Place, Scope
from portal.db import db, session, unit_of_work
from portal.module import Module
from portal.searching.text import search_of
from tests import databases
from tests.listviews import crates
from tests.listviews.crates import Crate
from tests.personas import Personas

FIRST_DAY = date(2021, 1, 4)


@pytest.fixture(scope="session")
def template_database(
    template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The template with the table of the crates module, made as its migration would."""
    with databases.copied(template_database, tmp_path_factory.mktemp("template-crates")) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            Crate.__table__.create(connection)  # type: ignore[attr-defined]
            op = Operations(MigrationContext.configure(connection))
            create_counter(op, "crate")
            create_search(op, "crate")
        engine.dispose()
        yield url


@pytest.fixture(scope="session")
def lent(template_database: str) -> Iterator[databases.Lent | None]:
    """The PostgreSQL database that goes from test to test."""
    with databases.lending(template_database) as one:
        yield one


@pytest.fixture
def extra_modules() -> Sequence[Module]:
    """The crates."""
    return [crates.module]


@pytest.fixture
def app(app: Flask) -> Iterator[Flask]:
    """The application, with its context entered."""
    with app.app_context():
        yield app
        db.session.remove()


def scope_at(personas: Personas, letter: str) -> Scope:
    """What `manager_ab` may see when working at a location."""
    place = Place(
        id=personas.locations[letter],
        name=f"Clinic {letter}",
        pin="",
        time_zone="America/New_York",
        organization_id=1,
    )
    user = Actor(
        id=personas.users["manager_ab"],
        username="manager.ab",
        full_name="",
        email="",
        profile=Profile.MANAGER,
    )
    return Scope(user=user, location=place, locations=(place,), capabilities=frozenset())


@pytest.fixture
def scope(personas: Personas) -> Scope:
    """What a manager sees at location A."""
    return scope_at(personas, "A")


Pack = Callable[..., list[int]]


@pytest.fixture
def pack(app: Flask, personas: Personas) -> Pack:
    """`pack(3, at="B", label="…")` puts crates into the database and gives their ids."""

    def put(count: int = 1, *, at: str = "A", seed: int = 0, **values: Any) -> list[int]:
        chance = random.Random(seed)
        rows = []
        for number in range(count):
            row = {
                "location_id": personas.locations[at],
                "label": f"Crate {number:04}",
                "packed_on": FIRST_DAY + timedelta(days=chance.randrange(20)),
                "litres": chance.randrange(1, 6),
                "state": "cold",
                "remark": None,
            } | values
            rows.append(row | {"search": search_of(Crate, row)})
        with unit_of_work():
            if not rows:
                return []
            return list(session().scalars(insert(Crate).returning(Crate.id), rows))

    return put
