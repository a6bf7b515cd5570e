"""The supplier's file, row by row."""

import csv
import dataclasses
from datetime import date
from pathlib import Path

import pytest

from blueprints.shipments.sheets import COLUMNS, ShipmentRow, parse_shipment, shipment_columns
from portal.sheets.columns import CellError, bind, header_test

HEADER = [column.label for column in COLUMNS]
TODAY = date(2021, 6, 1)
SAMPLE = Path(__file__).with_name("sample.csv")
GOOD = {
    "Shipment ID": "SHP-2021-000101",
    "ExIS Order Number": "EX21-004417",
    "Provider PIN": "NCA650001",
    "NDC": "59267-1000-02",
    "Manufacturer": "Pfizer-BioNTech",
    "Lot Number": "EL9262",
    "Expiration Date": "05/31/2021",
    "Quantity Shipped": "975",
    "Date Shipped": "02/01/2021",
    "Carrier": "UPS",
    "Tracking Number": "1Z999AA10123456784",
}


def parse(**changes: object) -> tuple[ShipmentRow | None, list[CellError]]:
    cells = [
        (GOOD | {key.replace("_", " "): value for key, value in changes.items()})[name]
        for name in HEADER
    ]
    return parse_shipment(bind(COLUMNS, HEADER), cells, today=TODAY)


def test_a_good_row() -> None:
    row, errors = parse()
    assert errors == []
    assert row == ShipmentRow(
        "SHP-2021-000101",
        "EX21-004417",
        "NCA650001",
        ("59267-1000-02",),
        "Pfizer-BioNTech",
        "EL9262",
        date(2021, 5, 31),
        False,
        975,
        date(2021, 2, 1),
        "UPS",
        "1Z999AA10123456784",
    )
    assert row.ndc == "59267-1000-02"
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.quantity = 1  # type: ignore[misc]


def test_month_only_expiration_ten_digit_ndc_and_numbers_of_excel() -> None:
    row, errors = parse(
        Expiration_Date="06/2021",
        NDC="5926710002",
        Provider_PIN=650001,
        Lot_Number=1805018,
        Tracking_Number=449044304137821.0,
        Quantity_Shipped=975.0,
        Date_Shipped=44228,
    )
    assert errors == []
    assert row is not None
    assert (row.expiration, row.expiration_month_only) == (date(2021, 6, 30), True)
    assert len(row.ndc_candidates) == 3
    assert row.ndc is None
    assert (row.provider_pin, row.lot) == ("NCA650001", "1805018")
    assert (row.tracking_number, row.quantity) == ("449044304137821", 975)
    assert row.date_shipped == date(2021, 2, 1)


def test_optional_columns() -> None:
    row, errors = parse(Carrier="", Tracking_Number=None)
    assert errors == []
    assert row is not None
    assert (row.carrier, row.tracking_number) == (None, None)


@pytest.mark.parametrize("name", [c.label for c in COLUMNS if c.required])
def test_required_columns(name: str) -> None:
    row, errors = parse(**{name: " "})
    assert row is None
    assert [(error.column, error.position) for error in errors] == [(name, HEADER.index(name))]


def test_every_error_of_a_row_at_once() -> None:
    row, errors = parse(
        Shipment_ID="x" * 65,
        Provider_PIN="65",
        NDC="1",
        Lot_Number="é",
        Expiration_Date="soon",
        Quantity_Shipped="0",
        Date_Shipped="13/13/2021",
        Carrier="\x00",
        Tracking_Number="4.49E+14",
    )
    assert row is None
    assert {error.column for error in errors} == set(HEADER) - {"ExIS Order Number", "Manufacturer"}


def test_shipped_after_it_expired() -> None:
    assert parse(Date_Shipped="05/31/2021")[1] == []
    row, errors = parse(Expiration_Date="01/31/2021")
    assert row is None
    assert errors == [
        CellError(
            "Expiration Date",
            "The lot expired before it was shipped. "
            "Check the expiration date and the date shipped.",
            "01/31/2021",
            HEADER.index("Expiration Date"),
        )
    ]


def test_shipped_in_the_future() -> None:
    assert parse(Date_Shipped="06/02/2021", Expiration_Date="12/2021")[1] == []
    errors = parse(Date_Shipped="06/03/2021", Expiration_Date="12/2021")[1]
    assert [(error.column, error.value) for error in errors] == [("Date Shipped", "06/03/2021")]


def test_usual_names_of_suppliers() -> None:
    header = [
        "Tracking #",
        "Ship Date",
        "Qty",
        "Exp Date",
        "Lot #",
        "Mfr",
        "NDC #",
        "VFC PIN",
        "Order #",
        "Shipment #",
        "Carrier",
    ]
    assert header_test(COLUMNS)(header)
    bound = bind(COLUMNS, header)
    assert bound.problems == bound.notes == ()
    assert len(bound.positions) == 11


def test_workbook_of_1904_and_another_prefix() -> None:
    columns = shipment_columns(pin_prefix="XY", epoch_1904=True)
    cells = list((GOOD | {"Provider PIN": "XY650001", "Date Shipped": 44228 - 1462}).values())
    row, errors = parse_shipment(bind(columns, HEADER), cells, today=TODAY)
    assert errors == []
    assert row is not None
    assert (row.provider_pin, row.date_shipped) == ("XY650001", date(2021, 2, 1))


def test_the_sample_file() -> None:
    with SAMPLE.open(newline="") as file:
        header, *rows = csv.reader(file)
    bound = bind(COLUMNS, header)
    parsed = [parse_shipment(bound, row, today=TODAY) for row in rows]
    assert [errors for _, errors in parsed] == [[]] * 7
    assert sum(row.expiration_month_only for row, _ in parsed if row) == 2
