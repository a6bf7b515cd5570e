"""The onboarding guide step by step: template, request, result, errors, corrected, with a real mail
server (SPEC H4, H5, H9)."""

import io
import re
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.styles import PatternFill
from openpyxl.worksheet.worksheet import Worksheet
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import Watch
from tests.browser.test_asking_for_help import CHOSEN, register, sign_in, text_of
from tests.browser.test_booking import letter
from tests.browser.test_receiving import enter
from tests.browser.ways import BOTH
from tests.messages.conftest import MailServer
from tests.onboarding.workbooks import ABOVE, MANAGER, PROVIDER, line

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAME = "Washington County Health Department HCP 12-02-20.xlsx"
ERRORS = "Washington County Health Department HCP 12-02-20_ERROR.xlsx"
WELCOME = "Welcome to the COVID-19 Vaccine Management System (CVMS)"


@pytest.fixture
def watch(chromium: Chromium, installation: str) -> Iterator[Watch]:
    made = Watch(chromium, installation)
    yield made
    made.close()


def mail_to(post_office: MailServer, address: str, subject: str) -> EmailMessage:
    """The newest mail to this address with this subject, once it is there."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        for mail in reversed(post_office.mails):
            if mail["To"] == address and subject in mail["Subject"]:
                return mail
        time.sleep(0.1)
    raise AssertionError([(mail["To"], mail["Subject"]) for mail in post_office.mails])


def filled_in(template: Path) -> FilePayload:
    """The template, filled in by the vaccine coordinator."""
    book = load_workbook(io.BytesIO(template.read_bytes()))
    sheet = book.worksheets[0]
    for row, (_label, value) in enumerate(ABOVE[:5], 1):
        sheet.cell(row, 2).value = value
    rows = (
        line("Ann", "Brown", "ABROWN"),
        line("Carl", "Dean", "cdean", profile=MANAGER, location="Clinic B"),
        line("Eve", "Fox", "efox", profile=None),
        line("Guy", "Hall", "ghall", location="Clinic Z"),
    )
    for number, cells in enumerate(rows, 8):
        for column, value in enumerate(cells, 1):
            sheet.cell(number, column).value = value
    return as_file(book, NAME)


def as_file(book: object, name: str) -> FilePayload:
    made = io.BytesIO()
    book.save(made)  # type: ignore[attr-defined]
    return {"name": name, "mimeType": XLSX, "buffer": made.getvalue()}


def registered(watch: Watch, post_office: MailServer, *, script: bool) -> Page:
    """A vaccine coordinator who registered at the help desk and is signed in."""
    page = watch.context(script=script, accept_downloads=True).new_page()
    register(page, email="rita@example.org", code="NCA650001")
    temporary = re.search(r"Temporary password: (\S+)", text_of(letter(post_office, 1)))
    assert temporary
    sign_in(page, "rita@example.org", temporary[1])
    page.locator("#current_password").fill(temporary[1])
    page.locator("#new_password").fill(CHOSEN)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    return page


@BOTH
@pytest.mark.timeout(240)
def test_users_come_by_spreadsheet_and_failed_rows_are_corrected(
    watch: Watch, post_office: MailServer, script: bool
) -> None:
    page = registered(watch, post_office, script=script)
    page.get_by_role("link", name="HCP Onboarding & Recipient Bulk Upload").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "HCP Onboarding & Recipient Bulk Upload"
    )
    with page.expect_download() as download:
        page.get_by_role("link", name="HCP User Onboarding").click()
    assert download.value.suggested_filename == "(Organization) HCP (MM-DD-YY).xlsx"
    page.get_by_label("Request Type").select_option(label="HCP User Onboarding")
    page.get_by_label("VFC PIN").fill("NCA650001")
    page.get_by_label("Attachments").set_input_files(filled_in(download.value.path()))
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Your case number is")).to_be_visible()
    address = page.url
    number = page.get_by_role("heading", level=1).inner_text()
    assert address in text_of(mail_to(post_office, "rita@example.org", f"Case {number} was opened"))

    agent = enter(watch, "agent", script=script)
    agent.get_by_role("link", name="Help Desk", exact=True).click()
    agent.get_by_role("link", name="HCP User Onboarding").click()
    agent.get_by_role("button", name=f"Process {NAME}").click()
    expect(agent.get_by_role("heading", level=1)).to_have_text(NAME)
    for _each in range(60):
        if agent.get_by_text("Some rows are not loaded yet.").is_visible():
            break
        if not script:
            agent.wait_for_timeout(500)
            agent.reload()
        else:
            agent.wait_for_timeout(500)
    expect(agent.get_by_text("Some rows are not loaded yet.")).to_be_visible()

    for address_of_user in ("abrown@example.org", "cdean@example.org"):
        mail_to(post_office, address_of_user, WELCOME)
    mail = mail_to(post_office, "rita@example.org", f"Case {number}: there is news")
    assert "Loaded: 2. Failed: 2." in " ".join(text_of(mail).split())

    page.goto(address)
    expect(page.get_by_text("Waiting for Requester")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name=ERRORS).first.click()
    book = load_workbook(io.BytesIO(download.value.path().read_bytes()))
    sheet = book.worksheets[0]
    assert isinstance(sheet, Worksheet)
    assert sheet["E8"].fill.start_color.rgb == "FFFF0000"
    assert sheet["G9"].fill.start_color.rgb == "FFFF0000"
    green = PatternFill("solid", start_color="FF00FF00")
    sheet["E8"].value, sheet["E8"].fill = PROVIDER, green
    page.get_by_label("Files to attach").set_input_files(as_file(book, ERRORS))
    page.get_by_role("button", name="Attach", exact=True).click()
    expect(page.get_by_text("Attached.")).to_be_visible()

    agent.get_by_role("link", name=f"Back to case {number}").click()
    agent.get_by_role("button", name=f"Process {ERRORS}").click()
    mail_to(post_office, "efox@example.org", WELCOME)
    agent.reload()
    expect(agent.get_by_text("No location has this name.")).to_be_visible()
    agent.get_by_label("Location Name").fill("Clinic B")
    agent.get_by_role("button", name="Save row 9").click()
    expect(agent.get_by_text("Row 9 was loaded.")).to_be_visible()
    welcome = mail_to(post_office, "ghall@example.org", WELCOME)
    assert welcome["From"]
    page.goto(address)
    expect(page.get_by_text("The failed row of")).to_be_visible()

    link = re.search(r"https?://\S+/register/\S+", text_of(welcome))
    assert link
    guy = watch.context(script=script).new_page()
    guy.goto(link[0])
    guy.locator("#new_password").fill("harvest window candle")
    guy.get_by_role("button").last.click()
    expect(guy.get_by_role("heading", level=1)).to_have_text("Sign In")
    sign_in(guy, "ghall", "harvest window candle")
    expect(guy.get_by_role("heading", level=1)).to_have_text("Home")
