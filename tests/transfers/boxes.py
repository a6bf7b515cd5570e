"""Transfers for tests, made through the services, and what the list of a location shows."""

from blueprints.inventory.leaving.selection import Chosen
from blueprints.transfers import services
from blueprints.transfers.checks import listed
from blueprints.transfers.queries import SentTransfer
from blueprints.transfers.services import Receipt, Sending
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.listviews.checks import counts, searching
from tests.client import Browser, Page
from tests.inventory import stock

MODERNA = "Moderna COVID-19 Vaccine (max 10/11-dose vial, 5 mL)"
PFIZER = "59267-1000-01"


def send(scope: Scope, to: Scope, *records: int, doses: int = 4, back: int = 0) -> SentTransfer:
    """So many doses of each record."""
    with unit_of_work():
        return services.send(
            scope,
            Sending(
                lines=[Chosen(record, doses) for record in records],
                to_location_id=to.location_id,
                sent_on=stock.day(back),
                reason="surplus",
            ),
        )


def receive(scope: Scope, sent: SentTransfer, line: int = 0, doses: int = 4) -> None:
    with unit_of_work():
        row = sent.lines[line].row
        services.receive(scope, Receipt(line_id=row.id, received_on=stock.day(), doses=doses))


def rows(page: Page) -> list[list[str]]:
    """The cells of the rows that the list shows."""
    return [
        [cell.text for cell in line.all("th") + line.all("td")]
        for body in page.root.all("tbody")
        for line in body.all("tr")
    ]


def numbers(browser: Browser, query: str = "view=all") -> list[str]:
    """The transfers that the list shows, in order."""
    return [row[0] for row in rows(browser.get(f"/transfers/?{query}"))]


def wrong() -> list[str]:
    """What `portal check` would find."""
    with unit_of_work(write=False):
        found = [*listed(), *counts()]
    return [*found, *searching()]
