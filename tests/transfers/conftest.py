"""The two managers, and boxes between their locations."""

from collections.abc import Iterator

import pytest
from flask import Flask

from blueprints.transfers.queries import SentTransfer
from portal.access.scope import Scope
from tests.client import Browser
from tests.inventory import stock
from tests.personas import Personas
from tests.transfers.boxes import PFIZER, receive, send


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield stock.scope_for(personas, "manager_a")


@pytest.fixture
def other(scope: Scope, personas: Personas) -> Scope:
    """The scope of B's manager."""
    return stock.scope_for(personas, "manager_b")


@pytest.fixture
def sent(scope: Scope, other: Scope, browser: Browser) -> dict[str, SentTransfer]:
    """From A: two lots of Moderna and one of Pfizer in one box, a week ago, and a box that was
    received; from B: a box for A."""
    first = stock.add(scope, lot="A1", received_on=stock.day(30))
    second = stock.add(scope, lot="A2", received_on=stock.day(30))
    third = stock.add(
        scope, lot="PF1", product_id=stock.product_id(PFIZER), received_on=stock.day(30)
    )
    theirs = stock.add(other, lot="B1")
    made = {
        "three": send(scope, other, first, second, third, back=7),
        "done": send(scope, other, second, doses=5),
        "in": send(other, scope, theirs),
    }
    receive(other, made["done"], doses=5)
    browser.sign_in("manager_a")
    return made
