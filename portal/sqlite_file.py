"""Only the file that was opened is used: what is written to one that was moved away is lost."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

FILE = "portal_file"


def keep_to_one(engine: Engine) -> None:
    """Let `engine` open only a file that is there, and leave one that was moved away."""
    path = engine.url.database or ""

    @event.listens_for(engine, "do_connect")
    def _open(
        _dialect: Dialect, record: ConnectionPoolEntry, places: list[Any], options: dict[str, Any]
    ) -> None:
        # An empty database in the place of one that is missing would hide that it is.
        places[0] = f"{Path(path).absolute().as_uri()}?mode=rw"
        options["uri"] = True
        record.info[FILE] = _identity(path)

    @event.listens_for(engine, "checkout")
    def _use(_connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info.get(FILE) != _identity(path):
            raise InvalidatePoolError


def _identity(path: str) -> tuple[int, int] | None:
    """Which file lies at `path`; None for none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
