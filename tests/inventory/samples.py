"""A record for each location, from its shipment, and a lot in quarantine."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import select

from blueprints.inventory.models import DoseEntry
from blueprints.inventory.quarantine import services as quarantine
from portal.db import session, unit_of_work
from tests.browser.steps import second_step
from tests.inventory import stock
from tests.samples import (
    Access,
    Begun,
    Canaries,
    Filled,
    Making,
    Own,
    Samples,
    Text,
    Tour,
    Upgrade,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

ZERO = (
    "doses_administered",
    "doses_wasted",
    "doses_returned",
    "doses_transferred_in",
    "doses_adjusted",
    "doses_in_transit",
    "doses_transferred",
    "doses_available",
    "doses_total",
)


def make(making: Making) -> None:
    """Add the records and place the lots."""
    for place in making.places:
        letter, sign = place.letter, place.sign
        record = stock.add(
            place.scope,
            name=f"Fridge {letter} {sign}".strip(),
            lot=f"LOT{letter}{sign}"[:20],
            serial_number=f"SN{letter}{sign}",
            doses=50,
            shipment_id=making.ids["shipment"][letter],
        )
        making.note("inventory", letter, record)
        product = stock.product_id()
        with unit_of_work():
            hold = quarantine.Hold(
                product_id=product, lot=f"HELD{letter}", reason="recall", note=sign
            )
            making.note("quarantine", letter, quarantine.place(place.scope, hold).id)


def adding(_making: Making, _letter: str, sign: str) -> Begun:
    """Something typed in already, if it is to be looked for."""
    return Begun(entered={"details": [["name", f"Draft {sign}"]]} if sign else {})


def adjusting(making: Making, letter: str, _sign: str) -> Begun:
    """An adjustment of the location's record."""
    return Begun(args={"inventory_id": str(making.ids["inventory"][letter])})


def begin(signed_in: "Callable[[str], Page]") -> Iterator[tuple[str, str]]:
    """Begin to add a shipment and pause, and begin to adjust a record."""
    page = signed_in("manager.a")
    page.goto("/vaccine-inventory/add?shipment=52")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="Review").wait_for()
    review = urlsplit(page.url).path
    page.get_by_role("button", name="Pause").click()
    address = page.get_by_role("link", name="Continue New Vaccine Inventory").get_attribute("href")
    assert address
    yield "/vaccine-inventory/add/<id>/<step>", review.replace("/review", "/details")
    yield "/vaccine-inventory/add/<id>/<step>", review
    yield "/drafts/<id>", address
    page.goto("/vaccine-inventory/1/adjust")
    page.locator("main input[inputmode=numeric]").first.fill("1")
    page.get_by_role("combobox", name="Reason").select_option("Found again")
    second = second_step(page, "/vaccine-inventory/1/adjust")
    yield "/vaccine-inventory/<id>/adjust/<id>/<step>", second


def find() -> Iterator[tuple[str, str]]:
    """A loss with its document."""
    row = (
        session()
        .execute(
            select(DoseEntry.id, DoseEntry.document_id)
            .where(DoseEntry.location_id == 1, DoseEntry.kind == "wasted")
            .order_by(DoseEntry.id)
        )
        .first()
    )
    assert row is not None
    yield "/vaccine-inventory/documents/<id>", f"/vaccine-inventory/documents/{row.document_id}"
    reverse = "/vaccine-inventory/entries/{}/reverse"
    yield reverse.format("<id>"), reverse.format(row.id)


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "inventory_id": Own("inventory"),
            "inventory:record_id": Own("inventory"),
            "inventory:field": Text("name"),
            "quarantine_id": Own("quarantine"),
        },
        elsewhere=("/vaccine-inventory/{inventory}",),
        numbers=(
            "/vaccine-inventory/add?shipment={}",
            "/vaccine-inventory/{inventory}?tab=related&before={}",
        ),
        drafts={"inventory.add": adding, "inventory.adjust": adjusting},
    ),
    canaries=Canaries(
        searches=("Fridge B", "LOTB", "Draft"),
        more=(
            "/vaccine-inventory/{inventory}?tab=related",
            "/vaccine-inventory/add?shipment={shipment}",
            "/vaccine-inventory/add?late={draft_inventory_add}",
        ),
        shown=(
            "/vaccine-inventory/?view=all",
            "/vaccine-inventory/?view=all&export=csv",
            "/vaccine-inventory/?view=all&export=xlsx",
            "/vaccine-inventory/{inventory}",
            "/drafts/{draft_inventory_add}",
        ),
    ),
    tour=Tour(
        pages={
            "/vaccine-inventory/": ("?view=all",),
            "/vaccine-inventory/<id>": (
                "/vaccine-inventory/1",
                "/vaccine-inventory/1?tab=related",
                "/vaccine-inventory/1/edit/name",
            ),
            "/vaccine-inventory/add": ("?shipment=52",),
            "/vaccine-inventory/<id>/adjust": ("/vaccine-inventory/1/adjust",),
            "/vaccine-inventory/history": ("?kind=wasted",),
            "/vaccine-inventory/<id>/quarantine": ("/vaccine-inventory/1/quarantine",),
            "/vaccine-inventory/quarantine/<id>/release": (
                "/vaccine-inventory/quarantine/1/release",
            ),
        },
        find=find,
        begin=begin,
    ),
    wizards={
        "inventory.add": Filled(
            args=lambda ids: {"shipment": str(ids["shipment"])},
            values={"lot": "NEW-1", "name": ""},
            last=26,
            whole=56,
        ),
        "inventory.adjust": Filled(
            args=lambda ids: {"inventory_id": str(ids["inventory"])}, values={"doses": "1"}
        ),
    },
    upgrade=Upgrade(
        demanded={
            "vaccine_inventory": dict.fromkeys(ZERO, 0),
            "lot_correction": {"doses_given": 0, "lot": "NEW", "lot_before": "OLD"},
            "dose_entry": {"doses": 5, "kind": "received", "reverses_id": None},
        },
        never_written={"dose_entry": frozenset({"document"})},
    ),
)
