"""`Add` asks about a lot that looks like another one: a vial read wrong (SPEC D2)."""

import pytest
from flask import Flask

from portal.access.scope import Scope
from tests.client import Browser, Page
from tests.inventory import stock
from tests.inventory.test_add import add, manually, open_form, records
from tests.inventory.test_quarantine import is_held, recall
from tests.personas import Personas
from tests.shipments.files import csv, row, take_in

MODERNA_10 = "Moderna COVID-19 Vaccine (max 10/11-dose vial, 5 mL)"
MODERNA_15 = "Moderna COVID-19 Vaccine (max 15-dose vial, 7 mL)"


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Scope:
    """The scope of A's manager."""
    with app.app_context():
        return stock.scope_for(personas, "manager_a")


def have(app: Flask, scope: Scope, **delivery: object) -> int:
    """A hundred doses at A."""
    with app.app_context():
        return stock.add(scope, **delivery)


def saved_only_when_confirmed(app: Flask, browser: Browser, review: Page, doubt: str) -> None:
    before = len(records(app))
    assert doubt in review.root.text
    refused = browser.submit(review, button="Save")
    assert refused.status == 422
    assert doubt in refused.root.text
    browser.submit(refused, {"confirmed": "y"}, button="Save", follow=True)
    assert len(records(app)) == before + 1


def test_a_lot_that_looks_like_one_that_is_there(
    app: Flask, browser: Browser, scope: Scope
) -> None:
    have(app, scope)
    review = manually(app, browser, lot="O11J2OA")
    doubt = "Lot O11J2OA looks like 011J20A, which is already in your inventory. Check the vial."
    saved_only_when_confirmed(app, browser, review, doubt)
    again = manually(app, browser, lot="O11J2OA")
    assert "This lot is already in your inventory" in again.root.text
    review = browser.submit(again, {"duplicate": "separate"}, button="Next", follow=True)
    assert "looks like" not in review.root.text, "it was looked at when it came first"


def test_a_lot_that_looks_like_the_one_announced(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    review = browser.submit(open_form(app, browser), {"lot": "O11J2OA"}, button="Next", follow=True)
    doubt = "Lot O11J2OA looks like 011J20A, which the shipment was announced with. Check the vial."
    saved_only_when_confirmed(app, browser, review, doubt)


@pytest.mark.parametrize(("product", "typed"), [(MODERNA_10, "O11J2OA"), (MODERNA_15, "011J20A")])
def test_a_lot_that_may_be_the_one_recalled(
    app: Flask, browser: Browser, scope: Scope, product: str, typed: str
) -> None:
    browser.sign_in("admin")
    recall(browser, confirmed="y")
    review = manually(app, browser, product_text=product, lot=typed)
    doubt = f"Lot 011J20A of {MODERNA_10} is in quarantine, and this may be the same lot."
    saved_only_when_confirmed(app, browser, review, doubt)


def test_the_very_lot_recalled_comes_in_held_without_a_doubt(
    app: Flask, browser: Browser, scope: Scope
) -> None:
    browser.sign_in("admin")
    recall(browser, confirmed="y")
    record = have(app, scope)
    with app.app_context():
        assert is_held(record)


def test_the_hold_of_another_location_raises_no_doubt(
    app: Flask, browser: Browser, scope: Scope, personas: Personas
) -> None:
    with app.app_context():
        stock.add(stock.scope_for(personas, "manager_b"))
    browser.sign_in("manager_b")
    page = browser.get("/vaccine-inventory/1/quarantine")
    browser.submit(page, {"reason": "too_warm"}, button="Quarantine")
    assert "in quarantine" not in manually(app, browser, lot="O11J2OA").root.text


def test_another_lot_raises_no_doubt(app: Flask, browser: Browser, scope: Scope) -> None:
    take_in(app, csv(row()))
    have(app, scope, lot="021J20A")
    add(app, browser)
    assert len(records(app)) == 2
