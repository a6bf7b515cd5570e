"""Adjustments, reversals and the proof of balance (SPEC D4, D6, D7, D14)."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from blueprints.inventory.ledger.documents import open_document
from blueprints.inventory.rules import DocumentKind, Kind
from portal.access.scope import Scope
from portal.db import db, unit_of_work
from portal.people.models import User
from tests.client import Browser, Page
from tests.inventory import stock
from tests.personas import Personas


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield stock.scope_for(personas, "manager_a")


def related(browser: Browser, record: int, query: str = "") -> Page:
    return browser.get(f"/vaccine-inventory/{record}?tab=related{query}")


def adjust(browser: Browser, record: int, **details: str) -> Page:
    """From the record through both pages of `Adjustment`."""
    page = browser.get(f"/vaccine-inventory/{record}")
    form = browser.get(page.root.with_text("a", "Adjustment").attributes["href"])
    given = {"doses": "1", "reason": "extra_dose", **details}
    review = browser.submit(form, given, button="Next", follow=True)
    if review.status != 200:
        return review
    return browser.submit(review, button="Save", follow=True)


def test_the_sixth_dose_of_a_vial_raises_the_total(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    page = adjust(browser, record, doses="3")
    assert "Total Doses 103" in page.root.one("dl", class_="hl").text
    assert stock.counters(record)["doses_adjusted"] == 3
    history = related(browser, record)
    assert "Extra dose in the vial" in history.root.text
    assert "A-000001" in history.root.text
    assert stock.wrong() == []


def test_more_than_one_extra_dose_a_vial_is_asked_about(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")

    def review(doses: str, reason: str = "extra_dose") -> Page:
        page = browser.get(f"/vaccine-inventory/{record}/adjust")
        return browser.submit(page, {"doses": doses, "reason": reason}, button="Next", follow=True)

    assert "Please check the number" not in review("10").root.text
    assert "about: 10. Extra doses entered before: 0." in review("11").root.text
    browser.submit(review("6"), button="Save")
    assert "about: 10. Extra doses entered before: 6." in review("5").root.text
    assert "Please check the number" not in review("100", "found").root.text
    assert "more than all the doses this record has ever had" in review("107", "found").root.text
    assert browser.submit(review("5"), button="Save").status == 303, "it only asks"


@pytest.mark.parametrize(
    ("details", "sentence"),
    [
        ({"doses": "0"}, "Enter 1 or more."),
        ({"doses": "-5"}, "Enter 1 or more."),
        ({"doses": "many"}, "Enter a whole number"),
        ({"reason": ""}, "Please fill in this field."),
        ({"reason": "lost"}, "Choose a reason from the list."),
        ({"reason": "other"}, "Say in a few words what happened."),
        ({"happened_on": "01/01/2099"}, "The date is in the future."),
        ({"happened_on": "01/01/2001"}, "The first doses of this record came on"),
    ],
)
def test_a_total_is_never_lowered_and_never_raised_without_a_reason(
    browser: Browser, scope: Scope, details: dict[str, str], sentence: str
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    page = adjust(browser, record, **details)
    assert page.status in {200, 422}
    assert sentence in page.root.text
    assert stock.counters(record)["doses_total"] == 100


def reverse(browser: Browser, record: int, entry: int, note: str = "Typed twice") -> Page:
    """Follow `Reverse` beside an entry and say why."""
    page = related(browser, record)
    row = page.root.one("tr", id=f"entry-{entry}")
    form = browser.get(row.with_text("a", "Reverse").attributes["href"])
    return browser.submit(form, {"note": note}, button="Reverse", follow=True)


def agent_at_a(personas: Personas) -> None:
    """Let the help desk work at location A."""
    with unit_of_work() as session:
        agent = session.get_one(User, personas.users["agent"])
        agent.current_location_id = personas.locations["A"]


def links_of(page: Page, entry: int) -> list[str]:
    """The links in an entry's row."""
    return [link.text for link in page.root.one("tr", id=f"entry-{entry}").all("a")]


@pytest.mark.parametrize("kind", [Kind.WASTED, Kind.RETURNED])
def test_a_mistake_is_reversed_and_both_entries_name_each_other(
    browser: Browser, scope: Scope, kind: Kind
) -> None:
    record = stock.add(scope)
    entry = stock.post(scope, record, kind, 7)
    browser.sign_in("manager_a")
    other_tab = browser.get(f"/vaccine-inventory/entries/{entry}/reverse")
    page = reverse(browser, record, entry)
    assert "The entry was reversed." in page.root.text
    assert "Typed twice" in page.root.text
    assert f"reversal of entry {entry}" in page.root.text
    assert "reversed by entry" in page.root.one("tr", id=f"entry-{entry}").text
    assert "Reverse" not in links_of(page, entry)
    assert stock.counters(record)["doses_available"] == 100
    told = browser.submit(other_tab, {"note": "Again"}, button="Reverse", follow=True)
    assert "has already been reversed" in told.root.text
    for number, sentence in (
        (entry, "has already been reversed"),
        (entry + 1, "A reversal cannot be reversed."),
    ):
        asked = browser.get(f"/vaccine-inventory/entries/{number}/reverse")
        assert asked.status == 409
        assert sentence in asked.root.text
    assert stock.counters(record)["doses_available"] == 100
    assert stock.wrong() == []


def test_a_reversal_needs_its_reason(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    entry = stock.post(scope, record, Kind.WASTED, 7)
    browser.sign_in("manager_a")
    assert reverse(browser, record, entry, note=" ").status == 422
    assert stock.counters(record)["doses_wasted"] == 7


def test_doses_that_left_since_keep_what_brought_them(
    browser: Browser, scope: Scope, personas: Personas
) -> None:
    record = stock.add(scope, doses=10)
    entry = stock.post(scope, record, Kind.ADJUSTED, 5)
    stock.post(scope, record, Kind.ADMINISTERED, 12)
    agent_at_a(personas)
    browser.sign_in("agent")
    page = reverse(browser, record, entry)
    assert "Some of these doses have been used since" in page.root.text
    assert stock.counters(record)["doses_available"] == 3


def test_doses_received_are_corrected_by_the_help_desk_alone(
    browser: Browser, scope: Scope, personas: Personas
) -> None:
    record = stock.add(scope)
    with db.engine.connect() as connection:
        entry = connection.execute(text("SELECT max(id) FROM dose_entry")).scalar_one()
    browser.sign_in("manager_a")
    assert "Reverse" not in links_of(related(browser, record), entry)
    refused = browser.get(f"/vaccine-inventory/entries/{entry}/reverse")
    assert refused.status == 403
    assert "help desk" in refused.root.text
    agent_at_a(personas)
    browser.sign_in("agent")
    reverse(browser, record, entry, note="Wrong lot")
    assert stock.counters(record)["doses_total"] == 0
    assert stock.wrong() == []


def test_a_manager_never_lowers_a_total_nor_takes_back_a_receipt(
    browser: Browser, scope: Scope, personas: Personas
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    adjust(browser, record, doses="6")
    with db.engine.connect() as connection:
        entry = connection.execute(text("SELECT max(id) FROM dose_entry")).scalar_one()
    assert "Reverse" not in links_of(related(browser, record), entry)
    refused = browser.get(f"/vaccine-inventory/entries/{entry}/reverse")
    assert refused.status == 403
    with unit_of_work():
        transfer = open_document(scope, DocumentKind.TRANSFER, happened_on=stock.day())
        number = transfer.id
    lost = stock.post(scope, record, Kind.WASTED, 2, document_id=number)
    assert browser.get(f"/vaccine-inventory/entries/{lost}/reverse").status == 403
    agent_at_a(personas)
    browser.sign_in("agent")
    reverse(browser, record, entry)
    assert stock.counters(record)["doses_total"] == 100


@pytest.mark.parametrize("kind", [Kind.TRANSFERRED_OUT, Kind.ADMINISTERED])
def test_what_belongs_elsewhere_is_not_reversed_here(
    browser: Browser, scope: Scope, kind: Kind
) -> None:
    record = stock.add(scope)
    entry = stock.post(scope, record, kind, 5)
    browser.sign_in("manager_a")
    assert browser.get(f"/vaccine-inventory/entries/{entry}/reverse").status == 403


def test_another_locations_entry_is_not_there(
    browser: Browser, scope: Scope, personas: Personas
) -> None:
    theirs = stock.scope_for(personas, "manager_b")
    record = stock.add(theirs)
    entry = stock.post(theirs, record, Kind.WASTED, 5)
    browser.sign_in("manager_a")
    assert browser.get(f"/vaccine-inventory/entries/{entry}/reverse").status == 404
    assert browser.get(f"/vaccine-inventory/{record}/adjust").status == 404
    browser.sign_in("provider_a")
    assert browser.get(f"/vaccine-inventory/entries/{entry}/reverse").status == 403


def test_every_number_of_the_balance_leads_to_its_entries(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    stock.post(scope, record, Kind.ADJUSTED, 3)
    stock.post(scope, record, Kind.WASTED, 5)
    stock.post(scope, record, Kind.WASTED, 2)
    stock.post(scope, record, Kind.ADMINISTERED, 11)
    browser.sign_in("manager_a")
    page = related(browser, record)
    section = page.root.one("details", id="section-balance")
    assert "The entries add up" in section.text
    numbers = [link.text for link in section.all("a")]
    assert numbers == ["100", "0", "3", "11", "7", "0", "0"]
    wasted = browser.get(section.all("a")[4].attributes["href"])
    rows = wasted.root.one("details", id="section-ledger").one("tbody").all("tr")
    assert len(rows) == 2
    account = browser.get(f"/locations/{scope.location_id}")
    balance = account.root.one("details", id="inventory-balance")
    assert "The records add up" in balance.text
    assert [link.text for link in balance.all("a")] == numbers
    listed = browser.get(balance.all("a")[4].attributes["href"])
    assert len(listed.root.one("tbody").all("tr")) == 2


def test_a_counter_that_lies_is_seen_on_the_record(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    with unit_of_work() as session:
        session.execute(
            text(
                "UPDATE vaccine_inventory SET doses_available = 90, doses_wasted = 10 "
                "WHERE id = :id"
            ),
            {"id": record},
        )
    browser.sign_in("manager_a")
    section = related(browser, record).root.one("details", id="section-balance")
    assert "The entries add up to 100" in section.text
    assert "The entries add up " not in section.text.replace("The entries add up to 100", "")
