"""Overwriting pages of a database, as a failing disk does."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from portal.settings import Settings
from tests import databases

PAGE = bytes(range(256)) * 32  # nothing that a page can be


def file_of(settings: Settings) -> Path:
    """The file of a SQLite database."""
    return Path(settings.database_url.removeprefix("sqlite:///"))


def overwrite(settings: Settings, part: str) -> None:
    """Overwrite the first page of the table or index `part` of a SQLite database."""
    path = file_of(settings)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (root,) = database.execute(query, (part,)).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(PAGE[:size])


def disorder(settings: Settings, part: str) -> None:
    """Exchange two entries of an index, so that neither is found: a quick check does not see it."""
    path = file_of(settings)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (root,) = database.execute(query, (part,)).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        page = bytearray(file.read(size))
        assert page[0] == 10, "a leaf of an index"
        cells = int.from_bytes(page[3:5], "big")
        assert cells > 1
        last = slice(6 + 2 * cells, 8 + 2 * cells)
        page[8:10], page[last] = page[last], page[8:10]
        file.seek((root - 1) * size)
        file.write(page)


def overwrite_on_server(source: str, part: str) -> str:
    """A copy of a database whose table or index `part` has an unreadable page; its name."""
    name = databases.make()
    databases.drop(name)
    databases.run_on_server(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY FILE_COPY')
    url = databases.server_url(name).replace("postgresql+psycopg:", "postgresql:")
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT current_setting('data_directory') || '/' || pg_relation_filepath(%s)", (part,)
        ).fetchone()
    assert found is not None
    if not os.access(found[0], os.W_OK):
        databases.drop(name)
        pytest.skip("the files of the server belong to another user or machine")
    with Path(found[0]).open("r+b") as file:
        if part.startswith("ix_"):
            file.seek(8192)  # behind the page that describes the index
        file.write(PAGE)
    return name
