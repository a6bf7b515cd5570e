"""What becomes of the rows of a supplier's file (SPEC C1)."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from blueprints.shipments.importing import IMPORT
from blueprints.shipments.models import Order
from portal.audit.models import AuditEntry
from portal.clock import now
from portal.db import unit_of_work
from portal.imports import running
from portal.imports.models import ImportError, ImportRun
from portal.imports.receiving import receive_file
from portal.messages.models import Message
from portal.sheets import csv_file
from portal.sheets.table import Table
from portal.sheets.writer import write_xlsx
from tests.client import Browser
from tests.inventory import stock
from tests.personas import Personas
from tests.shipments.files import HEADER, csv, errors_of, row, take_in
from tests.shipments.taken import count, numbers, shipments


def xlsx(*rows: str) -> bytes:
    """The same rows as a workbook."""
    made = io.BytesIO()
    write_xlsx(made, HEADER.split(","), [line.split(",") for line in rows])
    return made.getvalue()


FORMATS = pytest.mark.parametrize("file", [csv, xlsx])
File = Callable[..., bytes]


@pytest.mark.both_databases
@FORMATS
def test_a_good_file_goes_in_and_the_same_again_changes_nothing(app: Flask, file: File) -> None:
    content = file(
        row(), row(id="SHP-2", pin="NCA650002", expires="06/2027"), row(id="SHP-3", order="EX21-2")
    )
    run = take_in(app, content, "a.csv")
    assert (run.state, run.problem, numbers(run)) == ("finished", "", (3, 0, 0, 0))
    first = [vars(one) | {"_sa_instance_state": None} for one in shipments(app)]
    assert [one["number"] for one in first] == ["SHP-1", "SHP-2", "SHP-3"]
    assert first[1]["expiration_month_only"] is True
    assert count(app, Order) == 3
    mails, entries = count(app, Message), count(app, AuditEntry)
    again = take_in(app, content, "b.csv")
    assert (again.state, numbers(again)) == ("finished", (0, 0, 3, 0))
    assert [vars(one) | {"_sa_instance_state": None} for one in shipments(app)] == first
    assert count(app, Message) == mails
    assert count(app, AuditEntry) == entries + 2, "the file was received and finished"


@FORMATS
def test_a_corrected_row_updates_what_was_not_received(app: Flask, file: File) -> None:
    take_in(app, file(row()))
    run = take_in(app, file(row(order="EX21-9", doses="200", tracking="1Z999AA10123456785")))
    assert numbers(run) == (0, 1, 0, 0)
    (shipment,) = shipments(app)
    assert (shipment.order_number, shipment.doses_shipped, shipment.version) == ("EX21-9", 200, 2)
    assert "1z999aa10123456785" in shipment.search
    assert "1z999aa10123456784" not in shipment.search


@pytest.mark.both_databases
@FORMATS
def test_another_manufacturer_alone_is_a_correction(app: Flask, file: File) -> None:
    take_in(app, file(row()))
    run = take_in(app, file(row(maker="Moderna US")))
    assert numbers(run) == (0, 1, 0, 0)
    (shipment,) = shipments(app)
    assert (shipment.manufacturer, shipment.version) == ("Moderna US", 2)
    assert "moderna us" in shipment.search
    assert numbers(take_in(app, file(row(maker="Moderna US")))) == (0, 0, 1, 0)


@FORMATS
def test_after_receipt_a_correction_is_refused_with_the_reason(
    app: Flask, personas: Personas, file: File
) -> None:
    take_in(app, file(row(), row(id="SHP-2")))
    number = stock.shipment_id(app)
    with app.app_context():
        stock.add(stock.scope_for(personas, "manager_a"), doses=10, shipment_id=number)
    run = take_in(app, file(row(order="NEW", doses="310"), row(id="SHP-2", order="NEW")))
    assert numbers(run) == (0, 1, 0, 1)
    ((line, column, message),) = errors_of(app, run)
    assert (line, column) == (2, "ExIS Order Number")
    assert "were already received (10 of 300)" in message
    assert "ExIS Order Number, Quantity Shipped" in message
    with app.app_context(), unit_of_work(write=False) as session:
        error = session.scalars(select(ImportError)).one()
        assert (error.value, error.position) == ("NEW", 1), "the cell that cannot be changed"
    assert [one.order_number for one in shipments(app)] == ["EX21-1", "NEW"]
    assert numbers(take_in(app, file(row()))) == (0, 0, 1, 0), "the same as before is no change"


@FORMATS
def test_everything_wrong_with_every_row_is_said_at_once_and_the_good_ones_go_in(
    app: Flask, file: File
) -> None:
    run = take_in(
        app,
        file(
            row(),
            row(id="", lot="LOT€", doses="0", expires="13/2027", pin="NCA999999", maker="Pfizer"),
            row(id="SHP-3", pin="NCA999999", ndc="12345-6789-01"),
            row(id="SHP-4", maker="Pfizer"),
            row(id="SHP-5", shipped="02/01/2099"),
            row(id="SHP-6", expires="01/31/2021"),
            row(id="SHP-7", ndc="00310-1222-15", maker="AstraZeneca"),
            row(id="SHP-8", pin="650001"),
        ),
    )
    assert run.state == "finished"
    assert numbers(run) == (2, 0, 0, 6)
    assert [one.number for one in shipments(app)] == ["SHP-1", "SHP-8"]
    found = {(line, column) for line, column, _message in errors_of(app, run)}
    assert found == {
        (3, "Shipment ID"),
        (3, "Lot Number"),
        (3, "Quantity Shipped"),
        (3, "Expiration Date"),
        (3, "Provider PIN"),
        (3, "Manufacturer"),
        (4, "Provider PIN"),
        (4, "NDC"),
        (5, "Manufacturer"),
        (6, "Date Shipped"),
        (7, "Expiration Date"),
        (8, "NDC"),
    } | ({(6, "Expiration Date")} if (6, "Expiration Date") in found else set())
    said = {message for _line, _column, message in errors_of(app, run)}
    assert any("cannot be ordered" in message for message in said)
    assert any("belongs to Moderna, but the row says Pfizer-BioNTech" in one for one in said)
    assert all(message.endswith(".") for message in said)


def test_ten_digits_that_fit_one_vaccine_are_taken_and_what_fits_none_is_refused(
    app: Flask,
) -> None:
    run = take_in(app, csv(row(ndc="8077727399"), row(id="SHP-2", ndc="1234567890")))
    assert numbers(run) == (1, 0, 0, 1)
    assert shipments(app)[0].ndc == "80777-0273-99"
    ((line, column, _message),) = errors_of(app, run)
    assert (line, column) == (3, "NDC")


@pytest.mark.both_databases
def test_ten_digits_that_fit_two_vaccines_ask_for_the_hyphens(app: Flask) -> None:
    """8077727398 is 80777-273-98 (5-3-2) and could be 08077-7273-98 (4-4-2)."""
    from portal.catalog.models import Product, ProductPackage

    with app.app_context(), unit_of_work() as session:
        product = Product(
            key="08077-7273-98", name="Another", manufacturer="Another", cvx="1", mvx="X"
        )
        product.packages.append(ProductPackage(ndc="08077-7273-98", kind="use"))
        session.add(product)
    run = take_in(app, csv(row(ndc="8077727398"), row(id="SHP-2", ndc="80777-273-98")))
    assert numbers(run) == (1, 0, 0, 1)
    ((line, _column, message),) = errors_of(app, run)
    assert line == 2
    assert "hyphens" in message


def test_rows_that_repeat_or_contradict_each_other(app: Flask) -> None:
    run = take_in(app, csv(row(), row(), row(order="OTHER", doses="5"), row(id="SHP-2")))
    assert numbers(run) == (2, 0, 1, 1)
    ((line, column, message),) = errors_of(app, run)
    assert (line, column) == (4, "Shipment ID")
    assert "Row 2" in message
    assert "ExIS Order Number, Quantity Shipped" in message
    assert [one.lot for one in shipments(app)] == ["011J20A", "011J20A"]


def test_repetitions_far_apart_are_seen_too(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "BATCH_ROWS", 2)
    rows = [row(id=f"SHP-{number}") for number in range(1, 6)]
    run = take_in(app, csv(*rows, row(id="SHP-1"), row(id="SHP-2", doses="5")))
    assert numbers(run) == (5, 0, 1, 1)
    assert run.rows_done == 7


@pytest.mark.both_databases
def test_one_shipment_id_with_two_vaccines_is_two_records(app: Flask) -> None:
    janssen = row(ndc="59676-0580-15", maker="Janssen", lot="1805018", doses="50")
    assert numbers(take_in(app, csv(row(), janssen))) == (2, 0, 0, 0)
    assert {one.number for one in shipments(app)} == {"SHP-1"}
    assert len({one.product_id for one in shipments(app)}) == 2
    assert count(app, Order) == 1


def test_a_shipment_moved_to_another_location_leaves_the_first_one(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    take_in(app, csv(row()))
    number = stock.shipment_id(app)
    assert numbers(take_in(app, csv(row(pin="NCA650002")))) == (0, 1, 0, 0)
    browser.sign_in("manager_a")
    assert browser.get(f"/shipments/{number}").status == 404
    assert "SHP-1" not in browser.get("/shipments/?view=all").html
    browser.sign_in("manager_b")
    page = browser.get(f"/shipments/{number}")
    assert page.status == 200
    order = page.root.with_text("a", "EX21-1")
    assert browser.get(order.attributes["href"]).status == 200


def test_an_unapproved_location_gets_nothing(app: Flask, personas: Personas) -> None:
    from portal.places.models import Location

    with app.app_context(), unit_of_work() as session:
        session.get_one(Location, personas.locations["A"]).approved = False
    run = take_in(app, csv(row()))
    assert numbers(run) == (0, 0, 0, 1)
    assert errors_of(app, run)[0][1] == "Provider PIN"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7\n%more", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "Office"),
        (b"<html><table></table></html>", "web page"),
        (b"PK\x03\x04" + b"\0" * 200, "damaged"),
        (b"one,two\r\n1,2\r\n", "No header row"),
        ((HEADER + "\r\n").encode(), "no rows"),
        (HEADER.replace("NDC,", "").encode() + b"\r\nx", "NDC"),
        ((HEADER + ",NDC\r\n" + row()).encode(), "more than once"),
        (csv(row())[:-40] + b"\0" * 50, "NUL"),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_a_sentence(
    app: Flask, content: bytes, said: str
) -> None:
    run = take_in(app, content)
    assert run.state == "failed"
    assert said in run.problem
    assert shipments(app) == []
    assert run.finished_at is not None


def test_rows_before_the_damage_stay_in(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "BATCH_ROWS", 2)
    rows = [row(id=f"SHP-{number}") for number in range(1, 6)]
    run = take_in(app, csv(*rows) + b'SHP-9,"opens and never closes\r\n' + b"x" * 200)
    assert run.state == "failed"
    assert "double quote" in run.problem
    assert run.added == 4 == len(shipments(app))
    mended = take_in(app, csv(*rows))
    assert numbers(mended) == (1, 0, 4, 0)


def test_a_file_that_kills_its_worker_each_time_is_given_up(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.extensions["portal"].settings

    def burst(*_arguments: object, **_named: object) -> Table:
        raise MemoryError

    monkeypatch.setattr(running, "open_table", burst)
    moment = now()
    with app.app_context():
        with unit_of_work():
            receive_file(
                IMPORT,
                settings,
                None,
                name="x.csv",
                content=io.BytesIO(csv(row())),
                source="command",
            )
        for attempt in range(5):
            with (
                time_machine.travel(moment + attempt * timedelta(minutes=2)),
                pytest.raises(MemoryError),
            ):
                running.process_waiting(settings)
        with time_machine.travel(moment + timedelta(hours=1)):
            assert running.process_waiting(settings) == 1
        with unit_of_work(write=False) as session:
            run = session.scalars(select(ImportRun)).one()
            assert (run.state, run.problem) == ("failed", "Reading this file failed several times.")


@pytest.mark.both_databases
def test_a_worker_that_lost_its_lease_writes_nothing_more(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "BATCH_ROWS", 1)
    settings = app.extensions["portal"].settings
    taken_over = False

    def robbed(run: ImportRun) -> None:
        nonlocal taken_over
        if not taken_over:
            taken_over = True
            with time_machine.travel(now() + timedelta(minutes=2)):
                assert running.process(settings, run.id).state == "finished"

    with app.app_context():
        with unit_of_work():
            content = io.BytesIO(csv(*(row(id=f"SHP-{one}") for one in range(4))))
            run = receive_file(
                IMPORT, settings, None, name="x.csv", content=content, source="command"
            )
        seen = running.process(settings, run.id, progress=robbed)
        assert numbers(seen) == (4, 0, 0, 0)
        assert seen.state == "finished"
        with unit_of_work(write=False) as session:
            finished = select(func.count()).where(AuditEntry.action == "shipments.file_finished")
            assert session.scalar(finished) == 1


def test_an_unused_order_number_of_two_locations_is_two_orders(app: Flask) -> None:
    run = take_in(app, csv(row(), row(id="SHP-2", pin="NCA650002")))
    assert run.added == 2
    assert count(app, Order) == 2
