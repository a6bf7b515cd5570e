"""Bytes over the wire and requests, as a real Chromium counts them (response headers included).

    python -m bench.weight

A first visit to the sign-in page; the journey sign-in, list, next page in one fresh browser; the
part of a page that htmx asks for; every main page with and without its static files in the cache.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.serving import CHROMIUM, PASSPHRASE, chromium, practice_instance, serving

LIST = "/shipments/?view=all"
PAGES = {
    "Home": "/",
    "Shipments, 25 rows": LIST,
    "Shipment": "/shipments/52",
    "Add to Inventory": "/vaccine-inventory/add?shipment=52",
    "Vaccine Inventory": "/vaccine-inventory/?view=all",
    "Inventory record": "/vaccine-inventory/1",
    "Its history": "/vaccine-inventory/1?tab=related",
    "Account": "/locations/1",
    "Account Management": "/accounts",
    "Help & Information": "/help-information",
}


@dataclass
class Meter:
    """What a page's network domain reports: bytes received by request, from the cache none."""

    page: Page
    sizes: dict[str, float] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session = self.page.context.new_cdp_session(self.page)
        self.session.send("Network.enable")
        self.session.on("Network.requestWillBeSent", self._asked)
        self.session.on("Network.requestServedFromCache", self._from_cache)
        self.session.on("Network.responseReceived", self._answered)
        self.session.on("Network.loadingFinished", self._ended)

    def _asked(self, event: dict[str, Any]) -> None:
        name, before = event["requestId"], event.get("redirectResponse")
        if before:
            self.sizes[f"{name} redirect {len(self.sizes)}"] = before["encodedDataLength"]
        self.names[name] = event["request"]["url"]

    def _from_cache(self, event: dict[str, Any]) -> None:
        self.cached.add(event["requestId"])

    def _answered(self, event: dict[str, Any]) -> None:
        if event["response"].get("fromDiskCache"):
            self.cached.add(event["requestId"])

    def _ended(self, event: dict[str, Any]) -> None:
        if event["requestId"] not in self.cached:
            self.sizes[event["requestId"]] = event["encodedDataLength"]

    def take(self) -> tuple[int, int]:
        """Bytes and requests since the last time."""
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(300)
        total = int(sum(self.sizes.values())), len(self.sizes)
        self.sizes = {}
        return total


def fresh(browser: Browser, address: str) -> tuple[Page, Meter]:
    """A page of a browser that has never been here."""
    page = browser.new_context(base_url=address).new_page()
    return page, Meter(page)


def enter(page: Page) -> None:
    """Fill in the sign-in page."""
    page.get_by_label("Username").fill("manager.a")
    page.locator("#password").fill(PASSPHRASE)
    page.get_by_role("button", name="Sign In").click()
    page.get_by_role("button", name="Sign Out").wait_for()


def stock(page: Page) -> None:
    """Announce as many shipments to Clinic A as make several pages, as the administrator."""
    shipped, expires = (date.today() + timedelta(days=days) for days in (-2, 200))
    rows = [
        f"SHP-{9000 + number},EX26-{number},NCA650001,80777-0273-99,Moderna,L{7000 + number},"
        f"{expires:%m/%d/%Y},100,{shipped:%m/%d/%Y},UPS,1Z999AA1012345{number:04}"
        for number in range(60)
    ]
    header = (
        "Shipment ID,ExIS Order Number,Provider PIN,NDC,Manufacturer,Lot Number,"
        "Expiration Date,Quantity Shipped,Date Shipped,Carrier,Tracking Number"
    )
    page.goto("/sign-in")
    page.get_by_label("Username").fill("admin")
    page.locator("#password").fill(PASSPHRASE)
    page.get_by_role("button", name="Sign In").click()
    page.get_by_role("button", name="Sign Out").wait_for()
    page.goto("/shipments/imports")
    content = "\r\n".join([header, *rows, ""]).encode()
    page.get_by_label("File").set_input_files(
        {"name": "sixty.csv", "mimeType": "text/csv", "buffer": content}
    )
    page.get_by_role("button", name="Import").click()
    page.get_by_text("All rows were imported.").wait_for()


def show(title: str, weight: tuple[int, int]) -> None:
    """Print a line of the report."""
    print(f"{title:34} {weight[0] / 1000:7.2f} kB  {weight[1]:2} requests")


def visit_everything(address: str) -> None:
    """Ask for every main page once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM)
        page, _meter = fresh(browser, address)
        page.goto("/sign-in")
        enter(page)
        for path in PAGES.values():
            page.goto(path)
        browser.close()


def measure(browser: Browser, address: str) -> None:
    """Print the report."""
    stock(fresh(browser, address)[0])
    page, meter = fresh(browser, address)
    page.goto("/sign-in")
    show("Sign In, first visit", meter.take())

    page, meter = fresh(browser, address)
    page.goto(LIST)
    steps = [("  sign-in page", meter.take())]
    enter(page)
    steps.append(("  signing in, the list", meter.take()))
    page.get_by_role("link", name="Next").click()
    page.locator("tbody th").first.wait_for()
    steps.append(("  next page (25 rows, by htmx)", meter.take()))
    parts = [weight for _title, weight in steps]
    show("Journey", (sum(part[0] for part in parts), sum(part[1] for part in parts)))
    for title, weight in steps:
        show(title, weight)
    for title, path in PAGES.items():
        page.goto(path)
        show(title, meter.take())


def main() -> None:
    """Measure and print."""
    with practice_instance() as instance, serving(instance) as (address, _pid, _took):  # noqa: SIM117
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM)
            measure(browser, address)
            browser.close()


if __name__ == "__main__":
    main()
