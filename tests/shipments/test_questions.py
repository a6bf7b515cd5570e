"""What an import asks, what may still change after receipt, and the way back with corrections."""

import io
import os
import threading
from collections.abc import Iterator
from csv import writer as csv_writer
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask

from blueprints.shipments.models import Shipment, ShipmentClosing
from portal.db import unit_of_work
from portal.imports.models import ImportRun
from portal.imports.queries import list_problems
from portal.messages.models import Message
from tests.client import Browser
from tests.effort import some
from tests.inventory import stock
from tests.personas import Personas
from tests.shipments.files import csv, errors_of, row, take_in
from tests.shipments.taken import count, numbers, shipments
from tests.shipments.test_import_command import command

CASES = Path(__file__).with_name("cases")


def corrections(browser: Browser, run_id: int) -> Any:
    """The workbook of the rows that did not go in."""
    sent = browser.client.get(f"/shipments/imports/{run_id}/corrections.xlsx")
    assert sent.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(sent.data))


def saved(book: Any) -> bytes:
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def places(sheet: Any) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[1]}


def test_a_day_counted_from_1904_is_the_same_day_after_correcting(
    app: Flask, browser: Browser
) -> None:
    run = take_in(app, (CASES / "1904-general-serial.xlsx").read_bytes(), "a.xlsx")
    assert [one[:2] for one in errors_of(app, run)] == [(2, "Quantity Shipped")]
    browser.sign_in("admin")
    book = corrections(browser, run.id)
    sheet = book.active
    columns = places(sheet)
    expires = sheet.cell(2, columns["Expiration Date"])
    assert (expires.value, expires.number_format) == ("05/31/2025", "@")
    lot = sheet.cell(2, columns["Lot Number"])
    assert lot.number_format == "@"
    sheet.cell(2, columns["Quantity Shipped"]).value = 975
    again = take_in(app, saved(book), "b.xlsx")
    assert numbers(again) == (1, 0, 0, 0)
    assert f"{shipments(app)[0].expiration_date:%m/%d/%Y}" == "05/31/2025"


def test_the_blank_template_keeps_codes_as_text(browser: Browser) -> None:
    browser.sign_in("admin")
    sent = browser.client.get("/shipments/imports/template.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(sent.data)).active
    assert sheet is not None
    assert "Your Answer" not in places(sheet)
    as_text = {
        cell.value
        for cell in sheet[1]
        if sheet.column_dimensions[cell.column_letter].number_format == "@"
    }
    assert as_text >= {"Shipment ID", "ExIS Order Number", "Lot Number", "NDC", "Tracking Number"}


def test_what_a_cell_showed_is_what_the_corrections_show(app: Flask, browser: Browser) -> None:
    book = openpyxl.load_workbook(CASES / "f09-number-formats.xlsx")
    assert book.active is not None
    book.active["H2"] = "many"
    run = take_in(app, saved(book), "a.xlsx")
    browser.sign_in("admin")
    sheet = corrections(browser, run.id).active
    lots = [sheet.cell(line, places(sheet)["Lot Number"]).value for line in (2, 3)]
    assert lots == ["007012", "1.00E+05"]


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ("In addition", {("SHP-1", "011J20A"): 300, ("SHP-1", "011J20B"): 100}),
        ("Replaces the other lot", {("SHP-1", "011J20B"): 100}),
    ],
)
def test_the_question_about_another_lot_is_answered_in_the_corrections(
    app: Flask, browser: Browser, answer: str, left: dict[tuple[str, str], int]
) -> None:
    take_in(app, csv(row()))
    run = take_in(app, csv(row(lot="011J20B", doses="100"), row(id="SHP-2", doses="x")))
    assert numbers(run) == (0, 0, 0, 2)
    browser.sign_in("admin")
    book = corrections(browser, run.id)
    sheet = book.active
    columns = places(sheet)
    rules = [str(one.sqref) for one in sheet.data_validations.dataValidation]
    assert rules, "the answers are a list to choose from"
    assert sheet.cell(2, columns["Your Answer"]).fill.start_color.rgb == "FFFF0000"
    sheet.cell(2, columns["Your Answer"]).value = answer
    sheet.cell(3, columns["Quantity Shipped"]).value = 5
    again = take_in(app, saved(book), "b.xlsx")
    assert again.failed == 0
    there = {(one.number, one.lot): one.doses_shipped for one in shipments(app)}
    assert there == {**left, ("SHP-2", "011J20A"): 5}
    # The same file again finds everything as it is.
    assert numbers(take_in(app, saved(book), "c.xlsx")) == (0, 0, 2, 0)


def test_a_lot_that_replaces_one_that_was_received_is_refused(
    app: Flask, personas: Personas
) -> None:
    take_in(app, csv(row()))
    with app.app_context():
        number = stock.shipment_id(app)
        stock.add(stock.scope_for(personas, "manager_a"), doses=10, shipment_id=number)
    content = csv(row(lot="011J20B") + ",Replaces the other lot")
    content = content.replace(b"Tracking Number", b"Tracking Number,Your Answer")
    run = take_in(app, content)
    assert numbers(run) == (0, 0, 0, 1)
    ((_row, column, message),) = errors_of(app, run)
    assert column == "Lot Number"
    assert "already received" in message


def test_one_of_several_lots_is_not_replaced_by_file(app: Flask) -> None:
    take_in(app, csv(row(), row(lot="011J20B")))
    content = csv(row(lot="011J20C") + ",Replaces the other lot")
    run = take_in(app, content.replace(b"Tracking Number", b"Tracking Number,Your Answer"))
    assert numbers(run) == (0, 0, 0, 1)
    assert "011J20A, 011J20B" in errors_of(app, run)[0][2]


@pytest.mark.both_databases
def test_a_parcel_may_be_corrected_after_receipt(app: Flask, personas: Personas) -> None:
    take_in(app, csv(row(), row(id="SHP-2")))
    with app.app_context():
        for number in ("SHP-1", "SHP-2"):
            doses = 300 if number == "SHP-1" else 10
            shipment = stock.shipment_id(app, number)
            stock.add(
                stock.scope_for(personas, "manager_a"),
                doses=doses,
                shipment_id=shipment,
                lot=f"LOT{number}",
            )
    before = [(one.status, one.doses_received) for one in shipments(app)]
    mails = count(app, Message)
    run = take_in(
        app,
        csv(row(tracking="1Z999AA10123456785"), row(id="SHP-2", carrier="FedEx", lot="011j20a")),
    )
    assert numbers(run) == (0, 2, 0, 0)
    first, second = shipments(app)
    assert (first.tracking_number, second.carrier) == ("1Z999AA10123456785", "FedEx")
    assert "1z999aa10123456785" in first.search
    assert [(one.status, one.doses_received) for one in (first, second)] == before
    assert count(app, Message) == mails, "nobody waits for these boxes any more"
    assert second.lot == "011J20A"
    run = take_in(app, csv(row(tracking="1Z999AA10123456786", doses="299")))
    assert numbers(run) == (0, 0, 0, 1)
    ((_row, column, message),) = errors_of(app, run)
    assert column == "Quantity Shipped"
    assert "Tracking Number" not in message


@pytest.mark.both_databases
def test_a_closed_shipment_stays_closed_when_its_parcel_is_corrected(
    app: Flask, personas: Personas
) -> None:
    take_in(app, csv(row()))
    with app.app_context():
        user = stock.scope_for(personas, "manager_a").user.id
    with app.app_context(), unit_of_work() as session:
        shipment = session.query(Shipment).one()
        shipment.status = "closed"
        session.add(
            ShipmentClosing(shipment_id=shipment.id, reason="never_arrived", closed_by_id=user)
        )
    assert numbers(take_in(app, csv(row(tracking="1Z999AA10123456785")))) == (0, 1, 0, 0)
    assert [one.status for one in shipments(app)] == ["closed"]


def test_errors_are_counted_however_many_there_are(app: Flask) -> None:
    wrong = row(lot="-", doses="x", expires="x", shipped="x", ndc="x", pin="x", order="TBD")
    run = take_in(app, csv(*[wrong] * 900))
    assert (run.failed, run.rows_done) == (900, 900)
    with app.app_context(), unit_of_work(write=False):
        problems = list_problems(run)
    assert len(problems) == 7
    assert {len(one.rows) + one.more_rows for one in problems} == {900}


@pytest.mark.parametrize(
    ("different", "said"),
    [
        (200, ""),
        (201, "1 more problem is not listed here."),
        (260, "60 more problems are not listed here."),
    ],
)
def test_a_page_that_cannot_list_all_problems_says_how_many_more_there_are(
    app: Flask, browser: Browser, different: int, said: str
) -> None:
    run = take_in(app, csv(*[row(id=f"SHP-{one}", doses=f"x{one}") for one in range(different)]))
    assert run.failed == different
    browser.sign_in("admin")
    page = browser.get(f"/shipments/imports/{run.id}")
    (table,) = [one for one in page.root.all("table") if "What to correct" in one.text]
    assert len(table.one("tbody").all("tr")) == 200
    assert said in page.root.text
    assert ("not listed here" in page.root.text) is bool(said)
    assert corrections(browser, run.id).active.max_row == different + 1


def test_the_command_says_how_many_problems_it_does_not_print(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    wrong = row(lot="-", doses="x", expires="x", shipped="x", ndc="x", pin="x", order="TBD")
    file.write_bytes(csv(*[wrong] * 10))
    done = command(app, file)
    assert done.stdout.count("\nRow ") == 50
    assert "Not printed: 20 more problems. See the import's page." in done.stdout


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    """A pipe with a good file in it."""
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    # Opened for both, so that nobody waits for the other end.
    held = os.open(path, os.O_RDWR)
    threading.Thread(target=os.write, args=(held, csv(row())), daemon=True).start()
    yield path
    os.close(held)


def test_a_pipe_instead_of_a_file_gets_a_sentence(app: Flask, pipe: Path) -> None:
    done = command(app, pipe)
    assert done.returncode == 2
    assert "is a pipe or device, not a file. Nothing was taken in." in done.stderr
    assert "Traceback" not in done.stderr
    assert shipments(app) == []


# New Shipment


def enter(browser: Browser, **changes: str) -> Any:
    """Fill in the form; by the names of its fields."""
    page = browser.get("/shipments/new")
    words = {
        "shipment_id": "SHP-1",
        "order_number": "EX21-1",
        "provider_pin": "NCA650001",
        "ndc": "80777-0273-99",
        "manufacturer": "Moderna",
        "lot": "011J20A",
        "expiration": "06/30/2027",
        "quantity": "300",
        "date_shipped": "02/01/2021",
    }
    return browser.submit(page, {**words, **changes}, button="Save")


def test_the_form_asks_about_another_lot_and_takes_it_in_addition(
    app: Flask, browser: Browser
) -> None:
    browser.sign_in("admin")
    assert enter(browser).status == 303
    assert "in_addition" not in browser.get("/shipments/new").html
    asked = enter(browser, shipment_id="shp–1", lot="011J20B", quantity="100")
    assert asked.status == 422
    assert "Does this lot replace it, or does it come in addition?" in asked.root.text
    assert len(shipments(app)) == 1
    assert browser.submit(asked, {"in_addition": "y"}, button="Save").status == 303
    assert [(one.number, one.lot) for one in shipments(app)] == [
        ("SHP-1", "011J20A"),
        ("shp–1", "011J20B"),
    ]


def test_the_form_asks_about_an_expiry_that_is_far_away(app: Flask, browser: Browser) -> None:
    browser.sign_in("admin")
    asked = enter(browser, expiration="06/30/2041")
    assert asked.status == 422
    assert "would expire 20 years after it was shipped" in asked.root.text
    assert browser.submit(asked, {"date_is_right": "y"}, button="Save").status == 303
    assert len(shipments(app)) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantity": "975¹"}, "whole number"),
        ({"lot": "EL9262²"}, "footnote mark"),
        ({"lot": "N/A"}, "no number"),
        ({"lot": "EL9262; EL9263"}, "more than one lot"),
        ({"lot": "EL9262 EN6201"}, "more than one lot"),
        ({"lot": "Lot: EL9262"}, "lot number alone"),
        ({"lot": "5-Mar"}, "date or time"),
        ({"shipment_id": "TBD"}, "no number"),
        ({"lot": "=A1"}, "formula"),
        ({"expiration": "31-May"}, "The year is missing."),
        ({"expiration": "31/08/2027", "date_shipped": "05/02/2021"}, "may mean two days"),
    ],
)
def test_the_form_refuses_what_a_file_would(
    app: Flask, browser: Browser, changes: dict[str, str], said: str
) -> None:
    browser.sign_in("admin")
    page = enter(browser, **changes)
    assert page.status == 422
    assert said in page.root.text
    assert shipments(app) == []


def test_the_form_takes_off_what_a_spreadsheet_put_around(app: Flask, browser: Browser) -> None:
    browser.sign_in("admin")
    assert enter(browser, lot='="007012"', ndc="'80777-0273-99").status == 303
    assert [(one.lot, one.ndc) for one in shipments(app)] == [("007012", "80777-0273-99")]


def mixed(*rows: str) -> bytes:
    """A file in which one row has the day first, and further rows."""
    return csv(row(id="SHP-1", expires="31/08/2027"), *rows)


@pytest.mark.parametrize(
    ("mended", "kind"),
    some(
        [(day, kind) for day in ("08/31/2027", "31-Aug-2027") for kind in ("xlsx", "csv")], short=2
    ),
)
def test_a_corrected_copy_is_asked_about_dates_that_still_may_mean_two_days(
    app: Flask, browser: Browser, mended: str, kind: str
) -> None:
    full_of_errors = dict.fromkeys(("order", "pin", "ndc", "lot", "doses", "tracking"), "5-Mar")
    full_of_errors |= {"id": "SHP-3", "expires": "10/11/2027", "shipped": "2/3"}
    broken = row(id="SHP-4", expires="07/06/2027", lot="EL1, found") + ",x"
    run = take_in(
        app,
        mixed(
            row(id="SHP-2", expires="05/07/2027", shipped="02/01/2021"),
            row(**full_of_errors),
            broken,
        ),
    )
    assert numbers(run) == (0, 0, 0, 4)
    browser.sign_in("admin")
    for _again in range(2):  # a copy of the copy asks, too
        book = corrections(browser, run.id)
        sheet = book.active
        columns = places(sheet)
        numbered = {sheet.cell(line, 1).value: line for line in range(2, sheet.max_row + 1)}
        if "SHP-1" in numbered:
            sheet.cell(numbered["SHP-1"], columns["Expiration Date"]).value = mended
            for line in numbered.values():
                sheet.cell(line, columns["Date Shipped"]).value = "2021-02-01"
            # A comma is taken out, and all that follows it is where it belongs.
            for number, expires in (("SHP-3", "10/11/2027"), ("SHP-4", "07/06/2027")):
                good = row(id=number, expires=expires, shipped="2021-02-01").split(",")
                for column, value in enumerate(good, 1):
                    sheet.cell(numbered[number], column).value = value
        run = take_in(app, sent_as(book, kind), f"b.{kind}")
        assert {one.number for one in shipments(app)} == {"SHP-1"}
        assert run.failed == 3
        assert {one[1] for one in errors_of(app, run)} == {"Expiration Date"}
        assert all("may mean two days" in one[2] for one in errors_of(app, run))
        assert all("the same as before" in one[2] for one in errors_of(app, run))
    book = corrections(browser, run.id)
    sheet = book.active
    expires = places(sheet)["Expiration Date"]
    # Written again as MM/DD/YYYY, with the month's name, with the year in front: each is an answer.
    for line, value in ((2, "07/05/2027"), (3, "10-Nov-2027"), (4, "2027-07-06")):
        sheet.cell(line, expires).value = value
    assert numbers(take_in(app, sent_as(book, kind), f"c.{kind}")) == (3, 0, 0, 0)
    assert {one.number: f"{one.expiration_date:%m-%d}" for one in shipments(app)} == {
        "SHP-1": "08-31",
        "SHP-2": "07-05",
        "SHP-3": "11-10",
        "SHP-4": "07-06",
    }


@pytest.mark.parametrize("sent", ["the copy without its advice", "the whole file"])
def test_a_date_that_was_asked_about_is_not_guessed_in_a_file_that_tells_nothing(
    app: Flask, browser: Browser, sent: str
) -> None:
    """Only the row that showed the order of days and months was mended."""
    doubtful = row(id="SHP-2", expires="05/07/2027", shipped="02/25/2021")
    run = take_in(app, csv(row(id="SHP-1", expires="31/08/2027", shipped="02/25/2021"), doubtful))
    assert numbers(run) == (0, 0, 0, 2)
    again = csv(row(id="SHP-1", expires="08/31/2027", shipped="02/25/2021"), doubtful)
    name = "b.csv"
    if sent == "the copy without its advice":
        browser.sign_in("admin")
        book = corrections(browser, run.id)
        sheet = book.active
        for line in range(2, sheet.max_row + 1):
            if sheet.cell(line, 1).value == "SHP-1":
                sheet.cell(line, places(sheet)["Expiration Date"]).value = "08/31/2027"
        sheet.delete_cols(sheet.max_column)
        again, name = saved(book), "b.xlsx"
    for _again in range(2):  # sent once more it is asked again
        run = take_in(app, again, name)
        assert [one.number for one in shipments(app)] == ["SHP-1"]
        (asked,) = errors_of(app, run)
        assert "may mean two days" in asked[2]
    named = csv(row(id="SHP-2", expires="5-Jul-2027"), row(id="SHP-3", expires="07/08/2027"))
    assert numbers(take_in(app, named)) == (2, 0, 0, 0)


@pytest.mark.both_databases
def test_what_another_location_was_asked_about_is_not_asked_here(app: Flask) -> None:
    doubtful = row(id="SHP-2", expires="05/07/2027", shipped="02/25/2021")
    run = take_in(app, csv(row(id="SHP-1", expires="31/08/2027", shipped="02/25/2021"), doubtful))
    with app.app_context(), unit_of_work() as session:
        session.get_one(ImportRun, run.id).location_id = 1
    assert numbers(take_in(app, csv(doubtful))) == (1, 0, 0, 0)


def sent_as(book: Any, kind: str) -> bytes:
    """The workbook as it is saved by Excel, or as CSV."""
    if kind == "xlsx":
        return saved(book)
    text = io.StringIO()
    csv_writer(text).writerows(book.active.values)
    return text.getvalue().encode("utf-8-sig")


def test_the_other_columns_of_a_corrected_copy_are_read_as_before(
    app: Flask, browser: Browser
) -> None:
    run = take_in(
        app,
        csv(
            row(id="SHP-1", expires="31-Aug-2027", shipped="02/25/2021"),
            row(id="SHP-2", expires="05/07/2027", shipped="02/01/2021", doses="x"),
        ),
    )
    assert numbers(run) == (1, 0, 0, 1)
    browser.sign_in("admin")
    book = corrections(browser, run.id)
    book.active.cell(2, places(book.active)["Quantity Shipped"]).value = 5
    assert numbers(take_in(app, saved(book), "b.xlsx")) == (1, 0, 0, 0)
