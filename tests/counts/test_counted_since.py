"""What a count has found is not changed by an entry with an earlier date without a word (D11)."""

from datetime import timedelta

import pytest
from flask import Flask

from blueprints.counts.models import StockCount
from blueprints.inventory.rules import Kind
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from tests.client import Browser, Page
from tests.counts.steps import begin, enter
from tests.inventory import stock
from tests.inventory.test_add import manually
from tests.personas import Personas
from tests.transfers import boxes
from tests.transfers.steps import receive

NAME = "Moderna – 011J20A"


def add(scope: Scope, **changes: object) -> int:
    """A record of 100 doses that came ten days ago."""
    return stock.add(scope, received_on=stock.day(10), **changes)


def count(manager: Browser, *, back: int = 0, found: int = 100, **more: str) -> None:
    """Count the only record, so many days ago."""
    confirm = enter(manager, begin(manager), {1: found}, **more)
    manager.submit(confirm, button="Finish Count", follow=True)
    with unit_of_work() as session:
        session.query(StockCount).one().closed_at = now() - timedelta(days=back)


def said(back: int = 0, doses: int = 100) -> str:
    """What is said of the count."""
    day = f"{stock.day(back):%m/%d/%Y}"
    return f"“{NAME}” was counted on that date or later (Count 1 of {day}: {doses} doses)."


def tick(page: Page) -> bool:
    """Whether the page has the tick."""
    return bool(page.root.all("input", name="confirmed"))


@pytest.mark.parametrize(("back", "asked"), [(5, True), (3, True), (2, False)])
def test_more_of_a_lot_that_was_counted_since_is_asked_about(
    app: Flask, manager: Browser, scope: Scope, back: int, asked: bool
) -> None:
    record = add(scope)
    count(manager, back=3)
    came = {"date_received": f"{stock.day(back):%m/%d/%Y}"}
    question = manually(app, manager, doses="20", **came)
    review = manager.submit(question, {"duplicate": str(record)}, button="Next", follow=True)
    assert (said(3) in review.root.text) is asked
    assert tick(review) is asked
    if asked:
        refused = manager.submit(review, button="Save")
        assert refused.status == 422
        assert stock.counters(record)["doses_total"] == 100
        review = manager.submit(refused, {"confirmed": "y"}, button="Save", follow=True)
    else:
        review = manager.submit(review, button="Save", follow=True)
    assert stock.counters(record)["doses_total"] == 120


@pytest.mark.parametrize(("back", "asked"), [(5, True), (3, True), (2, False)])
def test_an_adjustment_of_what_was_counted_since_is_asked_about(
    manager: Browser, scope: Scope, back: int, asked: bool
) -> None:
    record = add(scope)
    count(manager, back=3)
    form = manager.get(f"/vaccine-inventory/{record}/adjust")
    given = {"doses": "2", "reason": "found", "happened_on": f"{stock.day(back):%m/%d/%Y}"}
    review = manager.submit(form, given, button="Next", follow=True)
    assert (said(3) in review.root.text) is asked
    assert tick(review) is asked
    if asked:
        refused = manager.submit(review, button="Save")
        assert refused.status == 422
        assert said(3) in refused.root.one("p", id="confirmed-error").text
        assert stock.counters(record)["doses_total"] == 100
        review = refused
    manager.submit(review, {"confirmed": "y"} if asked else {}, button="Save", follow=True)
    assert stock.counters(record)["doses_total"] == 102


def test_a_count_finished_between_review_and_save_is_asked_about(
    manager: Browser, colleague: Browser, scope: Scope
) -> None:
    record = add(scope)
    form = manager.get(f"/vaccine-inventory/{record}/adjust")
    given = {"doses": "2", "reason": "found", "happened_on": f"{stock.day(1):%m/%d/%Y}"}
    review = manager.submit(form, given, button="Next", follow=True)
    assert not tick(review)
    count(colleague)
    refused = manager.submit(review, button="Save", follow=True)
    assert said() in refused.root.text
    assert stock.counters(record)["doses_total"] == 100
    manager.submit(refused, {"confirmed": "y"}, button="Save", follow=True)
    assert stock.counters(record)["doses_total"] == 102


@pytest.mark.parametrize(("back", "asked"), [(5, True), (3, True), (2, False)])
def test_a_transfer_received_into_what_was_counted_since_is_asked_about(
    manager: Browser, scope: Scope, personas: Personas, back: int, asked: bool
) -> None:
    record = add(scope)
    other = stock.scope_for(personas, "manager_b")
    theirs = add(other, name="Theirs")
    boxes.send(other, scope, theirs, back=9)
    count(manager, back=3)
    came = {"date_received": f"{stock.day(back):%m/%d/%Y}", "doses_received": "4"}
    page = receive(manager, **came)
    assert (said(3) in page.root.text) is asked
    assert stock.counters(record)["doses_total"] == (100 if asked else 104)
    if asked:
        assert page.status == 422
        manager.submit(page, {**came, "confirmed": "y"}, button="Next", follow=True)
    assert stock.counters(record)["doses_total"] == 104


@pytest.mark.parametrize("counted", [True, False], ids=["counted", "entered after the count"])
def test_reversing_what_a_count_took_into_account_is_asked_about(
    manager: Browser, scope: Scope, counted: bool
) -> None:
    record = add(scope)
    if not counted:
        count(manager)
    entry = stock.post(scope, record, Kind.WASTED, 5, back=2)
    if counted:
        count(manager, found=95)
    page = manager.get(f"/vaccine-inventory/entries/{entry}/reverse")
    day = f"{stock.day():%m/%d/%Y}"
    sentence = f"“{NAME}” was counted after this entry (Count 1 of {day}: 95 doses)."
    assert (sentence in page.root.text) is counted
    assert tick(page) is counted
    answer = {"note": "Entered twice"}
    if counted:
        refused = manager.submit(page, answer, button="Reverse")
        assert refused.status == 422
        assert stock.counters(record)["doses_available"] == 95
        page, answer = refused, {**answer, "confirmed": "y"}
    manager.submit(page, answer, button="Reverse", follow=True)
    assert stock.counters(record)["doses_available"] == 100


def test_taking_back_what_a_count_booked_names_it(
    app: Flask, manager: Browser, scope: Scope, personas: Personas
) -> None:
    record = add(scope)
    count(manager, found=97, reason_1="broken")
    entry = stock.entries(record)[-1][0]
    stock.scope_at(personas, "agent", "A")
    agent = Browser(app, personas).sign_in("agent")
    page = agent.get(f"/vaccine-inventory/entries/{entry}/reverse")
    assert "was counted after this entry (Count 1 of" in page.root.text
    agent.submit(page, {"note": "x", "confirmed": "y"}, button="Reverse", follow=True)
    assert stock.counters(record)["doses_available"] == 100


def test_a_record_that_was_not_counted_is_not_spoken_of(manager: Browser, scope: Scope) -> None:
    record = add(scope)
    stock.add(scope, name="Other", lot="OTHER", received_on=stock.day(10))
    page = enter(manager, begin(manager), {2: 100}, not_counted_1="y")
    manager.submit(page, button="Finish Count", follow=True)
    form = manager.get(f"/vaccine-inventory/{record}/adjust")
    review = manager.submit(form, {"doses": "2", "reason": "found"}, button="Next", follow=True)
    assert not tick(review)


def test_finish_names_transfers_of_its_lots_that_are_not_received_yet(
    manager: Browser, scope: Scope, personas: Personas
) -> None:
    add(scope)
    other = stock.scope_for(personas, "manager_b")
    theirs = add(other, name="Theirs", lot="011j20a")
    boxes.send(other, scope, theirs, add(other, name="Foreign", lot="FOREIGN"), back=2)
    confirm = enter(manager, begin(manager), {1: 100})
    (note,) = confirm.root.all("div", class_="warning")
    sent = f"{stock.day(2):%m/%d/%Y}"
    assert f"Theirs, Lot # 011j20a: 4 doses from Clinic B, sent on {sent}, T-000001" in note.text
    assert "Foreign" not in note.text
    links = [one.attributes["href"] for one in note.all("a")]
    assert [manager.get(link).status for link in links] == [200, 200]
    manager.submit(confirm, button="Finish Count", follow=True)
    after = receive(manager, doses_received="4")
    assert said() in after.root.text
