"""The application with the tins and the kites: forms of every kind, for users and for visitors."""

from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import create_engine

from portal.db import Base
from portal.module import Module
from tests import databases
from tests.visitors import kites
from tests.visitors.conftest import flying, made  # noqa: F401
from tests.visitors.kites import Kite
from tests.wizards import tins
from tests.wizards.conftest import brands, shelve  # noqa: F401
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
def extra_modules() -> Sequence[Module]:
    """The modules with a form of every kind."""
    return [tins.module, kites.module]
