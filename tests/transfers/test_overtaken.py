"""What a transfer is about has changed when it is sent or received: the step that it concerns comes
back, with everything that was typed."""

import pytest
from flask import Flask

from blueprints.inventory.rules import Kind
from tests.client import Browser
from tests.inventory import stock
from tests.personas import Personas
from tests.transfers import boxes
from tests.transfers.steps import LIST, choose, press, wrong

REGIONS = pytest.mark.parametrize("region", [None, "wizard"])


@REGIONS
@pytest.mark.parametrize("held", [False, True])
def test_a_transfer_leads_back_to_its_doses(
    app: Flask, browser: Browser, personas: Personas, region: str | None, held: bool
) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=5)
    browser.sign_in("manager_a")
    page = choose(browser, press(browser.get(LIST), browser, "Transfer"), {record: 2})
    given = {"receiver_text": "Clinic B", "reason": "surplus", "note": "As agreed"}
    review = browser.submit(page, given, button="Next", follow=True)
    if held:
        page = browser.get(f"/vaccine-inventory/{record}/quarantine")
        browser.submit(page, {"reason": "too_warm"}, button="Quarantine")
        said = "is in quarantine"
    else:
        with app.app_context():
            stock.post(scope, record, Kind.ADMINISTERED, 4)
        said = "Only 1 dose is available. You entered 2."
    again = browser.submit(review, button="Send", region=region)
    assert again.status == 422
    assert said in again.root.text
    assert "Nothing was saved." in again.root.text
    assert again.root.one("input", name="lines-0-doses").attributes["value"] == "2"
    if held:
        return
    details = choose(browser, again, {record: 1})
    assert details.root.one("textarea").text == "As agreed"
    assert (
        details.root.one("input", name="receiver_text").attributes["value"].startswith("Clinic B")
    )
    review = browser.submit(details, button="Next", follow=True)
    assert browser.submit(review, button="Send").status == 303
    with app.app_context():
        assert stock.counters(record)["doses_in_transit"] == 1
        assert wrong() == []


@REGIONS
def test_an_inbound_transfer_that_was_settled_leads_back_to_the_choice(
    app: Flask, browser: Browser, personas: Personas, region: str | None
) -> None:
    with app.app_context():
        sender, receiver = (stock.scope_for(personas, who) for who in ("manager_a", "manager_b"))
        first, second = (
            boxes.send(sender, receiver, stock.add(sender, lot=lot, name=lot))
            for lot in ("LOT1", "LOT2")
        )
    browser.sign_in("manager_b")
    page = press(browser.get(LIST), browser, "Inbound Transfer")
    details = browser.submit(page, {"line": str(first.lines[0].row.id)}, button="Next", follow=True)
    with app.app_context():
        boxes.receive(receiver, first)
    typed = {
        "date_received": f"{stock.day():%m/%d/%Y}",
        "doses_received": "3",
        "difference_reason": "lost",
        "note": "One vial was broken",
    }
    again = browser.submit(details, typed, button="Next", region=region)
    assert again.status == 409
    assert "Manager B already received these doses on " in again.root.text
    assert "Nothing was saved." in again.root.text
    line = str(second.lines[0].row.id)
    details = browser.submit(again, {"line": line}, button="Next", follow=True)
    assert details.root.one("input", name="doses_received").attributes["value"] == "3"
    assert details.root.one("textarea").text == "One vial was broken"
