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
from tests.counts.steps import Window, begin, enter
from tests.effort import some
from tests.inventory import stock
from tests.inventory.test_add import manually
from tests.personas import Personas
from tests.transfers import boxes
from tests.transfers.steps import choose, press, receive

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


def follow(browser: Browser, page: Page) -> str:
    """The heading of the page that the only link to a count leads to."""
    (link,) = [one for one in page.root.all("a") if one.text == "Show Count 1"]
    return browser.get(link.attributes["href"]).root.one("h1").text


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
        assert follow(manager, review) == "Count 1"
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
        assert follow(manager, review) == "Count 1"
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
        assert follow(manager, page) == "Count 1"
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
        assert follow(manager, page) == "Count 1"
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


@pytest.fixture
def other(personas: Personas) -> Scope:
    """The manager of the other clinic."""
    return stock.scope_for(personas, "manager_b")


@pytest.fixture
def receiver(app: Flask, personas: Personas) -> Browser:
    """Signed in there."""
    return Window(app, personas).sign_in("manager_b")


@pytest.mark.parametrize("counted", [True, False], ids=["counted since", "counted before"])
def test_cancelling_a_transfer_of_what_was_counted_since_is_asked_about(
    manager: Browser, scope: Scope, other: Scope, counted: bool
) -> None:
    record = add(scope)
    if not counted:
        count(manager)
    boxes.send(scope, other, record)
    if counted:
        count(manager, found=100, reason_1="found")
    page = manager.get("/transfers/1/cancel")
    sentence = (
        f"“{NAME}” was counted after these doses were sent (Count 1 of {stock.day():%m/%d/%Y}: "
        "100 doses)."
    )
    assert (sentence in page.root.text) is counted
    assert tick(page) is counted
    answer = {"note": "Wrong clinic"}
    if counted:
        assert follow(manager, page) == "Count 1"
        refused = manager.submit(page, answer, button="Cancel Transfer")
        assert refused.status == 422
        assert sentence in refused.root.one("p", id="confirmed-error").text
        assert stock.counters(record)["doses_available"] == 100
        page, answer = refused, {**answer, "confirmed": "y"}
    manager.submit(page, answer, button="Cancel Transfer", follow=True)
    assert stock.counters(record)["doses_available"] == (104 if counted else 100)


@pytest.mark.parametrize("counted", [True, False], ids=["counted since", "counted before"])
def test_refusing_a_transfer_of_what_its_sender_counted_since_is_asked_about(
    manager: Browser, receiver: Browser, scope: Scope, other: Scope, counted: bool
) -> None:
    record = add(scope)
    if not counted:
        count(manager)
    boxes.send(scope, other, record)
    if counted:
        count(manager, found=100, reason_1="found")
    page = receiver.get("/transfers/1/refuse")
    sentence = (
        f"The sender counted “{NAME}” after these doses were sent (Count 1 of "
        f"{stock.day():%m/%d/%Y})."
    )
    assert (sentence in page.root.text) is counted
    assert "100 doses" not in page.root.text, "what another clinic counted is its own business"
    assert tick(page) is counted
    assert "Show Count 1" not in page.root.text
    answer = {"note": "Wrong clinic", "usable": "yes"}
    if counted:
        refused = receiver.submit(page, answer, button="Refuse Transfer")
        assert refused.status == 422
        assert sentence in refused.root.one("p", id="confirmed-error").text
        assert stock.counters(record)["doses_available"] == 100
        page, answer = refused, {**answer, "confirmed": "y"}
    receiver.submit(page, answer, button="Refuse Transfer", follow=True)
    assert stock.counters(record)["doses_available"] == (104 if counted else 100)


@pytest.mark.parametrize(
    ("counted", "reason"),
    [(True, "miscounted"), (True, "lost_transit"), (False, "miscounted")],
)
def test_a_receipt_that_gives_doses_back_to_a_sender_who_has_counted_since_is_asked_about(
    manager: Browser, receiver: Browser, scope: Scope, other: Scope, counted: bool, reason: str
) -> None:
    record = add(scope)
    if not counted:
        count(manager)
    boxes.send(scope, other, record)
    if counted:
        count(manager, found=97, reason_1="found")
    given = {"doses_received": "3", "difference_reason": reason}
    page = receive(receiver, **given)
    asked = counted and reason == "miscounted"
    sentence = f"The sender counted “{NAME}” after these doses were sent (Count 1 of"
    assert (sentence in page.root.text) is asked
    if asked:
        assert page.status == 422
        assert "97 doses" not in page.root.text
        assert stock.counters(record)["doses_available"] == 97
        again = {**given, "date_received": f"{stock.day():%m/%d/%Y}", "confirmed": "y"}
        receiver.submit(page, again, button="Next", follow=True)
    left = 97 if counted else 96
    assert stock.counters(record)["doses_available"] == left + (reason == "miscounted")


def test_whoever_works_at_both_clinics_is_shown_the_way_to_the_senders_count(
    app: Flask, manager: Browser, scope: Scope, other: Scope, personas: Personas
) -> None:
    record = add(scope)
    boxes.send(scope, other, record)
    count(manager, found=96)
    stock.scope_at(personas, "manager_a", "B")
    both = Window(app, personas).sign_in("manager_a")
    page = both.get("/transfers/1/refuse")
    (link,) = [one for one in page.root.all("a") if one.text == "Show Count 1"]
    assert "It belongs to Clinic A" in both.get(link.attributes["href"]).root.text


WAYS = {
    "Wastage": {"reason": "broken", "vial": "closed"},
    "Return": {"reason": "too_warm"},
    "Transfer": {"reason": "surplus", "receiver_text": "Clinic B"},
}


def leave(browser: Browser, record: int, doses: int, *, back: int, way: str = "Wastage") -> Page:
    """Doses that left so many days ago, up to the page that confirms it."""
    page = press(browser.get("/vaccine-inventory/?view=all"), browser, way)
    page = choose(browser, page, {record: doses})
    given = {**WAYS[way], "happened_on": f"{stock.day(back):%m/%d/%Y}"}
    return browser.submit(page, given, button="Next", follow=True)


@pytest.mark.parametrize(
    ("way", "back", "asked"),
    some([(way, *days) for way in WAYS for days in ((5, True), (3, True), (2, False))], short=5),
)
def test_doses_that_left_before_a_count_that_missed_none_are_asked_about(
    manager: Browser, scope: Scope, other: Scope, back: int, asked: bool, way: str
) -> None:
    record = add(scope)
    count(manager, back=3)
    review = leave(manager, record, 2, back=back, way=way)
    assert (said(3) in review.root.text) is asked
    assert tick(review) is asked
    button = "Send" if way == "Transfer" else "Save"
    if asked:
        assert follow(manager, review) == "Count 1"
        refused = manager.submit(review, button=button)
        assert refused.status == 422
        assert said(3) in refused.root.one("p", id="confirmed-error").text
        assert stock.counters(record)["doses_available"] == 100
        review = refused
    manager.submit(review, {"confirmed": "y"} if asked else {}, button=button, follow=True)
    assert stock.counters(record)["doses_available"] == 98


def test_what_leaves_today_is_no_news_to_a_count_of_today(manager: Browser, scope: Scope) -> None:
    record = add(scope)
    count(manager)
    review = leave(manager, record, 2, back=0)
    assert not tick(review)
    manager.submit(review, button="Save", follow=True)
    assert stock.counters(record)["doses_available"] == 98


def test_a_count_that_took_doses_off_is_named_once(manager: Browser, scope: Scope) -> None:
    record = add(scope)
    count(manager, found=97, reason_1="broken")
    review = leave(manager, record, 3, back=2)
    (note,) = review.root.all("div", class_="warning")
    assert "a count already removed missing doses from this record" in note.text
    refused = manager.submit(review, button="Save")
    assert refused.status == 422
    assert stock.counters(record)["doses_available"] == 97
    manager.submit(refused, {"confirmed": "y"}, button="Save", follow=True)
    assert stock.counters(record)["doses_available"] == 94


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
