"""The application with a module of volunteers, who come in by file."""

from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import create_engine

from portal.module import Module
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
def extra_modules() -> Sequence[Module]:
    """The volunteers."""
    return [module]
