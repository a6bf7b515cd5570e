"""Supplier's files for tests."""

import io

from flask import Flask

from blueprints.shipments.importing import IMPORT
from portal.db import unit_of_work
from portal.imports import running
from portal.imports.models import ImportError, ImportRun
from portal.imports.receiving import receive_file

HEADER = (
    "Shipment ID,ExIS Order Number,Provider PIN,NDC,Manufacturer,Lot Number,"
    "Expiration Date,Quantity Shipped,Date Shipped,Carrier,Tracking Number"
)
ROW = {
    "id": "SHP-1",
    "order": "EX21-1",
    "pin": "NCA650001",
    "ndc": "80777-0273-99",
    "maker": "Moderna",
    "lot": "011J20A",
    "expires": "06/30/2027",
    "doses": "300",
    "shipped": "02/01/2021",
    "carrier": "UPS",
    "tracking": "1Z999AA10123456784",
}


def row(**changes: str) -> str:
    """A good row, with `changes`."""
    return ",".join({**ROW, **changes}.values())


def csv(*rows: str) -> bytes:
    """A file of these rows."""
    return "\r\n".join([HEADER, *rows, ""]).encode()


def take_in(app: Flask, content: bytes, name: str = "shipments.csv") -> ImportRun:
    """Take a file in, as the command line would."""
    settings = app.extensions["portal"].settings
    with app.app_context():
        with unit_of_work():
            stream = io.BytesIO(content)
            run_id = receive_file(
                IMPORT, settings, None, name=name, content=stream, source="command"
            ).id
        return running.process(settings, run_id)


def errors_of(app: Flask, run: ImportRun) -> list[tuple[int, str, str]]:
    """Row, column and message of everything wrong with a file."""
    with app.app_context(), unit_of_work(write=False) as session:
        return [
            (error.row, error.column, error.message)
            for error in session.query(ImportError)
            .where(ImportError.run_id == run.id)
            .order_by(ImportError.row, ImportError.id)
        ]


def take_in_waiting(app: Flask) -> None:
    """Take in what was uploaded or collected, as the job would."""
    with app.app_context():
        running.process_waiting(app.extensions["portal"].settings)
