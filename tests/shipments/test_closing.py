"""Closing a shipment that never comes or is short, and opening it again."""

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.shipments.models import ShipmentClosing
from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from tests.client import Browser, Page
from tests.inventory import stock
from tests.personas import Personas
from tests.shipments.files import csv, errors_of, row, take_in
from tests.shipments.taken import count, numbers, shipments


@pytest.fixture
def browser(browser: Browser) -> Browser:
    """A location manager's browser."""
    return browser.sign_in("manager_a")


def begin(app: Flask, browser: Browser) -> Page:
    """From the record to the page that asks for the reason."""
    record = browser.get(f"/shipments/{stock.shipment_id(app)}")
    return browser.get(record.root.with_text("a", "Close Shipment").attributes["href"])


def close(app: Flask, browser: Browser, reason: str = "never_arrived", note: str = "") -> Page:
    """Close the shipment; the page that follows."""
    values = {"reason": reason, "note": note}
    return browser.submit(begin(app, browser), values, button="Close Shipment", follow=True)


def received(app: Flask, personas: Personas, doses: int) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        stock.add(scope, doses=doses, shipment_id=stock.shipment_id(app))


def trail(app: Flask, action: str) -> list[AuditEntry]:
    with app.app_context(), unit_of_work(write=False) as session:
        found = list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))
        session.expunge_all()
        return found


def wrong(app: Flask) -> list[str]:
    with app.app_context():
        return stock.wrong()


def test_a_shipment_that_never_came_is_closed_and_no_longer_expected(
    app: Flask, browser: Browser
) -> None:
    take_in(app, csv(row()))
    question = begin(app, browser)
    assert question.root.one("h1").text == "Close shipment SHP-1?"
    assert shipments(app)[0].status == "on_its_way", "asking changes nothing"
    record = close(app, browser, note="Told the carrier on 02/20.")
    assert "The shipment was closed." in record.root.text
    panel = record.root.one("dl", class_="hl").text
    assert "Status Closed" in panel
    assert "Still expected 0" in panel
    main = record.root.one("main").text
    assert "Never arrived. Doses no longer expected: 300. Told the carrier on 02/20." in main
    assert "by Manager A" in main
    home = browser.get("/").root.text
    assert "Shipments to receive" not in home
    assert "SHP-1" not in browser.get("/shipments/?view=to_be_received").root.text
    listed = browser.get("/shipments/?view=closed").root.one("tbody").text
    assert "SHP-1" in listed
    assert "Closed" in listed
    order = browser.get(record.root.with_text("a", "EX21-1").attributes["href"])
    assert "Closed" in order.root.one("tbody").text
    (entry,) = trail(app, "shipment.closed")
    assert entry.subject_id == stock.shipment_id(app)
    assert entry.values_before == {"status": "on_its_way"}
    assert entry.values_after["reason"] == "never_arrived"
    assert entry.values_after["doses_not_expected"] == 300
    assert wrong(app) == []


def test_a_short_shipment_is_closed_with_what_came(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    take_in(app, csv(row()))
    received(app, personas, 280)
    record = close(app, browser, "fewer")
    assert "Doses no longer expected: 20." in record.root.text
    (shipment,) = shipments(app)
    assert (shipment.doses_received, shipment.status) == (280, "closed")
    assert wrong(app) == []


def test_the_reason_is_required_and_must_fit(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    take_in(app, csv(row()))
    for values, sentence in (
        ({}, "Choose the reason."),
        ({"reason": "nonsense"}, "Choose the reason."),
        ({"reason": "other", "note": "  "}, "Write the reason in the note."),
        ({"reason": "fewer", "note": "kept"}, "No doses of this shipment were added yet."),
    ):
        page = browser.submit(begin(app, browser), values, button="Close Shipment")
        assert page.status == 422
        assert sentence in page.root.text
        assert page.root.one("textarea").text == values.get("note", "").strip()
    received(app, personas, 10)
    page = browser.submit(begin(app, browser), {"reason": "never_arrived"}, button="Close Shipment")
    assert page.status == 422
    assert "10 doses of this shipment were received." in page.root.text
    assert count(app, ShipmentClosing) == 0
    assert "Status Closed" in close(app, browser, "other", "Sent back.").root.text


def test_what_was_received_meanwhile_is_looked_at_first(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    take_in(app, csv(row()))
    question = begin(app, browser)
    received(app, personas, 100)
    values = {"reason": "other", "note": "lost"}
    late = browser.submit(question, values, button="Close Shipment")
    assert late.status == 409
    assert "Received now: 100 of 300" in late.root.text
    assert late.root.one("textarea").text == "lost"
    assert shipments(app)[0].status == "partly_received"
    again = browser.submit(late, values, button="Close Shipment", follow=True)
    assert "Status Closed" in again.root.text


def test_a_shipment_that_came_or_is_closed_cannot_be_closed(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    take_in(app, csv(row()))
    question = begin(app, browser)
    close(app, browser)
    values = {"reason": "never_arrived"}
    twice = browser.submit(question, values, button="Close Shipment")
    assert twice.status == 409
    assert "already closed" in twice.root.text
    assert len(trail(app, "shipment.closed")) == 1
    reopen(app, browser)
    received(app, personas, 300)
    record = browser.get(f"/shipments/{stock.shipment_id(app)}")
    assert "Close Shipment" not in record.root.text
    late = browser.submit(question, values, button="Close Shipment")
    assert late.status == 409


def reopen(app: Flask, browser: Browser) -> Page:
    record = browser.get(f"/shipments/{stock.shipment_id(app)}")
    question = browser.get(record.root.with_text("a", "Reopen Shipment").attributes["href"])
    return browser.submit(question, button="Reopen Shipment", follow=True)


def test_closing_is_taken_back(app: Flask, browser: Browser, personas: Personas) -> None:
    take_in(app, csv(row()))
    received(app, personas, 100)
    close(app, browser, "fewer")
    record = reopen(app, browser)
    assert "Status Partly received" in record.root.text
    assert "Still expected 200" in record.root.text
    assert "SHP-1" in browser.get("/shipments/?view=to_be_received").root.text
    assert len(trail(app, "shipment.reopened")) == 1
    assert count(app, ShipmentClosing) == 0
    assert wrong(app) == []
    again = browser.get(f"/shipments/{stock.shipment_id(app)}/reopen")
    assert "This shipment is already open." in again.root.text
    assert "Reopen Shipment" not in again.root.one("main").text


def test_adding_doses_of_a_closed_shipment_is_asked_about_and_reopens_it(
    app: Flask, browser: Browser
) -> None:
    take_in(app, csv(row()))
    record = close(app, browser)
    form = browser.get(record.root.with_text("a", "Add to Inventory").attributes["href"])
    assert form.root.one("input", name="doses").attributes["value"] == "300"
    review = browser.submit(form, {"doses": "120"}, button="Next", follow=True)
    assert "This shipment was closed on" in review.root.text
    assert "Saving reopens it" in review.root.text
    refused = browser.submit(review, button="Save")
    assert refused.status == 422
    assert shipments(app)[0].status == "closed"
    browser.submit(refused, {"confirmed": "y"}, button="Save", follow=True)
    (shipment,) = shipments(app)
    assert (shipment.doses_received, shipment.status) == (120, "partly_received")
    assert len(trail(app, "shipment.reopened")) == 1
    assert count(app, ShipmentClosing) == 0
    assert wrong(app) == []


def test_doses_of_a_closed_shipment_are_not_added_beside_it_unasked(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    take_in(app, csv(row()))
    close(app, browser)
    form = browser.get("/vaccine-inventory/add")
    values = {
        "product_text": "Moderna COVID-19 Vaccine (max 10/11-dose vial, 5 mL)",
        "doses": "10",
        "lot": "011J20A",
        "expiration_date": "06/30/2027",
        "shipment_text": "",
        "unable_to_locate_shipment": "y",
    }
    review = browser.submit(form, values, button="Next", follow=True)
    assert "was closed before all its doses arrived" in review.root.text
    assert browser.submit(review, button="Save").status == 422


def test_doses_taken_back_leave_a_closed_shipment_closed(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    take_in(app, csv(row()))
    received(app, personas, 100)
    close(app, browser, "fewer")
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        ((entry, _kind, _doses),) = stock.entries(1)
        stock.reverse(scope, entry)
        assert stock.shipment_state(stock.shipment_id(app)) == stock.ShipmentState(0, "closed")
        assert stock.wrong() == []


def test_the_check_sees_a_status_that_does_not_follow(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    close(app, browser)
    with app.app_context(), unit_of_work() as session:
        session.delete(session.scalars(select(ShipmentClosing)).one())
    assert wrong(app) == ["Shipment SHP-1: the status closed does not follow from its doses."]


def test_a_correction_by_file_is_refused_with_the_reason(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row(), row(id="SHP-2")))
    close(app, browser)
    assert numbers(take_in(app, csv(row()))) == (0, 0, 1, 0), "the same again is no correction"
    run = take_in(app, csv(row(doses="250"), row(id="SHP-2", doses="250")))
    assert numbers(run) == (0, 1, 0, 1)
    ((line, column, message),) = errors_of(app, run)
    assert (line, column) == (2, "Quantity Shipped")
    assert "has closed this shipment (Never arrived)" in message
    assert shipments(app)[0].doses_shipped == 300
    reopen(app, browser)
    assert numbers(take_in(app, csv(row(doses="250")))) == (0, 1, 0, 0)


def test_only_managers_of_the_location_close_and_reopen(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    number = stock.shipment_id(app)
    for who, status in (
        ("provider_a", 403),
        ("readonly_a", 403),
        ("agent", 403),
        ("admin", 403),
        ("manager_b", 404),
    ):
        other = browser.sign_in(who)
        for what in ("close", "reopen"):
            assert other.get(f"/shipments/{number}/{what}").status == status, who
        record = other.get(f"/shipments/{number}")
        assert "Close Shipment" not in record.root.text


def test_the_same_form_twice_closes_once(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    question = begin(app, browser)
    for _time in range(2):
        browser.submit(question, {"reason": "never_arrived"}, button="Close Shipment")
    assert len(trail(app, "shipment.closed")) == 1


def test_a_closed_shipment_comes_last_in_the_look_up(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row(), row(id="SHP-2", shipped="01/01/2021")))
    close(app, browser)
    found = browser.get("/lookups/shipments?q=SHP-").html
    assert found.index("SHP-2") < found.index("SHP-1")
    assert "doses still expected: 0 of 300" in found
