"""The files of imports: their names, what is left of them, and the folder that is watched."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from blueprints.shipments import inbox
from blueprints.shipments.importing import IMPORT
from portal import clock
from portal.db import unit_of_work
from portal.files import services as files
from portal.imports import corrections, outcomes, running
from portal.imports.models import ImportRun
from portal.imports.receiving import receive_file
from portal.sheets import xlsx_file
from portal.sheets.writer import write_xlsx
from portal.submissions import new_operation_id
from tests.client import Browser
from tests.shipments.files import HEADER, csv, row, take_in

LATER = timedelta(minutes=2)


def stored(app: Flask) -> list[Path]:
    return sorted(files.folder(app.extensions["portal"].settings, IMPORT.name).iterdir())


def runs(app: Flask) -> list[ImportRun]:
    with app.app_context(), unit_of_work(write=False) as session:
        found = list(session.scalars(select(ImportRun).order_by(ImportRun.id)))
        session.expunge_all()
        return found


def token(browser: Browser) -> str:
    page = browser.get("/shipments/imports")
    return page.root.all("input", name="csrf_token")[0].attributes["value"]


def send(browser: Browser, content: bytes = b"", **form: str) -> Any:
    """Send a file as a browser would, without looking at the page first."""
    data = {**form, "file": (io.BytesIO(content), "supplier.csv")}
    return browser.client.post("/shipments/imports", data=data)


def workbook(*rows: str) -> bytes:
    made = io.BytesIO()
    write_xlsx(made, HEADER.split(","), [one.split(",") for one in rows])
    return made.getvalue()


class AllPlacesTaken:
    """While it lasts, as many workbooks are being read as may be."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(xlsx_file, "PATIENCE_SECONDS", 0.05)

    def __enter__(self) -> None:
        for _place in range(xlsx_file.CHILDREN):
            assert xlsx_file._places.acquire(timeout=5)

    def __exit__(self, *_error: object) -> None:
        for _place in range(xlsx_file.CHILDREN):
            xlsx_file._places.release()


# A passing shortage


@pytest.mark.both_databases
def test_a_file_waits_while_other_workbooks_are_read(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.extensions["portal"].settings
    with AllPlacesTaken(monkeypatch):
        run = take_in(app, workbook(row()), "a.xlsx")
        assert (run.state, run.problem, run.attempts) == ("waiting", "", 0)
        with app.app_context():
            with unit_of_work():
                receive_file(
                    IMPORT,
                    settings,
                    None,
                    name="b.csv",
                    content=io.BytesIO(csv(row())),
                    source="upload",
                )
            assert running.process_waiting(settings) == 1, "the text file passes the workbook"
    with app.app_context():
        assert running.process_waiting(settings) == 1
    assert [one.state for one in runs(app)] == ["finished", "finished"]


def test_corrections_say_that_the_portal_is_busy(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = take_in(app, workbook(row(doses="x")), "a.xlsx")
    browser.sign_in("admin")
    where = f"/shipments/imports/{run.id}/corrections.xlsx"
    with AllPlacesTaken(monkeypatch):
        page = browser.get(where)
        assert page.status == 503
        assert "Other spreadsheets are being read" in page.root.text
    assert browser.get(where).status == 200


# Names


@pytest.mark.parametrize("sent", ["a%0D%0Ab.csv", "a%00b.csv", "%E2%80%AEa.csv", "%00", "..%2F.."])
def test_a_file_may_have_any_name(app: Flask, browser: Browser, sent: str) -> None:
    browser.sign_in("admin")
    head = 'Content-Disposition: form-data; name="{}"'
    parts = [
        f"--X\r\n{head.format('csrf_token')}\r\n\r\n{token(browser)}\r\n",
        f"--X\r\n{head.format('file')}; filename*=UTF-8''{sent}\r\n",
        "Content-Type: text/csv\r\n\r\n",
    ]
    body = "".join(parts).encode() + csv(row(lot="")) + b"\r\n--X--\r\n"
    answer = browser.client.post(
        "/shipments/imports", data=body, content_type="multipart/form-data; boundary=X"
    )
    assert answer.status_code == 303
    with app.app_context():
        running.process_waiting(app.extensions["portal"].settings)
    where = answer.headers["Location"]
    assert browser.get(where).status == 200
    assert browser.client.get(f"{where}/corrections.xlsx").status_code == 200
    assert runs(app)[0].file_name.isprintable()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("C:\\files\\march 2021.csv", "march 2021.csv"),
        ("/home/x/año.csv", "año.csv"),
        (" two\r\nlines .csv", "two lines .csv"),
        ("\0", "shipments"),
        ("", "shipments"),
        ("a" * 300, "a" * 200),
    ],
)
def test_what_is_kept_of_a_name(name: str, kept: str) -> None:
    assert files.clean_name(name, IMPORT.name) == kept


# What is left behind


def test_a_refused_or_repeated_upload_leaves_no_file(app: Flask, browser: Browser) -> None:
    browser.sign_in("admin")
    form = {"csrf_token": token(browser), "operation_id": new_operation_id()}
    assert send(browser, csv(row()), **form).status_code == 303
    assert [path.name for path in stored(app)] == [runs(app)[0].stored_as]
    assert send(browser, csv(row()), **form).status_code == 303, "the same form again"
    assert len(runs(app)) == len(stored(app)) == 1
    assert send(browser, csv(row()), csrf_token="forged").status_code == 400
    browser.sign_in("manager_a")
    page = browser.get("/vaccine-inventory/add")
    mine = page.root.all("input", name="csrf_token")[0].attributes["value"]
    assert send(browser, csv(row()), csrf_token=mine).status_code == 403
    assert len(stored(app)) == 1


@pytest.mark.both_databases
def test_the_file_is_stored_before_the_transaction(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.db import db
    from portal.web import files as sending

    held: list[bool] = []

    def store(*args: Any) -> files.Stored:
        held.append(bool(db.session.registry.has() and db.session().in_transaction()))
        return files.store(*args)

    monkeypatch.setattr(sending, "store", store)
    browser.sign_in("admin")
    assert send(browser, csv(row()), csrf_token=token(browser)).status_code == 303
    assert held == [False]


def test_files_that_no_import_names_are_swept_after_a_day(app: Flask) -> None:
    settings = app.extensions["portal"].settings
    run = take_in(app, csv(row()))
    orphan = files.store(settings, io.BytesIO(csv(row())), IMPORT.name)
    with app.app_context():
        files.sweep()
        assert len(stored(app)) == 2, "it may belong to a request under way"
        with time_machine.travel(clock.now() + timedelta(days=1, minutes=1)):
            assert files.sweep() == "1 files"
    assert [path.name for path in stored(app)] == [run.stored_as] != [orphan.name]


# The watched folder


@pytest.fixture
def watched(app: Flask) -> Path:
    folder: Path = app.extensions["portal"].settings.inbox
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes(csv(row()))
    return folder


def look(app: Flask, number: int = 1) -> int:
    """Look into the folder; each look is some minutes after the one before."""
    later = clock.now() + number * LATER
    with time_machine.travel(later, tick=False), app.app_context():
        return inbox.collect_from_folder(app.extensions["portal"].settings)


def test_a_file_that_cannot_be_moved_is_not_taken_again_and_again(
    app: Flask, watched: Path
) -> None:
    (watched / "done").write_text("a file where the folder should be")
    assert [look(app, number) for number in (1, 2, 3)] == [0, 0, 0]
    assert len(runs(app)) == len(stored(app)) == 0
    (watched / "done").unlink()
    assert [look(app, number) for number in (4, 5)] == [1, 0]
    assert [one.file_name for one in runs(app)] == ["a.csv"]


@pytest.mark.parametrize("step", ["store", "open_run"])
def test_what_a_crash_left_half_way_is_taken_at_the_next_look_once(
    app: Flask, watched: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def crash(*_args: Any, **_values: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(inbox, step, crash)
        with pytest.raises(KeyboardInterrupt):
            look(app)
    assert not list(watched.glob("*.csv"))
    assert runs(app) == []
    assert [look(app, number) for number in (2, 3)] == [1, 0]
    assert [one.file_name for one in runs(app)] == ["a.csv"]
    assert [path.name.partition("-")[2] for path in (watched / "done").iterdir()] == ["a.csv"]


@pytest.mark.both_databases
def test_a_crash_behind_the_run_does_not_open_another(
    app: Flask, watched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look(app) == 1
    (done,) = (watched / "done").iterdir()
    done.rename(f"{done}{inbox.UNFINISHED}")
    assert look(app, 2) == 0
    assert list((watched / "done").iterdir()) == [done]
    assert len(runs(app)) == len(stored(app)) == 1


# What the page says


def test_the_page_says_that_the_same_file_was_sent_before(app: Flask, browser: Browser) -> None:
    first, other, again = (
        take_in(app, content, name)
        for content, name in ((csv(row()), "one.csv"), (csv(), "two.csv"), (csv(row()), "3.csv"))
    )
    browser.sign_in("admin")
    page = browser.get(f"/shipments/imports/{again.id}")
    assert "The same file was sent before" in page.root.text
    link = page.root.with_text("a", "one.csv")
    assert link.attributes["href"] == f"/shipments/imports/{first.id}"
    for run in (first, other):
        assert "same file was sent" not in browser.get(f"/shipments/imports/{run.id}").root.text


@pytest.mark.parametrize("ends", [b"", b"\r\n"])
def test_progress_is_of_the_rows_the_file_holds(app: Flask, browser: Browser, ends: bytes) -> None:
    settings = app.extensions["portal"].settings
    content = csv(*(row(id=f"SHP-{number}") for number in range(7))).rstrip() + ends
    with app.app_context(), unit_of_work():
        run = receive_file(
            IMPORT, settings, None, name="x.csv", content=io.BytesIO(content), source="upload"
        )
    browser.sign_in("admin")
    bar = browser.get(f"/shipments/imports/{run.id}").root.one("progress")
    assert (bar.attributes["value"], bar.attributes["max"]) == ("0", "7")
    with app.app_context():
        assert running.process(settings, run.id).rows_done == 7


def test_a_workbook_shows_its_rows_without_a_bar(app: Flask, browser: Browser) -> None:
    with app.app_context(), unit_of_work():
        run = receive_file(
            IMPORT,
            app.extensions["portal"].settings,
            None,
            name="x.xlsx",
            content=io.BytesIO(workbook(row())),
            source="upload",
        )
    browser.sign_in("admin")
    assert not browser.get(f"/shipments/imports/{run.id}").root.all("progress")


# How much a workbook of corrections holds


def test_the_corrections_are_cut_short_and_say_so(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openpyxl import load_workbook

    assert corrections.MOST_ROWS == outcomes.MOST_WRONG
    monkeypatch.setattr(corrections, "MOST_ROWS", 5)
    browser.sign_in("admin")
    bad = [row(id=f"SHP-{number}", lot="", doses="x") for number in range(12)]
    for count, kept in ((5, 5), (12, 5)):
        run = take_in(app, csv(row(), *bad[:count]), f"{count}.csv")
        page = browser.get(f"/shipments/imports/{run.id}")
        answer = browser.client.get(f"/shipments/imports/{run.id}/corrections.xlsx")
        sheet = load_workbook(io.BytesIO(answer.data)).active
        assert sheet is not None
        lines = list(sheet.iter_rows(min_row=2, values_only=True))
        assert [line[0] for line in lines] == [f"SHP-{number}" for number in range(kept)]
        sentence = f"the first 5 of {count}."
        assert (sentence in page.root.text) == (count > 5)
        assert [sentence in str(line[-1]) for line in lines] == [count > 5] + [False] * 4
        assert all("Lot Number" in str(line[-1]) for line in lines)


@pytest.mark.both_databases
def test_the_wrong_rows_are_counted_by_rows_not_by_cells(app: Flask) -> None:
    from portal.imports.queries import errors_by_row

    run = take_in(app, csv(*(row(id=f"S-{n}", lot="", doses="x") for n in range(4))))
    with app.app_context(), unit_of_work(write=False) as session:
        found = errors_by_row(run, most=3)
        assert {number: len(errors) for number, errors in found.items()} == {2: 2, 3: 2, 4: 2}
        assert session.scalar(select(func.count()).select_from(ImportRun)) == 1
