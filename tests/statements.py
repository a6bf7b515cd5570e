"""What the database is asked while something happens."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from flask import Flask
from sqlalchemy import Select, event

from portal.db import db


class Statement(str):
    """The text of a statement, which also knows its values."""

    values: object = None


@contextmanager
def watched(app: Flask) -> Iterator[list[Statement]]:
    """The statements that the application's database gets meanwhile."""
    seen: list[Statement] = []

    def note(
        _connection: object, _cursor: object, text: str, values: object, *_rest: object
    ) -> None:
        statement = Statement(text)
        statement.values = values
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert seen, "nothing was asked, or not of this database"


def put_together(function: Callable[[], object]) -> int:
    """How many SELECTs are put together while `function` runs."""
    count = 0

    def note(frame: FrameType, happened: str, _argument: object) -> None:
        nonlocal count
        count += happened == "call" and frame.f_code is Select.__init__.__code__

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count
