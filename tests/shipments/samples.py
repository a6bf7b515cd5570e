"""An import with a shipment for each location, and a row that is wrong."""

import io
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import Select, Table, func, select

from blueprints.shipments.importing import IMPORT
from blueprints.shipments.models import Shipment
from portal.db import session, unit_of_work
from portal.imports import running
from portal.imports.models import ImportRun
from portal.imports.receiving import receive_file
from portal.settings import current
from tests.samples import (
    EVERYBODY,
    Access,
    Canaries,
    Common,
    Making,
    Own,
    Samples,
    Tour,
    Upgrade,
)
from tests.shipments.files import csv, row

if TYPE_CHECKING:
    from playwright.sync_api import Page

PINS = {"A": "NCA650001", "B": "NCA650002"}


def make(making: Making) -> None:
    """Take in the file, and note what came of it."""
    content = csv(*map(_line, PINS, map(making.sign, PINS)), row(id="BAD", doses="x"))
    with unit_of_work():
        run = receive_file(
            IMPORT,
            current(),
            None,
            name="sample.csv",
            content=io.BytesIO(content),
            source="command",
        )
        making.note("run", "", run.id)
    running.process(current(), making.ids["run"][""])
    letters = {number: letter for letter, number in making.personas.locations.items()}
    with unit_of_work(write=False) as session:
        for shipment in session.query(Shipment).all():
            making.note("shipment", letters[shipment.location_id], shipment.id)
            making.note("order", letters[shipment.location_id], shipment.order_id)


def _line(letter: str, sign: str) -> str:
    return row(
        id=f"SHP-{letter}{sign}",
        order=f"EX-{letter}{sign}",
        pin=PINS[letter],
        maker=f"Moderna {sign}".strip(),
        lot=f"LOT{letter}{sign}"[:20],
        carrier=f"Carrier{sign}",
        tracking=f"TRACK{letter}{sign}",
    )


def begin(signed_in: "Callable[[str], Page]") -> Iterator[tuple[str, str]]:
    """Import a file of which one row has to be corrected."""
    page = signed_in("admin")
    page.goto("/shipments/imports")
    page.get_by_label("File").set_input_files(
        {
            "name": "one bad row.csv",
            "mimeType": "text/csv",
            "buffer": csv(row(pin="NCA999999", lot="?" * 80)),
        }
    )
    page.get_by_role("button", name="Import").click()
    page.get_by_text("What to correct").wait_for(timeout=30_000)
    yield "/shipments/imports/<id>", urlsplit(page.url).path


def find() -> Iterator[tuple[str, str]]:
    """The last file that was taken in."""
    last = select(func.max(ImportRun.id)).where(ImportRun.kind == IMPORT.name)
    yield "/shipments/imports/<id>", f"/shipments/imports/{session().scalar(last)}"


def moved_runs(tables: Mapping[str, Table]) -> "Select[Any]":
    """The runs of shipments with their files, as they were before imports were the platform's."""
    run, file = tables["import_run"], tables["stored_file"]
    named = [file.c.name.label("file_name"), file.c.stored_as, file.c.sha256, file.c.bytes]
    return select(*run.c, *named).join(file, file.c.id == run.c.file_id)


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "shipment_id": Own("shipment"),
            "order_id": Own("order"),
            "run_id": Common("run"),
        },
        # Of those who enter shipments for everybody.
        everywhere={"shipments.saved": EVERYBODY},
        elsewhere=("/shipments/{shipment}", "/shipments/orders/{order}"),
        numbers=("/shipments/imports?before={}", "/shipments/?view=all&after={}"),
    ),
    canaries=Canaries(
        searches=("SHP-B", "LOTB", "TRACKB"),
        more=("/shipments/{shipment}?tab=related",),
        shown=(
            "/shipments/?view=all",
            "/shipments/?view=all&export=csv",
            "/shipments/?view=all&export=xlsx",
            "/lookups/shipments?q=SHP-B",
            "/shipments/{shipment}",
            "/shipments/orders/{order}",
        ),
    ),
    tour=Tour(
        pages={
            "/shipments/": (
                "?view=all",
                "?view=all&q=zzz",
                "?view=recent",
                "?view=all&sort=-lot&rows=100",
            ),
            "/shipments/<id>": ("/shipments/52", "/shipments/52?tab=related", "/shipments/1"),
            "/shipments/<id>/close": ("/shipments/52/close",),
            "/shipments/<id>/reopen": ("/shipments/52/reopen",),
            "/shipments/orders/<id>": ("/shipments/orders/1",),
            "/shipments/new/<id>": ("/shipments/new/1",),
        },
        no_pages=(r"/shipments/imports/.*\.xlsx", "/shipments/imports/<id>/progress"),
        find=find,
        begin=begin,
    ),
    upgrade=Upgrade(
        moved={
            "shipment_import": moved_runs,
            "shipment_import_part": lambda tables: select(tables["import_part"]),
            "shipment_import_error": lambda tables: select(tables["import_error"]),
        }
    ),
)
