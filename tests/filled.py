"""Instances that several tests want filled in the same way: filled once a process, then copied."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Hashable
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from flask import Flask

SQLITE = "sqlite:///"
Result = TypeVar("Result")


@dataclass(frozen=True)
class Kept:
    """The files of an instance on SQLite after it was filled, and what filling it gave."""

    folder: Path
    gave: object


KEPT: dict[Hashable, Kept] = {}


def filled(app: Flask, key: Hashable, fill: Callable[[], Result]) -> Result:
    """What `fill` gives, with the instance as it leaves it.

    On SQLite `fill` runs once for all that give the same `key`; on PostgreSQL each time. What was
    in the instance before is lost: who is to be signed in signs in afterwards.
    """
    settings = app.extensions["portal"].settings
    if not settings.database_url.startswith(SQLITE):
        return fill()
    database = Path(settings.database_url.removeprefix(SQLITE))
    if key not in KEPT:
        gave = fill()
        folder = Path(tempfile.mkdtemp(prefix="filled-", dir=settings.instance.parent.parent))
        _copy_database(database, folder / "database")
        _copy_files(settings.instance, folder / "instance")
        KEPT[key] = Kept(folder, gave)
        return deepcopy(gave)
    kept = KEPT[key]
    _copy_database(kept.folder / "database", database)
    _copy_files(kept.folder / "instance", settings.instance)
    return cast(Result, deepcopy(kept.gave))


def _copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(target)) as here:
        there.backup(here)


def _copy_files(source: Path, target: Path) -> None:
    """All that the portal put into an instance, without what all tests share."""
    shared = shutil.ignore_patterns("keys", "assets", "portal.sqlite*")
    shutil.copytree(source, target, ignore=shared, dirs_exist_ok=True)
