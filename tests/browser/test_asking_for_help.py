"""From `Register` to a resolved case, with a real mail server (SPEC H1 to H3)."""

import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from blueprints.helpdesk import services
from portal.db import unit_of_work
from tests.browser.conftest import Visit, Watch
from tests.browser.test_booking import letter
from tests.browser.test_receiving import enter
from tests.browser.ways import BOTH
from tests.inventory.stock import scope_for
from tests.messages.conftest import MailServer
from tests.personas import Personas

CHOSEN = "orchard lantern pebble"
NUMBER = re.compile(r"CS-\d{7}")


@pytest.fixture
def watch(chromium: Chromium, installation: str) -> Iterator[Watch]:
    made = Watch(chromium, installation)
    yield made
    made.close()


def text_of(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def register(page: Page, *, email: str, code: str) -> None:
    """Fill in and send the form `Register`."""
    page.goto("/sign-in")
    page.get_by_role("link", name="Register").click()
    page.get_by_label("First Name").fill("Rita")
    page.get_by_label("Last Name").fill("Quist")
    page.get_by_label("Business E-mail").fill(email)
    page.get_by_label("Registration Code").fill(code)
    page.get_by_role("button", name="Register").click()


def sign_in(page: Page, username: str, password: str) -> None:
    """Sign in with what the mail said."""
    page.goto("/sign-in")
    page.get_by_label("Username").fill(username)
    page.locator("#password").fill(password)
    page.get_by_role("button", name="Sign In").click()


@BOTH
def test_a_provider_registers_asks_and_is_answered(
    watch: Watch, post_office: MailServer, script: bool
) -> None:
    page = watch.context(script=script).new_page()
    register(page, email="rita@example.org", code="NCA999999")
    expect(page.get_by_role("alert")).to_contain_text("This registration code is not known.")
    register(page, email="rita@example.org", code="NCA650001")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your e-mail")
    mail = letter(post_office, 1)
    assert mail["To"] == "rita@example.org"
    temporary = re.search(r"Temporary password: (\S+)", text_of(mail))
    assert temporary
    assert "Username: rita@example.org" in text_of(mail)

    sign_in(page, "rita@example.org", temporary[1])
    expect(page.get_by_role("heading", level=1)).to_have_text("Change Password")
    page.goto("/my-cases")
    expect(page.get_by_role("heading", level=1)).to_have_text("Change Password")
    page.locator("#current_password").fill(temporary[1])
    page.locator("#new_password").fill(CHOSEN)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    letter(post_office, 2)  # the password was changed
    again = watch.context(script=script).new_page()
    sign_in(again, "rita@example.org", temporary[1])
    expect(again.get_by_role("alert")).to_contain_text("do not match")

    page.get_by_role("link", name="Vaccine Provider").click()
    page.get_by_role("link", name="Get Help").click()
    page.get_by_label("Topic").select_option(label="Shipments and vaccine inventory")
    page.get_by_label("Subject").fill("A shipment is missing")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_contain_text("Please fill in this field.")
    page.get_by_label("Description").fill("The box of Monday did not come.")
    page.get_by_label("Attachments").set_input_files(
        {"name": "list.txt", "mimeType": "text/plain", "buffer": b"one box\n"}
    )
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Your case number is")).to_be_visible()
    found = NUMBER.search(page.get_by_role("heading", level=1).inner_text())
    assert found
    number = found[0]
    address = page.url
    mail = letter(post_office, 3)
    assert mail["Subject"] == f"Case {number} was opened"
    assert address in text_of(mail)

    agent = enter(watch, "agent", script=script)
    agent.get_by_role("link", name="Help Desk", exact=True).click()
    expect(agent.get_by_text("Inventory", exact=True).last).to_be_visible()
    agent.get_by_role("link", name="A shipment is missing").click()
    agent.get_by_label("Comment").fill("Colleagues only: the carrier lost it")
    agent.get_by_label("Internal note: only staff can see it").check()
    agent.get_by_role("button", name="Send").click()
    expect(agent.get_by_text("Only staff can see it.").first).to_be_visible()
    agent.get_by_label("Comment").fill("Which day was it announced for?")
    agent.get_by_label("Wait for the requester’s answer").check()
    agent.get_by_role("button", name="Send").click()
    expect(agent.get_by_text("Waiting for Requester")).to_be_visible()
    mail = letter(post_office, 4)
    assert mail["To"] == "rita@example.org"
    assert mail["Subject"] == f"Case {number}: there is news"
    assert "Which day was it announced for?" in text_of(mail)

    page.goto(address)
    expect(page.get_by_text("Which day was it announced for?")).to_be_visible()
    expect(page.get_by_text("the carrier lost it")).to_have_count(0)
    page.get_by_label("Comment").fill("For Monday")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your comment was sent.")).to_be_visible()
    mail = letter(post_office, 5)
    assert mail["To"] == "agent@example.org"
    assert "For Monday" not in text_of(mail)

    agent.reload()
    agent.get_by_role("link", name="Resolve Case").click()
    agent.get_by_label("Resolution Notes").fill("A new box comes tomorrow.")
    agent.get_by_role("button", name="Resolve Case").click()
    expect(agent.get_by_text("Resolved").first).to_be_visible()
    mail = letter(post_office, 6)
    assert mail["To"] == "rita@example.org"
    assert mail["Subject"] == f"Case {number} is resolved"
    assert "A new box comes tomorrow." in text_of(mail)
    page.goto("/my-cases")
    row = page.get_by_role("row").filter(has_text="A shipment is missing")
    expect(row.get_by_text("Resolved")).to_be_visible()
    assert all("carrier" not in mail.as_string() for mail in post_office.mails)


def test_agents_who_have_the_same_case_open_hear_of_each_other(
    app: Flask, personas: Personas, visit: Visit
) -> None:
    with app.app_context():
        asker = scope_for(personas, "requester")
        with unit_of_work():
            case = services.open_case(asker, topic="inventory", subject="Box", description="…")
            address = f"/help-desk/cases/{case.id}"
    first, second = visit("agent"), visit("admin")
    first.clock.install()
    first.goto(address)
    expect(first.get_by_text("Also open at")).to_have_count(0)
    second.clock.install()
    second.goto(address)
    for page in (second, first):  # each page says by itself that it is open
        with page.expect_response(lambda answer: "/looking" in answer.url):
            page.clock.fast_forward(31_000)
    expect(first.get_by_text("Also open at Admin Staff")).to_be_visible()
