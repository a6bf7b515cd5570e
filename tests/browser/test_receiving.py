"""A shipment's way from the supplier's file to doses on the shelf, as people walk it."""

import re
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import Watch, sign_in
from tests.browser.ways import BOTH
from tests.messages.conftest import MailServer
from tests.shipments.files import csv, row

SHIPPED = date.today() - timedelta(days=3)
EXPIRES = date.today() + timedelta(days=200)
SAMPLE = Path(__file__).parent.parent / "shipments" / "sample.csv"


@pytest.fixture
def watch(chromium: Chromium, installation: str) -> Iterator[Watch]:
    made = Watch(chromium, installation)
    yield made
    made.close()


def enter(watch: Watch, username: str, *, script: bool) -> Page:
    """A fresh browser, signed in through the sign-in page."""
    page = watch.context(script=script).new_page()
    page.goto("/")
    expect(page).to_have_url(re.compile("/sign-in"))
    sign_in(page, username)
    return page


def import_file(page: Page, file: FilePayload | Path) -> None:
    """What the programme administrator does with a supplier's file."""
    page.get_by_role("link", name="Shipments", exact=True).click()
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("All rows were imported.")).to_be_visible(timeout=30_000)


def figure(page: Page, label: str) -> str:
    """A value of the highlight panel."""
    panel = page.locator("dl.hl")
    entry = panel.locator("div").filter(has=page.get_by_text(label, exact=True))
    return entry.locator("dd").first.inner_text()


def to_record(page: Page, number: str) -> None:
    """From anywhere to a shipment's record, by the list view with all of them."""
    page.get_by_role("link", name="Shipments", exact=True).click()
    page.locator("summary", has_text="List view").click()
    page.get_by_role("link", name="All Shipments").first.click()
    page.get_by_role("link", name=number, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Shipment {number}")


@BOTH
def test_a_supplier_s_file_becomes_doses_on_the_shelf(
    watch: Watch, post_office: MailServer, script: bool
) -> None:
    content = csv(
        row(id="SHP-77", expires=f"{EXPIRES:%m/%d/%Y}", shipped=f"{SHIPPED:%m/%d/%Y}"),
        row(id="SHP-78", pin="NCA650002", shipped=f"{SHIPPED:%m/%d/%Y}"),
    )
    administrator = enter(watch, "admin", script=script)
    import_file(administrator, {"name": "may.csv", "mimeType": "text/csv", "buffer": content})
    assert figure(administrator, "Added") == "2"
    check_mail(post_office)

    page = enter(watch, "manager.a", script=script)
    to_record(page, "SHP-77")
    assert figure(page, "Still expected") == "300"
    page.get_by_role("link", name="Add to Inventory").click()
    expect(page.get_by_label("Lot #")).to_have_value("011J20A")
    expect(page.get_by_label("Total Doses")).to_have_value("300")
    expect(page.get_by_label("Expiration Date")).to_have_value(f"{EXPIRES:%m/%d/%Y}")
    page.get_by_label("Total Doses").fill("240")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("011J20A")
    expect(page.get_by_role("status").first).to_contain_text("240 doses were added")
    assert figure(page, "Total Doses") == "240"
    assert figure(page, "Doses Available") == "240"
    page.get_by_role("link", name="Related").click()
    history = page.locator("#section-ledger").get_by_role("row")
    expect(history.filter(has_text="Received")).to_contain_text("+240")
    page.get_by_role("link", name="Details").click()
    page.get_by_role("link", name="Clinic A", exact=True).click()
    assert figure(page, "Total Doses Received") == "240"
    assert figure(page, "Doses Available") == "240"
    to_record(page, "SHP-77")
    assert figure(page, "Doses Received") == "240"
    assert figure(page, "Still expected") == "60"
    page.get_by_role("button", name="Sign Out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign In")
    page.goto("/shipments/")
    expect(page).to_have_url(re.compile("/sign-in"))


def check_mail(post_office: MailServer) -> None:
    """Each coordinator of both locations got one mail, with the eight facts in it."""
    deadline = time.monotonic() + 30
    while len(post_office.mails) < 4 and time.monotonic() < deadline:
        time.sleep(0.1)
    receivers = sorted(str(mail["To"]) for mail in post_office.mails)
    assert receivers == [
        "backup.a@example.org",
        "backup.b@example.org",
        "coordinator.a@example.org",
        "coordinator.b@example.org",
    ]
    mail = next(mail for mail in post_office.mails if mail["To"] == "coordinator.a@example.org")
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    for fact in (
        f"Date Shipped: {SHIPPED:%m/%d/%Y}",
        "Quantity Shipped: 300",
        "Manufacturer: Moderna",
        "NDC Number: 80777-0273-99",
        "Lot Number: 011J20A",
        "ExIS Order Number: EX21-1",
        "Carrier: UPS",
        "Shipment Tracking Number: 1Z999AA10123456784",
    ):
        assert fact in text.replace("\r", ""), fact


def test_the_sample_file_goes_in_and_a_second_time_changes_nothing(
    watch: Watch, post_office: MailServer
) -> None:
    page = enter(watch, "admin", script=True)
    import_file(page, SAMPLE)
    assert figure(page, "Added") == "7"
    import_file(page, SAMPLE)
    assert (figure(page, "Added"), figure(page, "Unchanged")) == ("0", "7")
    rows = page.get_by_role("row")
    page.goto("/switch-location?back=/shipments/%3Fview=all")
    page.get_by_role("button", name="Clinic A").click()
    expect(rows.filter(has_text="SHP-2021-")).to_have_count(3)
