"""The account (location) page (SPEC D9)."""

from flask import Flask

from blueprints.inventory.rules import Kind
from tests.client import Browser
from tests.inventory import stock
from tests.people.steps import trail
from tests.personas import Personas


def page_of(browser: Browser, personas: Personas, letter: str = "A") -> str:
    return f"/locations/{personas.locations[letter]}"


def test_account_address_contacts_and_totals(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=1_500)
        stock.post(scope, record, Kind.ADMINISTERED, 400)
        stock.post(scope, record, Kind.WASTED, 3)
        there = stock.scope_for(personas, "manager_b")
        stock.add(there, doses=77)
    browser.sign_in("manager_a")
    page = browser.get(page_of(browser, personas))
    assert page.status == 200
    panel = page.root.all("dl", class_="hl")[0].text
    for figure in (
        "Total Doses Received 1,500",
        "Doses Available 1,097",
        "Doses Administered 400",
        "Doses Wasted 3",
    ):
        assert figure in panel
    text = page.root.text
    for shown in (
        "Account Information",
        "Washington County Health Department",
        "NCA650001",
        "Address Information",
        "1 Main Street",
        "27962",
        "Contact Information",
        "coordinator.a@example.org",
        "backup.a@example.org",
    ):
        assert shown in text, shown
    assert "77" not in panel


def test_expired_doses_on_hand_are_pointed_out(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        stock.add(scope, doses=30, expiration_date=stock.day(1))
        stock.add(scope, doses=20, lot="TODAY", expiration_date=stock.day())
    browser.sign_in("manager_a")
    assert "of these 30 expired" in browser.get(page_of(browser, personas)).root.text


def test_an_empty_location_says_so(browser: Browser, personas: Personas) -> None:
    browser.sign_in("manager_a")
    page = browser.get(page_of(browser, personas))
    assert "Total Doses Received 0" in page.root.text


def test_the_page_is_for_who_works_there_now(browser: Browser, personas: Personas) -> None:
    assert browser.get(page_of(browser, personas)).leads_to.startswith("/sign-in")
    for who, letter, status in (
        ("provider_a", "A", 403),
        ("readonly_a", "A", 403),
        ("manager_a", "B", 404),
        ("manager_a", "C", 404),
        ("manager_ab", "B", 404),
        ("manager_b", "B", 200),
        ("admin", "A", 404),
    ):
        browser.sign_in(who)
        assert browser.get(page_of(browser, personas, letter)).status == status, who
    browser.sign_in("manager_ab")
    helpful = browser.get(page_of(browser, personas, "B"))
    assert "Clinic B" in helpful.root.text
    assert "Clinic C" not in browser.get(page_of(browser, personas, "C")).root.text


def test_home_leads_to_the_page(browser: Browser, personas: Personas) -> None:
    browser.sign_in("manager_a")
    where = page_of(browser, personas)
    assert [link for link in browser.get("/").root.all("a") if link.attributes["href"] == where]


def test_looking_is_in_the_trail(browser: Browser, personas: Personas) -> None:
    browser.sign_in("manager_a").get(page_of(browser, personas))
    browser.get(page_of(browser, personas, "B"))
    (entry,) = trail(browser.app, "location.viewed")
    assert (entry.actor_id, entry.subject_id, entry.location_id) == (
        personas.users["manager_a"],
        personas.locations["A"],
        personas.locations["A"],
    )


def test_a_manager_says_who_is_told_of_shipments(browser: Browser) -> None:
    page = browser.sign_in("manager_a").get("/locations/1")
    pen = next(
        link
        for link in page.root.all("a")
        if link.attributes.get("aria-label") == "Edit Primary Vaccine Coordinator’s e-mail"
    )
    form = browser.get(pen.attributes["href"])
    refused = browser.submit(form, {"coordinator_email": "nobody"}, button="Save")
    assert refused.status == 422
    assert refused.root.one("input", name="coordinator_email").attributes["value"] == "nobody"
    saved = browser.submit(
        refused, {"coordinator_email": "new@example.org"}, button="Save", follow=True
    )
    assert "new@example.org" in saved.root.text
    browser.sign_in("manager_b")
    assert browser.get(pen.attributes["href"]).status == 404
