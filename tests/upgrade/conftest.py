"""Databases without anything in them."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import run_on_server, server_url

Empty = Callable[[], str]


@pytest.fixture
def empty(database_kind: str, tmp_path: Path) -> Iterator[Empty]:
    """`empty()`: the URL of a new empty database."""
    names: list[str] = []

    def make() -> str:
        name = f"portal_test_{uuid.uuid4().hex[:10]}"
        if database_kind == "sqlite":
            folder = tmp_path / name
            folder.mkdir()
            return f"sqlite:///{folder / 'portal.sqlite'}"
        run_on_server(f'CREATE DATABASE "{name}" STRATEGY FILE_COPY')
        names.append(name)
        return server_url(name)

    yield make
    for name in names:
        run_on_server(f'DROP DATABASE "{name}" WITH (FORCE)')
    shutil.rmtree(tmp_path, ignore_errors=True)
