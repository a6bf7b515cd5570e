"""Files of shipments that are put into the watched folder (SPEC C1)."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask

from blueprints.shipments import inbox
from portal.clock import now
from portal.imports.models import ImportRun
from portal.messages.models import Message
from tests.shipments.files import csv, row, take_in_waiting
from tests.shipments.taken import count, shipments


def put(app: Flask, name: str, content: bytes) -> Path:
    folder = app.extensions["portal"].settings.inbox
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


def collect(app: Flask, *, after: float = 60) -> int:
    with app.app_context(), time_machine.travel(now() + timedelta(seconds=after)):
        return inbox.collect_from_folder(app.extensions["portal"].settings)


@pytest.mark.both_databases
def test_settled_files_of_the_watched_folder_go_in_and_are_moved(app: Flask) -> None:
    good = put(app, "one.csv", csv(row()))
    for name in (".one.csv.part", "~$one.xlsx", "notes.pdf"):
        put(app, name, b"x")
    assert collect(app, after=1) == 0, "somebody may still be writing"
    assert collect(app) == 1
    assert not good.exists()
    (done,) = (good.parent / "done").iterdir()
    assert done.name.endswith("-one.csv")
    take_in_waiting(app)
    assert [one.number for one in shipments(app)] == ["SHP-1"]
    assert collect(app, after=3600) == 0


def test_the_folder_is_there_to_be_found(app: Flask) -> None:
    folder = app.extensions["portal"].settings.inbox
    assert not folder.exists()
    assert collect(app) == 0
    assert folder.is_dir()
    assert oct(folder.stat().st_mode)[-3:] == "700"


def test_a_file_whose_time_was_set_back_is_still_left_to_its_writer(app: Flask) -> None:
    path = put(app, "copied.csv", csv(row()))
    os.utime(path, (0, 0))
    assert collect(app, after=1) == 0
    assert collect(app) == 1


def test_a_crash_at_the_move_leaves_the_file_for_the_next_look(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(app, "one.csv", csv(row()))

    def crash(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        with pytest.raises(KeyboardInterrupt):
            collect(app)
    assert collect(app) == 1
    take_in_waiting(app)
    assert count(app, ImportRun) == 1
    assert len(shipments(app)) == 1
    assert count(app, Message) == 2


def test_one_unreadable_or_huge_file_keeps_no_other_waiting(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(app, "a.csv", csv(row()))
    put(app, "b.csv", csv(row(id="SHP-2")))
    huge = put(app, "huge.csv", b"")
    os.truncate(huge, 21 * 1024 * 1024)
    whole = Path.open

    def careful(path: Path, *arguments: str, **named: str) -> object:
        if path.name == "a.csv":
            raise PermissionError
        return whole(path, *arguments, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", careful)
    assert collect(app) == 2
    take_in_waiting(app)
    assert [one.number for one in shipments(app)] == ["SHP-2"]
    assert (huge.parent / "a.csv").exists()
    assert len(list((huge.parent / "refused").iterdir())) == 1


def test_the_same_name_day_after_day_is_kept_apart(app: Flask) -> None:
    put(app, "daily.csv", csv(row()))
    assert collect(app) == 1
    put(app, "daily.csv", csv(row(id="SHP-2")))
    assert collect(app) == 1
    take_in_waiting(app)
    assert len(shipments(app)) == 2
