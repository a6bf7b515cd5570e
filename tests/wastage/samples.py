"""A loss with its document at each location."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sqlalchemy import select

from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.models import DoseEntry
from blueprints.inventory.rules import DocumentKind
from blueprints.wastage.services import Loss, record_loss
from portal.db import unit_of_work
from tests.browser.steps import second_step
from tests.inventory import stock
from tests.samples import Access, Filled, Making, Own, Samples, Tour

if TYPE_CHECKING:
    from playwright.sync_api import Page


def make(making: Making) -> None:
    """Record the losses."""
    for place in making.places:
        loss = Loss(
            kind=DocumentKind.WASTAGE,
            lines=[Chosen(making.ids["inventory"][place.letter], 1)],
            happened_on=stock.day(),
            reason="other",
            vial="open",
            note=f"Fell down {place.sign}",
        )
        with unit_of_work():
            document = making.note("document", place.letter, record_loss(place.scope, loss).id)
        with unit_of_work(write=False) as session:
            entry = session.scalars(
                select(DoseEntry.id).where(DoseEntry.document_id == document)
            ).one()
            making.note("entry", place.letter, entry)


def begin(signed_in: "Callable[[str], Page]") -> Iterator[tuple[str, str]]:
    """Go to the second step of wastage and of a return."""
    page = signed_in("manager.a")
    for path in ("/vaccine-inventory/wastage", "/vaccine-inventory/return"):
        page.goto(path)
        page.locator("main input[inputmode=numeric]").first.fill("1")
        yield f"{path}/<id>/<step>", second_step(page, path)


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "inventory.document:document_id": Own("document"),
            "inventory.reverse:entry_id": Own("entry"),
        }
    ),
    wizards={
        name: Filled(values={"lines-0-doses": "1"})
        for name in ("wastage.wastage", "wastage.return")
    },
    tour=Tour(pages={"/vaccine-inventory/wastage": ("?record=1",)}, begin=begin),
)
