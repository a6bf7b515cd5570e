"""The ways a file of shipments comes in: web page, form, watched folder, command line."""

import io
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask

from blueprints.inventory.deliveries import SEPARATE
from blueprints.shipments import imports, inbox, intake
from blueprints.shipments.commands import import_command
from blueprints.shipments.models import ImportRun, Order, Shipment
from portal import db
from portal.audit.verify import verify
from portal.clock import now
from portal.db import unit_of_work
from portal.jobs.runner import jobs_of, run_slot
from portal.messages.models import Message
from portal.sheets import csv_file
from tests.client import Browser
from tests.inventory import careless, stock
from tests.personas import Personas
from tests.processes import together
from tests.shipments.files import csv, row, take_in
from tests.shipments.taken import count, shipments

ROOT = Path(__file__).resolve().parent.parent.parent


# The web pages


def upload(browser: Browser, content: bytes, name: str = "supplier.csv") -> str:
    """Send a file through the page; the address of its import."""
    page = browser.get("/shipments/imports")
    sent = browser.submit(page, {"file": (io.BytesIO(content), name)}, button="Import")
    assert sent.status == 303
    return sent.leads_to


def take_in_waiting(app: Flask) -> None:
    with app.app_context():
        imports.process_waiting(app.extensions["portal"].settings)


def test_upload_progress_result_and_corrections(app: Flask, browser: Browser) -> None:
    browser.sign_in("admin")
    where = upload(browser, csv(row(), row(id="SHP-2", ndc="12345-6789-01", doses="x")))
    waiting = browser.get(where)
    region = waiting.root.one("div", id="import-run")
    assert region.attributes["hx-get"] == f"{where}/progress"
    assert "http-equiv" in waiting.html, "without script the page reloads itself"
    part = browser.get(f"{where}/progress", region="import-run")
    assert "<html" not in part.html
    assert "hx-get" in part.root.one("div", id="import-run").attributes
    take_in_waiting(app)
    part = browser.get(f"{where}/progress", region="import-run")
    done = part.root.one("div", id="import-run")
    assert "hx-get" not in done.attributes, "the page stops asking"
    page = browser.get(where)
    assert "http-equiv" not in page.html
    wrong, rows = page.root.all("tbody")
    assert [line.text.split()[0] for line in wrong.all("tr")] == ["3", "3"]
    assert [line.text.split()[:2] for line in rows.all("tr")] == [["2", "Added"], ["3", "Not"]]
    link = page.root.with_text("a", "Download the rows to correct")
    book = browser.client.get(link.attributes["href"])
    assert book.status_code == 200
    assert "supplier_ERROR.xlsx" in book.headers["Content-Disposition"]
    corrected = _correct(book.data)
    take_in_waiting_after(app, browser, corrected)
    assert [one.number for one in shipments(app)] == ["SHP-1", "SHP-2"]
    assert "supplier.csv" in browser.get("/shipments/imports").root.text


def _correct(content: bytes) -> bytes:
    """The workbook as somebody would send it back: wrong cells mended, the rest left alone."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content))
    sheet = book.active
    assert sheet is not None
    columns = {cell.value: cell.column for cell in sheet[1]}
    assert sheet.max_row == 2, "only the row that did not go in"
    sheet.cell(2, columns["NDC"]).value = "80777-0273-99"
    sheet.cell(2, columns["Quantity Shipped"]).value = 200
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def take_in_waiting_after(app: Flask, browser: Browser, content: bytes) -> None:
    where = upload(browser, content, "supplier_ERROR.xlsx")
    take_in_waiting(app)
    page = browser.get(where)
    assert "All rows are in." in page.root.text, page.root.text


def test_the_page_asks_for_a_file_and_says_so(browser: Browser) -> None:
    browser.sign_in("admin")
    page = browser.submit(browser.get("/shipments/imports"), button="Import")
    assert page.status == 422
    assert "Choose the supplier's file" in page.root.text
    assert browser.get("/shipments/imports/template.xlsx").status == 200
    assert browser.get("/shipments/imports/999999").status == 404
    assert browser.get("/shipments/imports/999999/corrections.xlsx").status == 404


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("list.pdf", b"%PDF-1.7\nmore", "This is a PDF. The portal reads .xlsx and .csv"),
        ("shipments.csv", b"%PDF-1.7\nmore", "This is a PDF."),
        ("photo.jpg", b"\xff\xd8\xff\xe0more", "This is a picture. The portal reads .xlsx and"),
        ("photo.heic", b"\0\0\0\x18ftypheic" + b"\0" * 40, "This is a picture."),
        ("photo.webp", b"RIFF\x10\0\0\0WEBPVP8 ", "This is a picture."),
        (
            "list.doc",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"),
            "This is a Word or PowerPoint document. The portal reads .xlsx and .csv",
        ),
        ("list.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), ".xls"),
        ("empty.csv", b"", "The file is empty"),
    ],
)
def test_what_cannot_be_a_table_is_refused_beside_the_field_and_not_kept(
    app: Flask, browser: Browser, name: str, content: bytes, said: str
) -> None:
    browser.sign_in("admin")
    page = browser.get("/shipments/imports")
    sent = browser.submit(page, {"file": (io.BytesIO(content), name)}, button="Import")
    assert sent.status == 422
    assert said in sent.root.one("p", class_="err").text
    assert count(app, ImportRun) == 0
    assert list((app.extensions["portal"].settings.uploads / "shipments").iterdir()) == []


def test_who_imports_is_told_that_nothing_runs_the_jobs(app: Flask, browser: Browser) -> None:
    browser.sign_in("admin")
    page = browser.get("/shipments/imports")
    assert "No scheduler has run yet. Imported files will wait." in page.root.text
    where = upload(browser, csv(row()))
    assert "This file waits until one does." in browser.get(where).root.text
    (job,) = (job for job in jobs_of(app).values() if job.name == "shipments.import")
    run_slot(app, job)
    assert "scheduler" not in browser.get("/shipments/imports").root.text
    assert "scheduler" not in browser.get(where).root.text


def test_a_request_that_runs_again_stores_the_whole_file_again(app: Flask) -> None:
    settings = app.extensions["portal"].settings
    content = io.BytesIO(csv(row()))
    with app.app_context():
        for _try in range(2):
            with unit_of_work():
                run = imports.receive_file(
                    settings, None, name="x.csv", content=content, source="upload"
                )
                assert run.bytes == len(csv(row()))


FORM = {
    "shipment_id": "SHP-1",
    "order_number": "EX21-1",
    "provider_pin": "650001",
    "ndc": "80777-0273-99",
    "manufacturer": "Moderna",
    "lot": "011J20A",
    "expiration": "06/2027",
    "quantity": "1,000",
    "date_shipped": "02/01/2021",
}


def test_one_shipment_by_form(app: Flask, browser: Browser) -> None:
    browser.sign_in("admin")
    form = browser.get("/shipments/new")
    wrong = browser.submit(form, {**FORM, "ndc": "12345-6789-01", "quantity": "-5"}, button="Save")
    assert wrong.status == 422
    bad = {one.attributes["name"] for one in wrong.root.all("input", aria_invalid="true")}
    assert bad == {"ndc", "quantity"}
    assert wrong.root.one("input", name="lot").attributes["value"] == "011J20A"
    saved = browser.submit(wrong, FORM, button="Save", follow=True)
    assert saved.status == 200
    (shipment,) = shipments(app)
    assert (shipment.doses_shipped, shipment.expiration_month_only) == (1_000, True)
    again = browser.submit(browser.get("/shipments/new"), FORM, button="Save")
    assert again.status == 422
    assert "entered before" in again.root.text
    assert count(app, Message) == 2
    assert count(app, Shipment) == 1


# The watched folder


def put(app: Flask, name: str, content: bytes) -> Path:
    folder = app.extensions["portal"].settings.inbox
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


def collect(app: Flask, *, after: float = 60) -> int:
    with app.app_context(), time_machine.travel(now() + timedelta(seconds=after)):
        return inbox.collect_from_folder(app.extensions["portal"].settings)


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


# The command line


def command(app: Flask, file: Path) -> "subprocess.CompletedProcess[str]":
    """`portal shipments import FILE` in a process of its own."""
    settings = app.extensions["portal"].settings
    return subprocess.run(
        [sys.executable, "-m", "portal", "shipments", "import", str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ
        | {"PORTAL_INSTANCE": str(settings.instance), "PORTAL_DATABASE_URL": settings.database_url},
    )


def test_the_command_says_by_its_exit_code_how_it_went(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(csv(row()))
    done = command(app, file)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 added, 0 updated, 0 unchanged, 0 not taken in" in done.stdout
    file.write_bytes(csv(row(), row(id="SHP-2", doses="x")))
    done = command(app, file)
    assert done.returncode == 1
    assert "Row 3, Quantity Shipped:" in done.stdout
    file.write_bytes(b"%PDF-1.7")
    done = command(app, file)
    assert done.returncode == 2
    assert "PDF" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_waits_for_a_job_that_was_faster(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own worker may take the file in the moment it has been stored."""
    file = tmp_path / "file.csv"
    file.write_bytes(csv(row()))
    settings = app.extensions["portal"].settings
    process = imports.process
    asked: list[int] = []

    def first_somebody_else(*arguments: object, **named: object) -> ImportRun:
        number = int(arguments[1])  # type: ignore[call-overload]
        if not asked:
            asked.append(number)
            assert process(settings, number).state == "finished"
        return process(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(imports, "process", first_somebody_else)
    with app.app_context():
        import_command.callback(file)  # type: ignore[misc]
    assert asked
    assert len(shipments(app)) == 1


# Two at once


def import_the_same(index: int, content: bytes) -> tuple[str, int]:
    from portal.settings import current

    with unit_of_work():
        run_id = imports.receive_file(
            current(), None, name=f"{index}.csv", content=io.BytesIO(content), source="command"
        ).id
    run = imports.process_or_follow(current(), run_id)
    assert run.failed == 0
    return run.state, run.added


def bring_the_same_three_times(app: Flask) -> None:
    """Fails on anything that is there twice, not at all, or went wrong."""
    content = csv(*(row(id=f"SHP-{one}", order=f"EX-{one // 2}") for one in range(400)))
    results = together(app, 3, import_the_same, content)
    assert [state for state, _added in results] == ["finished"] * 3
    assert sum(added for _state, added in results) == 400 == len(shipments(app))
    assert count(app, Order) == 200
    assert count(app, Message) == 800
    with app.app_context():
        assert verify().ok


def test_the_same_file_by_three_processes_at_once_brings_each_shipment_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "BATCH_ROWS", 40)
    bring_the_same_three_times(app)


def test_the_three_processes_would_show_an_intake_that_nobody_holds(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "BATCH_ROWS", 40)
    monkeypatch.setattr(intake, "_one_at_a_time", lambda: time.sleep(0.01))
    monkeypatch.setattr(db, "begin", careless.begin_deferred)
    monkeypatch.setattr(db, "_may_retry", lambda _error: False)
    with pytest.raises(AssertionError):
        bring_the_same_three_times(app)


def receive_or_import(index: int, content: bytes, scopes: list[object]) -> int:
    """Two take the file in again and again, corrected each time; two add its doses."""
    from portal.settings import current

    done = 0
    for turn in range(12):
        if index < 2:
            changed = content.replace(b"1Z999AA10123456784", f"1Z999AA1{index}{turn:02}".encode())
            import_the_same_or_refused(current(), changed)
        else:
            scope = scopes[index - 2]
            stock.add(
                scope,  # type: ignore[arg-type]
                doses=1,
                lot=f"L{index}-{turn}",
                shipment_id=turn + 1,
                duplicate=SEPARATE,
            )
            done += 1
    return done


def import_the_same_or_refused(settings: object, content: bytes) -> None:
    with unit_of_work():
        run_id = imports.receive_file(
            settings,  # type: ignore[arg-type]
            None,
            name="again.csv",
            content=io.BytesIO(content),
            source="command",
        ).id
    assert imports.process_or_follow(settings, run_id).state == "finished"  # type: ignore[arg-type]


def test_corrections_and_receipts_at_once_neither_fail_nor_lose_doses(
    app: Flask, personas: Personas
) -> None:
    content = csv(*(row(id=f"SHP-{one}", order=f"EX-{one}") for one in range(12)))
    take_in(app, content)
    with app.app_context():
        scopes = [stock.scope_for(personas, who) for who in ("manager_a", "manager_ab")]
        results = together(app, 4, receive_or_import, content, scopes)
        assert results == [0, 0, 12, 12]
        assert stock.wrong() == []
    assert [one.doses_received for one in shipments(app)] == [2] * 12


def test_an_unused_order_number_of_two_locations_is_two_orders(app: Flask) -> None:
    run = take_in(app, csv(row(), row(id="SHP-2", pin="NCA650002")))
    assert run.added == 2
    assert count(app, Order) == 2


def test_by_form_no_known_shipment_is_overwritten(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    form = browser.sign_in("admin").get("/shipments/new")
    values = {
        "shipment_id": "SHP-1",
        "order_number": "EX21-9",
        "provider_pin": "NCA650002",
        "ndc": "80777-0273-99",
        "manufacturer": "Moderna",
        "lot": "OTHER",
        "expiration": "06/30/2027",
        "quantity": "100",
        "date_shipped": "02/01/2021",
    }
    refused = browser.submit(form, values, button="Save")
    assert refused.status == 422
    assert "This Shipment ID is known" in refused.root.text
    found = browser.get("/shipments/imports")
    assert found.status == 200
    manager = Browser(app, browser.personas).sign_in("manager_a")
    assert "011J20A" in manager.get("/shipments/?view=all").root.text
