"""One lot with two expiration dates: asked about when a transfer brings it, and told apart (D2)."""

from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask

from portal.access.scope import Scope
from tests.client import Browser
from tests.counts.steps import Window
from tests.inventory import stock
from tests.inventory.test_add import manually, records
from tests.personas import Personas
from tests.transfers import boxes
from tests.transfers.steps import LIST, press, receive, wrong

OURS, THEIRS = date(2027, 6, 30), date(2027, 9, 30)


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    with app.app_context():
        yield stock.scope_for(personas, "manager_a")


@pytest.fixture
def manager(app: Flask, personas: Personas) -> Browser:
    return Window(app, personas).sign_in("manager_a")


def on_its_way(scope: Scope, personas: Personas, expires: date) -> None:
    """Four doses of the lot with another date, from B."""
    other = stock.scope_for(personas, "manager_b")
    record = stock.add(other, name="Theirs", lot="011j20a", expiration_date=expires)
    boxes.send(other, scope, record)


def test_a_transfer_that_would_make_a_second_record_with_another_date_is_asked_about(
    app: Flask, manager: Browser, scope: Scope, personas: Personas
) -> None:
    stock.add(scope, expiration_date=OURS)
    on_its_way(scope, personas, THEIRS)
    refused = receive(manager, doses_received="4")
    assert refused.status == 422
    assert (
        "Lot 011j20a is already in your inventory with the expiration date 06/30/2027; the "
        "sender's record says 09/30/2027. Check the package."
    ) in refused.root.one("p", id="confirmed-error").text
    assert refused.root.one("input", name="doses_received").attributes["value"] == "4"
    mine = [one for one in records(app) if one.location_id == scope.location_id]
    assert [one.doses_total for one in mine] == [100]
    manager.submit(refused, {"confirmed": "y"}, button="Next", follow=True)
    mine = [one for one in records(app) if one.location_id == scope.location_id]
    assert [(one.expiration_date, one.doses_total) for one in mine] == [(OURS, 100), (THEIRS, 4)]
    assert wrong() == []


def test_it_is_said_before_anything_is_typed(
    manager: Browser, scope: Scope, personas: Personas
) -> None:
    stock.add(scope, expiration_date=OURS)
    on_its_way(scope, personas, THEIRS)
    page = press(manager.get(LIST), manager, "Inbound Transfer")
    page = manager.submit(page, {"line": "1"}, button="Next", follow=True)
    (note,) = page.root.all("div", class_="warning")
    assert "the sender's record says 09/30/2027" in note.text
    assert page.root.all("input", name="confirmed")


@pytest.mark.parametrize("same", ["date", "record that was taken back"])
def test_a_transfer_with_the_same_date_or_of_no_other_record_is_not(
    manager: Browser, scope: Scope, personas: Personas, same: str
) -> None:
    record = stock.add(scope, expiration_date=OURS)
    if same != "date":
        stock.reverse(scope, stock.entries(record)[0][0])
    on_its_way(scope, personas, OURS if same == "date" else THEIRS)
    done = receive(manager, doses_received="4")
    assert done.status == 200
    assert "Doses Received 4" in done.root.text


def test_add_shows_both_dates_offers_only_the_one_that_fits_and_asks_once(
    app: Flask, manager: Browser, scope: Scope, personas: Personas
) -> None:
    first = stock.add(scope, name="Ours", expiration_date=OURS)
    on_its_way(scope, personas, THEIRS)
    page = receive(manager, doses_received="4")
    manager.submit(page, {"confirmed": "y"}, button="Next", follow=True)
    second = max(one.id for one in records(app))
    question = manually(app, manager, expiration_date="09/30/2027")
    ours, theirs = (
        next(one.text for one in question.root.all("p") if one.text.startswith(name))
        for name in ("Ours", "Theirs")
    )
    assert "expires 06/30/2027" in ours
    assert "You entered a different expiration date" in ours
    assert "expires 09/30/2027" in theirs
    assert "You entered a different expiration date" not in theirs
    radios = question.root.all("input", type="radio", name="duplicate")
    assert [one.attributes["value"] for one in radios] == [str(second), "separate"]
    review = manager.submit(question, {"duplicate": str(second)}, button="Next", follow=True)
    # The lot was received today, and nothing was counted.
    saved = manager.submit(review, button="Save")
    assert saved.leads_to == f"/vaccine-inventory/{second}"
    assert stock.counters(first)["doses_total"] == 100
    assert stock.counters(second)["doses_total"] == 14
