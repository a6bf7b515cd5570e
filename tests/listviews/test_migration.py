"""What migrations do for lists: for tables with rows in them, and where rights are missing."""

from collections.abc import Iterator

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import Flask
from sqlalchemy import String, create_engine, inspect, text

from migrations.listing import create_counter, create_search, drop_counter, drop_search
from portal.access.scope import Scope
from portal.db import db, is_sqlite, rollback, unit_of_work
from portal.listviews.checks import counts, searching
from portal.listviews.definition import ALL
from portal.listviews.paging import ListState
from portal.listviews.queries import read_page
from tests.databases import run_on_server, server_url
from tests.listviews.conftest import Pack
from tests.listviews.crates import CRATES

pytestmark = pytest.mark.both_databases


def found(scope: Scope) -> list[str]:
    """The labels found for a word, and through the counters the number of all."""
    with unit_of_work(write=False):
        assert read_page(scope, CRATES, ListState(ALL, "label")).count.number == 3
        return [
            row.label for row in read_page(scope, CRATES, ListState(ALL, "label", q="nëedle")).rows
        ]


def faults() -> list[str]:
    """What `portal check` says of lists."""
    said = []
    for check in (counts, searching):
        rollback()
        said += check()
    rollback()
    return said


def test_a_table_may_get_counter_and_index_when_it_has_rows_and_lose_them(
    app: Flask, scope: Scope, pack: Pack
) -> None:
    pack(2, label="Needle")
    pack(1, label="Hay")
    with db.engine.begin() as connection:
        op = Operations(MigrationContext.configure(connection))
        drop_search(op, "crate")
        drop_counter(op, "crate")
        create_counter(op, "crate")
        create_search(op, "crate")
    assert found(scope) == ["Needle", "Needle"]
    assert faults() == []
    with db.engine.begin() as connection:
        op = Operations(MigrationContext.configure(connection))
        drop_search(op, "crate")
        drop_counter(op, "crate")
        drop_search(op, "crate")
    assert len(faults()) == 2
    assert not [name for name in inspect(db.engine).get_table_names() if "crate_" in name]


def test_rebuilding_the_table_is_possible_between_dropping_and_creating(
    app: Flask, scope: Scope, pack: Pack
) -> None:
    pack(2, label="Needle", remark="")
    pack(1, label="Hay", remark="")
    with db.engine.begin() as connection:
        op = Operations(MigrationContext.configure(connection))
        drop_search(op, "crate")
        drop_counter(op, "crate")
        with op.batch_alter_table("crate", recreate="always" if is_sqlite() else "never") as table:
            table.alter_column("remark", existing_type=String(200), nullable=False)
        create_counter(op, "crate")
        create_search(op, "crate")
    assert found(scope) == ["Needle", "Needle"]
    pack(1, label="Needle, later", at="B", remark="")
    assert faults() == []


@pytest.fixture
def restricted() -> Iterator[str]:
    """The URL of a role that may not create extensions, on a database of its own."""
    run_on_server("DROP DATABASE IF EXISTS portal_test_restricted WITH (FORCE)")
    run_on_server("DROP ROLE IF EXISTS portal_test_restricted")
    run_on_server("CREATE ROLE portal_test_restricted")
    run_on_server("CREATE DATABASE portal_test_restricted")
    yield server_url("portal_test_restricted")
    run_on_server("DROP DATABASE portal_test_restricted WITH (FORCE)")
    run_on_server("DROP ROLE portal_test_restricted")


def test_without_the_right_to_create_the_extension_there_is_just_no_index(
    database_kind: str, restricted: str
) -> None:
    if database_kind != "postgresql":
        pytest.skip("only PostgreSQL has extensions")
    engine = create_engine(restricted)
    with engine.begin() as connection:
        connection.execute(text("GRANT CREATE ON SCHEMA public TO portal_test_restricted"))
        connection.execute(text("SET LOCAL ROLE portal_test_restricted"))
        connection.execute(text("CREATE TABLE crate (id int PRIMARY KEY, search text)"))
        create_search(Operations(MigrationContext.configure(connection)), "crate")
        connection.execute(text("INSERT INTO crate VALUES (1, 'x')"))
    assert not [
        index
        for index in inspect(engine).get_indexes("crate")
        if index["name"] == "ix_crate_search"
    ]
    engine.dispose()
