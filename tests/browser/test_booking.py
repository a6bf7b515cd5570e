"""An appointment from the schedule to its cancellation, as people walk it (SPEC G3, G5, G6)."""

import re
import time
from collections.abc import Iterator
from datetime import date, timedelta
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.test_receiving import enter
from tests.browser.ways import BOTH
from tests.messages.conftest import MailServer


@pytest.fixture
def watch(chromium: Chromium, installation: str) -> Iterator[Watch]:
    made = Watch(chromium, installation)
    yield made
    made.close()


def turn_scheduling_on(page: Page) -> None:
    """What a location manager does once."""
    page.goto("/scheduling/")
    page.get_by_label("Appointments can be made").check()
    for name in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"):
        page.get_by_label(name).fill("9:00 AM – 11:00 AM")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def register(page: Page) -> None:
    """What a nurse does at the desk."""
    page.get_by_role("link", name="Recipient", exact=True).click()
    page.get_by_role("link", name="Register").click()
    page.get_by_label("First Name").fill("Maria")
    page.get_by_label("Last Name").fill("Exampleton")
    page.get_by_label("Date of Birth").last.fill("01/31/1950")
    page.get_by_label("Email").fill("maria@example.org")
    page.get_by_label("Preferred Method of Contact").select_option(label="E-mail")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Maria Exampleton")


def letter(post_office: MailServer, count: int) -> EmailMessage:
    """The newest of so many mails, once they are there."""
    deadline = time.monotonic() + 30
    while len(post_office.mails) < count and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(post_office.mails) == count
    return post_office.mails[-1]


def calendar_of(mail: EmailMessage) -> str:
    """The calendar file of a mail, its folded lines in one piece."""
    (file,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n ", "")


@BOTH
def test_an_appointment_is_made_found_and_canceled(
    watch: Watch, post_office: MailServer, script: bool
) -> None:
    manager = enter(watch, "manager.a", script=script)
    turn_scheduling_on(manager)

    page = enter(watch, "provider.a", script=script)
    register(page)
    page.get_by_role("link", name="Schedule First Dose Appointment").click()
    page.get_by_role("link", name="Schedule First Dose", exact=True).click()
    page.get_by_label("Address or ZIP Code").fill("27834")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="See Availability of Clinic A").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a date and time")
    day = date.today() + timedelta(days=2)
    page.goto(f"{page.url}?month={day:%Y-%m}")
    page.get_by_role("link", name=re.compile(rf"^{day:%a}\w*, {day:%b}\w* {day.day}:")).click()
    page.get_by_role("button", name="9:15 AM").click()

    expect(page.get_by_text("This place is held for you for 10 minutes.")).to_be_visible()
    page.get_by_role("link", name="Choose another time").click()
    page.get_by_role("button", name="9:30 AM").click()
    expect(page.get_by_text("9:30 AM")).to_be_visible()
    page.get_by_role("link", name="Continue").click()
    expect(page.get_by_text("maria@example.org")).to_be_visible()
    page.get_by_role("button", name="Complete Appointment").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Appointment Confirmation")
    facts = page.locator("dl").inner_text()
    number = facts.split("Confirmation Number")[1].split()[0]
    assert len(number) == 11
    mail = letter(post_office, 1)
    assert mail["To"] == "maria@example.org"
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert number in text
    assert f"{day:%m/%d/%Y} at 9:30 AM" in text
    assert "METHOD:PUBLISH" in calendar_of(mail)

    page.get_by_role("link", name="Appointments", exact=True).first.click()
    page.get_by_label("Search Confirmation Number").fill("ABC")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.get_by_label("Search Confirmation Number").fill(number.lower())
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("1 record")).to_be_visible()
    page.get_by_label("Select Exampleton, Maria").check()
    page.get_by_role("button", name="Cancel Appointment").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancel Appointment")
    page.get_by_role("button", name="Cancel Appointment").click()
    expect(page.get_by_role("alert")).to_contain_text("Please fill in this field.")
    page.get_by_label("Cancellation Reason").fill("The vaccine did not come")
    page.get_by_role("button", name="Cancel Appointment").click()
    expect(page.get_by_text("1 appointment is canceled.")).to_be_visible()

    mail = letter(post_office, 2)
    body = mail.get_body(("plain",))
    assert body is not None
    assert "The vaccine did not come" in body.get_content()
    assert "METHOD:CANCEL" in calendar_of(mail)
    page.get_by_role("link", name="Recipient", exact=True).click()
    page.goto("/recipients/1?tab=related")
    expect(page.get_by_text("The vaccine did not come")).to_be_visible()
