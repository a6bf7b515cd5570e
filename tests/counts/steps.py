"""Steps of counts, as a user takes them."""

from typing import Any

from flask import g, has_app_context
from sqlalchemy import select

from blueprints.counts.checks import booked
from blueprints.inventory.models import StockDocument, VaccineInventory
from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from tests.client import Browser, Page
from tests.inventory import stock

COUNTS = "/counts/"


class Window(Browser):
    """A browser beside others, in a test that is itself inside the application: what one request
    left in `g` is not there for the next."""

    def get(self, url: str, **options: Any) -> Page:
        """Fetch a page."""
        forget()
        return super().get(url, **options)

    def post(self, url: str, data: Any = None, **options: Any) -> Page:
        """Send a form."""
        forget()
        return super().post(url, data, **options)


def forget() -> None:
    """Empty `g`."""
    if has_app_context():
        vars(g).clear()


def offered(page: Page) -> dict[str, str]:
    """What may be counted, by the words of the choice; the value that stands for each."""
    options = page.root.one("select", name="storage_unit").all("option")
    return {one.text: one.attributes["value"] for one in options}


def begin(browser: Browser, part: str = "All storage units") -> Page:
    """Press `Count` on the list, choose what to count, press `Start Count`; the page that
    follows."""
    page = browser.get("/vaccine-inventory/?view=all")
    page = browser.get(page.root.with_text("a", "Count").attributes["href"])
    chosen = [value for words, value in offered(page).items() if words.startswith(f"{part} (")]
    assert len(chosen) == 1, f"{part} in {offered(page)}"
    return browser.submit(page, {"storage_unit": chosen[0]}, button="Start Count", follow=True)


def enter(
    browser: Browser,
    page: Page,
    counted: dict[int, object],
    /,
    *,
    button: str = "Finish",
    **more: str,
) -> Page:
    """Enter what was counted by line, and press a button; the page that follows."""
    values = {f"counted_{number}": str(doses) for number, doses in counted.items()}
    return browser.submit(page, {**values, **more}, button=button, follow=True)


def field(page: Page, name: str) -> str:
    """What stands in a field of the form."""
    return page.root.one("input", name=name).attributes.get("value", "")


def store(record: int, unit: str) -> None:
    """Put a record into a storage unit, in a unit of work of its own."""
    with unit_of_work() as session:
        session.get_one(VaccineInventory, record).storage_unit = unit


def documents() -> list[tuple[str, str, str]]:
    """Kind, reason and note of all documents."""
    with unit_of_work(write=False) as session:
        rows = session.scalars(select(StockDocument).order_by(StockDocument.id))
        return [(row.kind, row.reason, row.note) for row in rows]


def wrong() -> list[str]:
    """What `portal check` would find."""
    with unit_of_work(write=False):
        found = list(booked())
    return [*stock.wrong(), *found]


def actions() -> list[str]:
    """The audited actions on counts, in order."""
    with unit_of_work(write=False) as session:
        found = session.scalars(select(AuditEntry.action).order_by(AuditEntry.number))
        return [action for action in found if action.startswith("count.")]
