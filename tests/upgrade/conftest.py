"""Databases without anything in them."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import databases

Empty = Callable[[], str]


@pytest.fixture
def empty(database_kind: str, tmp_path: Path) -> Iterator[Empty]:
    """`empty()`: the URL of a new empty database."""
    names: list[str] = []

    def make() -> str:
        if database_kind == "sqlite":
            folder = tmp_path / uuid.uuid4().hex
            folder.mkdir()
            return f"sqlite:///{folder / 'portal.sqlite'}"
        names.append(databases.make())
        return databases.server_url(names[-1])

    yield make
    for name in names:
        databases.drop(name)
    shutil.rmtree(tmp_path, ignore_errors=True)
