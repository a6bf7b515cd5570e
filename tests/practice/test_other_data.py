"""Practice mode wipes what it filled itself, and never anything else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from portal import migrations, practice
from portal.discovery import discover
from portal.settings import Settings, load_settings
from tests.upgrade.conftest import Empty, empty

pytestmark = pytest.mark.slow("fills whole databases")

__all__ = ["empty"]

FILLING = {"platform", "home", "locations", "accounts"}


@pytest.fixture
def settings(empty: Empty, tmp_path: Path) -> Settings:
    """A practice instance on an empty database, with few modules: they fill it in no time."""
    return load_settings(
        tmp_path / "practice",
        database_url=empty(),
        practice=True,
        jobs="off",
        modules_off=tuple({module.name for module in discover().modules} - FILLING),
    )


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    made = create_engine(settings.database_url)
    yield made
    made.dispose()


def put_something_foreign(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE pupils (id integer)"))
        connection.execute(text("INSERT INTO pupils VALUES (1)"))


def foreign_rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM pupils")).scalar_one())


@pytest.mark.both_databases
def test_a_database_with_a_foreign_table_is_refused(settings: Settings, engine: Engine) -> None:
    put_something_foreign(engine)
    with pytest.raises(practice.NotPractice, match="not practice data"):
        practice.fill(settings)
    assert foreign_rows(engine) == 1
    assert inspect(engine).get_table_names() == ["pupils"]


def test_a_portal_without_users_is_refused(settings: Settings, engine: Engine) -> None:
    migrations.upgrade(engine)
    with pytest.raises(practice.NotPractice, match="not practice data"):
        practice.fill(settings)


def test_what_joined_the_practice_data_later_stops_the_wiping(
    settings: Settings, engine: Engine
) -> None:
    assert practice.fill(settings) is True
    practice.reset(settings)
    put_something_foreign(engine)
    with pytest.raises(practice.NotPractice, match="pupils"):
        practice.reset(settings)
    assert foreign_rows(engine) == 1
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM user_account")).scalar_one() > 0
    assert practice.fill(settings) is False, "it is whole still"


def test_an_interrupted_filling_does_not_open_the_way_to_foreign_tables(
    settings: Settings, engine: Engine
) -> None:
    settings.instance.mkdir(parents=True)
    practice._write_note(settings, "filling")
    put_something_foreign(engine)
    with pytest.raises(practice.NotPractice, match="pupils"):
        practice.fill(settings)
    assert foreign_rows(engine) == 1
