"""Files that come while the disk is full: it is said, and nothing of them stays."""

import io
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from blueprints.shipments import inbox
from blueprints.shipments.importing import IMPORT
from portal.db import db, is_sqlite
from portal.files import services as files
from portal.settings import Settings
from tests.backup.full import listed, small_disk, without_room
from tests.backup.running import portal
from tests.client import Browser, fields_of
from tests.inventory.test_scan import empty_form
from tests.shipments.files import csv, row
from tests.shipments.test_import_files import runs, send, token

LARGE = csv(*(row(id=f"SHP-{number}") for number in range(12_000)))
ROOM = 600_000


def settings_of(app: Flask) -> Settings:
    found: Settings = app.extensions["portal"].settings
    return found


@pytest.mark.parametrize("how", ["disk", "bound"])
def test_a_file_from_the_command_line(app: Flask, tmp_path: Path, how: str) -> None:
    file = tmp_path / "large.csv"
    file.write_bytes(LARGE)
    folder = files.folder(settings_of(app), IMPORT.name)
    with without_room(how, folder, ROOM):
        done = portal(settings_of(app), "shipments", "import", file)
        assert listed(folder) == []
    assert (done.code, done.complained) == (
        1,
        "Error: The disk is full. Nothing was changed. Free some space, then try again.",
    )
    assert runs(app) == []


@pytest.mark.parametrize("how", ["disk", "bound"])
def test_a_file_from_the_browser(app: Flask, browser: Browser, how: str) -> None:
    """With the bound it is the copy that is kept while the request is read."""
    browser.sign_in("admin")
    sent = token(browser)
    folder = files.folder(settings_of(app), IMPORT.name)
    body = encoded({"csrf_token": sent, "file": FileStorage(io.BytesIO(LARGE), "supplier.csv")})
    with without_room(how, folder, ROOM if how == "disk" else 1_000_000):
        answer = browser.client.post("/shipments/imports", **body)
        assert listed(folder) == []
    assert answer.status_code == 503
    assert "disk is full" in answer.get_data(as_text=True)
    assert runs(app) == []
    assert send(browser, csv(row()), csrf_token=token(browser)).status_code == 303


@pytest.mark.parametrize("room", [1_000_000, 3_000_000])
def test_a_picture_from_the_browser(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """While the request is read, or when the picture is copied for the process that reads it."""
    browser.sign_in("manager_a")
    forms = empty_form(browser).root.all("form")
    form = next(one for one in forms if any(b.text == "Read picture" for b in one.all("button")))
    values = {
        **fields_of(form, "Read picture"),
        "photo": FileStorage(io.BytesIO(LARGE + LARGE), "code.jpg"),
    }
    body = encoded(values)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with small_disk(tmp_path / "temporary", room):
        answer = browser.client.post(form.attributes["action"], **body)
        assert listed(tmp_path / "temporary") == []
    assert answer.status_code == 503
    assert "disk is full" in answer.get_data(as_text=True)


def encoded(values: Any) -> dict[str, Any]:
    """A form as a browser sends it; the test's own client would need room for it, too."""
    boundary, content = encode_multipart(MultiDict(values))
    return {"data": content, "content_type": f"multipart/form-data; boundary={boundary}"}


@contextmanager
def full_database(app: Flask) -> Iterator[None]:
    """The database cannot grow by a single page, and none in it is free."""
    with app.app_context():
        engine = db.engine
    with closing(sqlite3.connect(str(engine.url.database))) as connection:
        connection.execute("VACUUM")

    def limit(connection: object, *_others: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        (pages,) = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count={pages}")
        cursor.close()

    event.listen(engine, "checkout", limit)
    yield
    event.remove(engine, "checkout", limit)


def test_a_file_that_the_database_cannot_name_makes_room_again(
    app: Flask, browser: Browser
) -> None:
    with app.app_context():
        if not is_sqlite():
            pytest.skip("the disk of PostgreSQL is its server's")
    browser.sign_in("admin")
    sent = token(browser)
    folder = files.folder(settings_of(app), IMPORT.name)
    with full_database(app):
        codes: list[int] = []
        while len(codes) < 400 and 503 not in codes:
            codes.append(send(browser, csv(row()), csrf_token=sent).status_code)
        known = {run.stored_as for run in runs(app)}
    assert codes[-1] == 503, "sooner or later no row fits in any more"
    assert {path.name for path in folder.iterdir()} == known


def test_the_watched_folder_does_not_fill_the_disk_further(app: Flask) -> None:
    settings = settings_of(app)
    settings.inbox.mkdir()
    folder = files.folder(settings, IMPORT.name)
    (settings.inbox / "large.csv").write_bytes(LARGE)
    with app.app_context(), without_room("bound", folder, ROOM):
        now = inbox.clock.now().timestamp() + 60
        (found,) = inbox.watched_files(settings.inbox, now=now)
        for _look in range(3):
            assert inbox._attempt(inbox._collect, settings, found) == 0
            assert listed(folder) == []
