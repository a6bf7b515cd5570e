"""Shipments come in by the web: a file, or one by form (SPEC C1)."""

import io

import pytest
from flask import Flask

from blueprints.shipments.importing import IMPORT
from blueprints.shipments.models import Shipment
from portal import db
from portal.db import unit_of_work
from portal.errors import OutcomeUnknown
from portal.imports.models import ImportRun
from portal.imports.receiving import receive_file
from portal.jobs.runner import jobs_of, run_slot
from portal.messages.models import Message
from tests.client import Browser
from tests.shipments.files import csv, row, take_in, take_in_waiting
from tests.shipments.taken import count, shipments


def upload(browser: Browser, content: bytes, name: str = "supplier.csv") -> str:
    """Send a file through the page; the address of its import."""
    page = browser.get("/shipments/imports")
    sent = browser.submit(page, {"file": (io.BytesIO(content), name)}, button="Import")
    assert sent.status == 303
    return sent.leads_to


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


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (csv(row()), "All rows were imported."),
        (csv(row(), row(id="SHP-2", doses="x")), "The good rows were imported."),
        (csv(row(doses="x")), "No row was imported. All need correction."),
        (b"a,b\n1,2\n", "The file could not be read"),
    ],
)
def test_how_much_is_in_is_said_as_it_is(
    app: Flask, browser: Browser, content: bytes, said: str
) -> None:
    browser.sign_in("admin")
    where = upload(browser, content)
    take_in_waiting(app)
    page = browser.get(where).root.one("div", id="import-run").text
    assert said in page
    assert "to the end" not in page


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
    assert "All rows were imported." in page.root.text, page.root.text


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
    assert "This file will wait until one runs." in browser.get(where).root.text
    (job,) = (job for job in jobs_of(app).values() if job.name == "imports.take_in")
    run_slot(app, job)
    assert "scheduler" not in browser.get("/shipments/imports").root.text
    assert "scheduler" not in browser.get(where).root.text


def test_a_file_is_kept_when_nobody_knows_whether_its_import_was_saved(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = db._commit

    def lost() -> None:
        commit()
        raise OutcomeUnknown("The portal does not know whether this was saved.")

    page = browser.sign_in("admin").get("/shipments/imports")
    with monkeypatch.context() as patched:
        patched.setattr(db, "_commit", lost)
        sent = browser.submit(
            page, {"file": (io.BytesIO(csv(row())), "supplier.csv")}, button="Import"
        )
    assert sent.status == 503
    assert "Check whether it is there before you enter it again." in sent.root.text
    take_in_waiting(app)
    assert len(shipments(app)) == 1


def test_a_request_that_runs_again_stores_the_whole_file_again(app: Flask) -> None:
    settings = app.extensions["portal"].settings
    content = io.BytesIO(csv(row()))
    with app.app_context():
        for _try in range(2):
            with unit_of_work():
                run = receive_file(
                    IMPORT, settings, None, name="x.csv", content=content, source="upload"
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


def test_by_form_no_known_shipment_is_overwritten(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    form = browser.sign_in("admin").get("/shipments/new")
    values = FORM | {"order_number": "EX21-9", "provider_pin": "NCA650002"}
    refused = browser.submit(form, values, button="Save")
    assert refused.status == 422
    assert "This Shipment ID already exists" in refused.root.text
    found = browser.get("/shipments/imports")
    assert found.status == 200
    manager = Browser(app, browser.personas).sign_in("manager_a")
    assert "011J20A" in manager.get("/shipments/?view=all").root.text
