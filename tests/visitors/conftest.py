"""The application with the kites, and one at each of the locations A and B."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine

from portal.app import create_app
from portal.db import Base, db, unit_of_work
from portal.settings import load_settings
from portal.visits import links
from tests import databases
from tests.personas import Personas
from tests.visitors import kites
from tests.visitors.kites import Kite

BORN = date(1970, 3, 21)
SOON = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def template_database(
    template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The template with the table of the kites."""
    with databases.copied(template_database, tmp_path_factory.mktemp("template-kites")) as url:
        engine = create_engine(url)
        Base.metadata.create_all(engine, [Kite.__table__])  # type: ignore[list-item]
        engine.dispose()
        yield url


@pytest.fixture(scope="session")
def lent(template_database: str) -> Iterator[databases.Lent | None]:
    """The PostgreSQL database that goes from test to test."""
    with databases.lending(template_database) as one:
        yield one


@dataclass
class Visiting:
    """Makes applications with the kites on the test's database, with the settings that matter."""

    database_url: str
    instance: Path
    share: Callable[[Engine], None]

    def __call__(self, **settings: object) -> Flask:
        made = create_app(
            load_settings(self.instance, database_url=self.database_url, jobs="off", **settings),
            extra_modules=[kites.module],
        )
        made.testing = True
        with made.app_context():
            self.share(db.engine)
        return made


@pytest.fixture
def visiting(
    database_url: str, own_instance: Path, statements: Callable[[Engine], None]
) -> Visiting:
    """Makes applications with the kites."""
    return Visiting(database_url, own_instance, statements)


@pytest.fixture
def app(visiting: Visiting) -> Iterator[Flask]:
    """The application with the kites."""
    made = visiting()
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def made(app: Flask, personas: Personas) -> dict[str, int]:
    """A kite at A and one at B, by letter."""
    with app.app_context(), unit_of_work() as session:
        both = {
            letter: Kite(
                location_id=personas.locations[letter],
                number=f"KITE{letter}{letter}",
                birth_date=BORN,
                color=f"Color of {letter}",
            )
            for letter in "AB"
        }
        session.add_all(both.values())
        session.flush()
        return {letter: one.id for letter, one in both.items()}


@dataclass
class Kites:
    """Links to the kites, and what happens to these."""

    app: Flask
    ids: dict[str, int]

    def link(self, letter: str = "A", *, version: int = 1, until: datetime = SOON) -> str:
        """The address that a message to the owner of that kite holds."""
        with self.app.app_context():
            token = links.token_of("kite", self.ids[letter], version, until=until)
        return f"/k/{token}"

    def change(self, letter: str = "A", **values: object) -> None:
        """Change the row of a kite."""
        with self.app.app_context(), unit_of_work() as session:
            found = session.get_one(Kite, self.ids[letter])
            for name, value in values.items():
                setattr(found, name, value)

    def color(self, letter: str = "A") -> str:
        """What color it has."""
        with self.app.app_context(), unit_of_work(write=False) as session:
            return session.get_one(Kite, self.ids[letter]).color


@pytest.fixture
def flying(app: Flask, made: dict[str, int]) -> Kites:
    """The kites and the links to them."""
    return Kites(app, made)
