"""Files that people send: what they are, who names them, and what is left of them."""

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import Executable, delete, text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import unit_of_work
from portal.errors import Invalid, NotFound
from portal.files.kinds import content_type
from portal.files.models import StoredFile
from portal.files.services import folder, forget, keep, path_of, store, sweep
from portal.settings import Settings
from portal.web.files import download

LATER = timedelta(days=1, minutes=1)


@pytest.fixture
def settings(app: Flask) -> Settings:
    found: Settings = app.extensions["portal"].settings
    return found


@pytest.fixture
def tickets(app: Flask) -> Iterator[None]:
    """A table of somebody's whose model is not loaded, as of a module that was taken away."""
    with app.app_context():
        with unit_of_work() as session:
            session.execute(
                text(
                    "CREATE TABLE test_ticket (id INTEGER PRIMARY KEY, title VARCHAR(20), "
                    "scan_id BIGINT REFERENCES stored_file (id))"
                )
            )
        yield
        with unit_of_work() as session:
            session.execute(text("DROP TABLE test_ticket"))


def put(settings: Settings, content: bytes = b"content", *, ticket: int = 0) -> int:
    """Store and name a file; with the number of a ticket that points to it."""
    stored = store(settings, io.BytesIO(content), "tickets")
    with unit_of_work() as session:
        number = keep(stored, name="scan.pdf").id
        if ticket:
            session.execute(
                text("INSERT INTO test_ticket (id, title, scan_id) VALUES (:ticket, 'x', :file)"),
                {"ticket": ticket, "file": number},
            )
    return number


def run(statement: Executable) -> None:
    with unit_of_work() as session:
        session.execute(statement)


def swept(after: timedelta = LATER) -> str:
    with time_machine.travel(clock.now() + after):
        return sweep()


def known() -> list[int]:
    with unit_of_work(write=False) as session:
        return [one.id for one in session.query(StoredFile).order_by(StoredFile.id)]


def contents(settings: Settings) -> int:
    return len(list(folder(settings, "tickets").iterdir()))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"\0\0\0\x18ftypavif", "image/avif"),
        (b"PK\x03\x04rest", "application/zip"),
        (b"MZ\x90\0", "application/x-executable"),
        ("año, 1\r\n".encode(), "text/plain"),
        (b"<html>", "text/plain"),
        (b"a\0b", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_the_first_bytes_say_what_a_file_is(head: bytes, kind: str) -> None:
    assert content_type(head) == kind


def test_what_was_found_while_storing_is_kept(app: Flask, settings: Settings) -> None:
    with app.app_context():
        number = put(settings, b"%PDF-1.7")
        with unit_of_work(write=False) as session:
            file = session.get_one(StoredFile, number)
            assert (file.area, file.name, file.bytes) == ("tickets", "scan.pdf", 8)
            assert file.content_type == "application/pdf"
            path = path_of(settings, file)
    assert path.read_bytes() == b"%PDF-1.7"
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(settings: Settings) -> None:
    mib = 1024 * 1024
    assert store(settings, io.BytesIO(b"x" * mib), "tickets", most=mib).bytes == mib
    with pytest.raises(Invalid, match="larger than 1 MB"):
        store(settings, io.BytesIO(b"x" * (mib + 1)), "tickets", most=mib)
    assert contents(settings) == 1


@pytest.mark.both_databases
@pytest.mark.usefixtures("tickets")
def test_a_file_stays_as_long_as_any_table_names_it(settings: Settings) -> None:
    first, second = put(settings, ticket=1), put(settings, ticket=2)
    unowned = put(settings)
    assert swept(timedelta(hours=1)) == "0 files", "its owner may be under way"
    assert known() == [first, second, unowned]
    assert swept() == "2 files", "a row and a content"
    assert known() == [first, second]
    with pytest.raises(IntegrityError):
        run(delete(StoredFile).where(StoredFile.id == first))
    run(text("DELETE FROM test_ticket WHERE id = 1"))
    run(text("UPDATE test_ticket SET scan_id = NULL WHERE id = 2"))
    swept()
    assert known() == []
    assert contents(settings) == 0


@pytest.mark.both_databases
def test_what_a_crash_left_unnamed_is_swept_and_nothing_else(
    app: Flask, settings: Settings
) -> None:
    store(settings, io.BytesIO(b"never named"), "tickets")
    foreign = [settings.uploads / ("0" * 32), folder(settings, "tickets") / "read me.txt"]
    for path in foreign:
        path.write_text("put here by hand")
    with app.app_context():
        assert swept(timedelta(hours=23)) == "0 files"
        assert swept() == "1 files"
    assert all(path.exists() for path in foreign)
    assert contents(settings) == 1


@pytest.mark.usefixtures("tickets")
def test_a_forgotten_file_is_deleted_when_that_is_saved(settings: Settings) -> None:
    number = put(settings, ticket=1)

    def forgotten(*, crash: bool) -> None:
        with unit_of_work() as session:
            forget(settings, session.get_one(StoredFile, number))
            if crash:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        forgotten(crash=True)
    assert contents(settings) == 1, "nothing was saved"
    forgotten(crash=False)
    assert contents(settings) == 0
    assert known() == [number], "what is known of it stays"


def test_a_download_is_saved_and_never_shown(app: Flask, settings: Settings) -> None:
    with app.test_request_context("/"):
        number = put(settings, b"<html><script>alert(1)</script>")
        with unit_of_work() as session:
            file = session.get_one(StoredFile, number)
            answer = download(file)
            answer.direct_passthrough = False
            assert answer.data == b"<html><script>alert(1)</script>"
            assert answer.mimetype == "text/plain"
            assert answer.headers["Content-Disposition"] == "attachment; filename=scan.pdf"
            forget(settings, file)
            with pytest.raises(NotFound, match="been deleted"):
                download(file)


def test_no_address_leads_to_a_stored_file(app: Flask) -> None:
    """Only a view of its owner does, which has loaded its record through the scope."""
    rules = [rule.rule for rule in app.url_map.iter_rules()]
    assert not [rule for rule in rules if rule.startswith(("/upload", "/stored", "/file"))]
