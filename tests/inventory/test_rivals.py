"""Ten managers press one button at once: one reversal, hold, release or delivery counts, and the
others are told."""

from functools import partial

import pytest
from flask import Flask

from blueprints.inventory.rules import Kind
from tests.client import fields_of
from tests.inventory import stock
from tests.personas import Personas
from tests.rivals import TEN, all_at_once, browsers, fill_in
from tests.shipments.files import csv, row, take_in


def stocked(app: Flask, personas: Personas, wasted: int = 0) -> tuple[int, int]:
    """A record of five doses, and the entry of those of them that were wasted."""
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=5)
        return record, stock.post(scope, record, Kind.WASTED, wasted) if wasted else 0


@pytest.mark.both_databases
def test_of_ten_reversals_one_counts(app: Flask, personas: Personas) -> None:
    record, entry = stocked(app, personas, wasted=2)
    calls = []
    for browser in browsers(app, personas):
        page = browser.get(f"/vaccine-inventory/entries/{entry}/reverse")
        calls.append(partial(browser.submit, page, {"note": "mistake"}, button="Reverse"))
    won, told = all_at_once(app, calls)
    assert len(won) == 1
    assert all("This entry has already been reversed." in words for words in told)
    with app.app_context():
        assert stock.counters(record)["doses_available"] == 5
        assert stock.wrong() == []


@pytest.mark.both_databases
def test_of_ten_holds_and_releases_of_a_lot_one_counts(app: Flask, personas: Personas) -> None:
    record, _entry = stocked(app, personas)
    why = {"reason": "other", "note": "fridge"}
    everybody, calls = browsers(app, personas), []
    for browser in everybody:
        page = browser.get(f"/vaccine-inventory/{record}/quarantine")
        calls.append(partial(browser.submit, page, why, button="Quarantine"))
    won, told = all_at_once(app, calls)
    assert len(won) == 1
    assert all("already in quarantine for this reason" in words for words in told)
    calls = []
    for browser in everybody:
        page = browser.get("/vaccine-inventory/quarantine/1/release")
        button = "Release from Quarantine"
        calls.append(partial(browser.submit, page, {"note": "it was cold"}, button=button))
    won, told = all_at_once(app, calls)
    assert len(won) == 1
    assert all("has already released this lot" in words for words in told)


@pytest.mark.both_databases
def test_of_ten_who_add_one_shipment_one_does_and_the_others_are_asked(
    app: Flask, personas: Personas
) -> None:
    take_in(app, csv(row()))
    shipment = stock.shipment_id(app)
    everybody, calls = browsers(app, personas), []
    form = everybody[0].get(f"/vaccine-inventory/add?shipment={shipment}")
    details = fields_of(form.form(action=f"/vaccine-inventory/add?shipment={shipment}"))
    for who, browser in zip(TEN, everybody, strict=True):
        page = fill_in(
            browser,
            who,
            "inventory.add",
            "/vaccine-inventory/add",
            {"details": details},
            step="review",
            shipment=str(shipment),
        )
        calls.append(partial(browser.submit, page, button="Save"))
    won, told = all_at_once(app, calls)
    assert len(won) == 1
    assert all("Nothing was saved" in words for words in told)
    with app.app_context():
        assert stock.shipment_state(shipment).received == 300
        assert stock.wrong() == []


def test_ten_adjustments_at_once_all_count(app: Flask, personas: Personas) -> None:
    record, _entry = stocked(app, personas)
    details = {"happened_on": f"{stock.day():%m/%d/%Y}", "reason": "extra_dose", "doses": 1}
    calls = []
    for who, browser in zip(TEN, browsers(app, personas), strict=True):
        page = fill_in(
            browser,
            who,
            "inventory.adjust",
            f"/vaccine-inventory/{record}/adjust",
            {"details": details},
            step="review",
            inventory_id=str(record),
        )
        calls.append(partial(browser.submit, page, button="Save"))
    won, told = all_at_once(app, calls)
    assert (len(won), told) == (10, [])
    with app.app_context():
        assert stock.counters(record)["doses_available"] == 15
        assert stock.wrong() == []
