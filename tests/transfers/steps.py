"""A transfer as two managers make it, page by page, and what it leaves behind."""

from sqlalchemy import select

from blueprints.inventory.models import VaccineInventory
from blueprints.transfers.checks import conserved
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.messages.models import Message
from tests.client import Browser, Page
from tests.inventory import stock

LIST = "/vaccine-inventory/?view=all"


def wrong() -> list[str]:
    """What `portal check` would find."""
    with unit_of_work(write=False):
        found = list(conserved())
    return [*stock.wrong(), *found]


def press(page: Page, browser: Browser, label: str) -> Page:
    """Follow the only link of that label."""
    return browser.get(page.root.with_text("a", label).attributes["href"])


def choose(browser: Browser, page: Page, doses: dict[int, int]) -> Page:
    """Enter doses beside records and go on."""
    values = {}
    for record, number in doses.items():
        (field,) = [
            one.attributes["name"]
            for one in page.root.all("input", type="hidden", value=str(record))
            if one.attributes["name"].startswith("lines-")
        ]
        values[field.replace("-record", "-doses")] = str(number)
    return browser.submit(page, values, button="Next", follow=True)


def send(browser: Browser, doses: dict[int, int], to: str = "Clinic B", **details: str) -> Page:
    """The whole way from the list to the page of the transfer, as the user who is signed in."""
    page = choose(browser, press(browser.get(LIST), browser, "Transfer"), doses)
    given = {"receiver_text": to, "reason": "surplus", **details}
    review = browser.submit(page, given, button="Next", follow=True)
    return browser.submit(review, button="Send", follow=True)


def receive(browser: Browser, **details: str) -> Page:
    """The first inbound transfer, up to the page that follows the second `Next`."""
    page = press(browser.get(LIST), browser, "Inbound Transfer")
    first = page.root.all("input", type="radio")[0].attributes["value"]
    form = browser.submit(page, {"line": first}, button="Next", follow=True)
    given = {"date_received": f"{stock.day():%m/%d/%Y}", **details}
    return browser.submit(form, given, button="Next", follow=True)


def records_of(scope: Scope) -> list[VaccineInventory]:
    with unit_of_work(write=False) as session:
        found = list(
            session.scalars(
                select(VaccineInventory)
                .where(VaccineInventory.location_id == scope.location_id)
                .order_by(VaccineInventory.id)
            )
        )
        session.expunge_all()
        return found


def mails(kind: str) -> list[tuple[str, dict[str, object]]]:
    with unit_of_work(write=False) as session:
        rows = session.scalars(select(Message).where(Message.kind == kind).order_by(Message.id))
        return [(row.address, row.context) for row in rows]


def name_of(scope: Scope) -> str:
    assert scope.location is not None
    return scope.location.name
