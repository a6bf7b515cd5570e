"""Messages are found by recipient, kind, state and what they speak of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask

from portal import messages
from portal.db import unit_of_work
from portal.messages.upkeep import CONTENTS_KEPT, forget_contents
from tests.accounts.steps import add, jane
from tests.client import Browser, Page
from tests.people.steps import NEW, sign_in, user_of
from tests.personas import Personas
from tests.statements import watched


@pytest.fixture
def outbox(app: Flask, administrator: Browser) -> None:
    shipment = {
        "vaccine": "Comirnaty",
        "date_shipped": "02/24/2021",
        "quantity": 1170,
        "manufacturer": "Pfizer",
        "ndc": "59267-1000-1",
        "order_number": "ORD-7",
        "carrier": "UPS",
        "tracking_number": "1Z999",
        "shipment_id": 1,
    }
    with app.app_context(), unit_of_work():
        for number, address in (
            ("SHP-1001", "Coordinator.A@example.org"),
            ("SHP-1002", "coordinator.b@example.org"),
        ):
            context = {**shipment, "number": number, "lot": f"LOT{number[-1]}"}
            messages.queue("shipment_announced", address, context=context)
        messages.queue("test", "zoë@example.org", context={"name": "Zoë"})
        messages.queue("test", "not an address", context={"name": "Nobody"})


def numbers(page: Page) -> list[int]:
    bodies = page.root.all("tbody")
    return [int(row.all("th")[0].text) for row in bodies[0].all("tr")] if bodies else []


def search(browser: Browser, text: str = "", kind: str = "", at: str = "/operations") -> Page:
    page = browser.get(at)
    return browser.submit(page, {"text": text, "kind": kind}, button="Search", follow=True)


@pytest.mark.usefixtures("outbox")
@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("coordinator.a@example.org", "", [1]),
        ("COORDINATOR", "", [2, 1]),
        ("shp-1002", "", [2]),
        ("1001 coordinator", "", [1]),
        ("1001 coordinator.b", "", []),
        ("lot2", "", [2]),
        ("zoe", "", [3]),
        ("", "test", [4, 3]),
        ("zo", "test", [3]),
        ("zo", "shipment_announced", []),
        ("%", "", []),
    ],
)
def test_a_search_finds_what_has_all_of_it(
    administrator: Browser, text: str, kind: str, expected: list[int]
) -> None:
    assert numbers(search(administrator, text, kind)) == expected


@pytest.mark.usefixtures("outbox")
def test_the_list_says_in_words_what_each_message_is(administrator: Browser) -> None:
    page = administrator.get("/operations")
    text = page.root.all("tbody")[0].text
    assert "Shipment on its way" in text
    assert "A vaccine shipment is on its way: Comirnaty, SHP-1001" in text
    assert "shipment_announced" not in text
    kinds = page.root.one("select", name="kind")
    options = [one.text for one in kinds.all("option")]
    assert options == ["Any", "Shipment on its way", "Test"]
    detail = administrator.get("/operations/messages/1")
    assert "Kind Shipment on its way" in detail.root.one("main").text


@pytest.mark.both_databases
@pytest.mark.usefixtures("outbox")
def test_a_search_keeps_the_state_and_stays_out_of_the_address(administrator: Browser) -> None:
    page = search(administrator, "example.org", at="/operations?state=waiting")
    assert numbers(page) == [3, 2, 1]
    assert page.root.one("input", id="text").attributes["value"] == "example.org"
    addresses = [link.attributes.get("href", "") for link in page.root.all("a")]
    assert not [address for address in addresses if "example" in address]
    failed = page.root.with_text("a", "Failed (1)").attributes["href"]
    assert numbers(administrator.get(failed)) == [], "the search goes along"
    every = page.root.one("nav", aria_label="State").with_text("a", "All").attributes["href"]
    assert numbers(administrator.get(every)) == [3, 2, 1]
    assert numbers(administrator.get(page.root.with_text("a", "Reset").attributes["href"])) == [
        4,
        3,
        2,
        1,
    ]
    wrong = administrator.submit(administrator.get("/operations"), {"kind": "x"}, button="Search")
    assert wrong.status == 422


@pytest.mark.both_databases
def test_hits_are_paged_in_few_queries(
    app: Flask, administrator: Browser, promise: Callable[..., None]
) -> None:
    for number in range(120):
        promise(f"{'Odd' if number % 2 else 'Even'} one")
    page = search(administrator, "odd")
    seen = numbers(page)
    assert seen == list(range(120, 20, -2))
    with watched(app) as statements:
        page = administrator.get(page.root.with_text("a", "Next").attributes["href"])
    assert len(statements) < 20, len(statements)
    assert numbers(page) == list(range(20, 0, -2))
    assert not [link for link in page.root.all("a") if link.text == "Next"]
    page = administrator.get(page.root.with_text("a", "First").attributes["href"])
    assert numbers(page) == seen


@pytest.mark.both_databases
@pytest.mark.usefixtures("outbox")
def test_what_was_wiped_is_no_longer_found(app: Flask, administrator: Browser) -> None:
    later = datetime.now(UTC) + CONTENTS_KEPT + timedelta(hours=1)
    with time_machine.travel(later), app.app_context():
        forget_contents()
    page = search(administrator, "nobody")
    assert numbers(page) == [], "the failed one says nothing more"
    assert "deleted after 90 days" in page.root.one("main").text
    assert numbers(search(administrator, "coordinator.a")) == [1], "what waits is still known"


# Practice mode: no mailbox gets the link


def practice(app: Flask) -> None:
    object.__setattr__(app.extensions["portal"].settings, "practice", True)


@pytest.mark.both_databases
def test_in_practice_mode_the_invitation_is_opened_from_its_message(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    practice(app)
    answer = add(browser.sign_in("manager_a"))
    said = browser.get(answer.leads_to).root.one("main").text
    assert "Practice mode sends no e-mail" in said
    browser.sign_in("admin")
    row = browser.get("/operations").root.all("tbody")[0]
    page = browser.get(row.with_text("a", "1").attributes["href"])
    link = page.root.with_text("a", "Open the link").attributes["href"]
    assert link.startswith("/register/")
    assert link in page.root.all("pre")[0].text
    form = browser.get(link)
    assert form.root.with_text("h1", "Complete your registration")
    assert browser.submit(form, {"new_password": NEW}, button="Save").status == 303
    user = jane(app)
    assert user is not None
    assert user_of(app, user.id).registered_at is not None
    assert sign_in(browser, "jwhite200", NEW).status == 303


def test_elsewhere_nobody_reads_a_mailed_link(app: Flask, browser: Browser) -> None:
    add(browser.sign_in("manager_a"))
    page = browser.sign_in("admin").get("/operations/messages/1")
    assert "Open the link" not in page.html
    assert "/register/" not in page.html
    assert "••••••" in page.html


def test_the_sample_users_are_shown_in_practice_mode_alone(app: Flask, browser: Browser) -> None:
    assert "Sample users" not in browser.get("/sign-in").html
    practice(app)
    page = browser.get("/sign-in")
    assert page.root.with_text("h2", "Sample users")
    assert "practice makes perfect" in page.html


def test_messages_are_found_by_day_and_month(administrator: Browser, outbox: None) -> None:
    page = administrator.get("/operations")
    day = datetime.now(ZoneInfo("America/New_York"))
    for days in (f"{day:%m}/{day.year}", f"{day:%B} {day.year}"):
        found = administrator.submit(
            page, {"first_day": days, "last_day": days}, button="Search", follow=True
        )
        assert len(found.root.one("tbody").all("tr")) >= 2
        assert found.root.one("input", name="last_day").attributes["value"] == days
    later = administrator.get(f"/operations?first_day=01/{day.year + 1}")
    assert not later.root.all("tbody")
    wrong = administrator.get("/operations?first_day=soon")
    assert wrong.status == 422
    assert "Enter the date" in wrong.root.one("p", id="first_day-error").text
