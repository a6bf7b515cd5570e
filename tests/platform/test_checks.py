"""The check of the database, where a module that is off has tables, too."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

import tests.wizards.tins  # noqa: F401 (its tables are not in the database)
from portal import checks
from portal.db import db, unit_of_work

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def test_an_untouched_database_is_good(app: Flask) -> None:
    with unit_of_work():
        assert list(checks.database()) == []


def test_a_row_without_its_parent_is_found(app: Flask, database_kind: str) -> None:
    engine = create_engine(db.engine.url)
    unguarded = "PRAGMA foreign_keys=OFF"
    if database_kind == "postgresql":
        unguarded = "SET session_replication_role = replica"
    with engine.begin() as connection:
        connection.execute(text(unguarded))
        connection.execute(
            text(
                "INSERT INTO user_location (user_id, location_id, created_at)"
                " VALUES (77, 88, '2026-01-01')"
            )
        )
    engine.dispose()
    with unit_of_work():
        found = set(checks.database())
    assert found == {"A row of user_location points to a row that does not exist."}
