"""Transfers that are cancelled or refused, in whole or in part (SPEC E1)."""

import pytest

from portal.access.scope import Scope
from tests.client import Browser
from tests.inventory import stock
from tests.transfers.steps import mails, name_of, press, receive, records_of, send, wrong


def test_the_sender_cancels_and_the_doses_are_back(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    slip = send(browser, {record: 40}, to=name_of(other))
    form = press(slip, browser, "Cancel Transfer")
    unexplained = browser.submit(form, button="Cancel Transfer")
    assert unexplained.status == 422
    assert stock.counters(record)["doses_in_transit"] == 40
    done = browser.submit(form, {"note": "Wrong clinic"}, button="Cancel Transfer", follow=True)
    assert "Canceled" in done.root.text
    assert "Wrong clinic" in done.root.text
    assert stock.counters(record)["doses_available"] == 100
    assert mails("transfer_cancelled") == [], "nobody had heard of it"
    again = browser.get(form.response.request.path, follow_redirects=True)
    assert "canceled this transfer" in again.root.text
    browser.sign_in("manager_b")
    assert "Nothing is on its way here" in browser.get("/transfers/inbound").root.text
    assert wrong() == []


def test_the_receiver_refuses_and_the_sender_has_the_doses_again(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    first, second = stock.add(scope), stock.add(scope, lot="LOT2")
    browser.sign_in("manager_a")
    path = send(browser, {first: 4, second: 6}, to=name_of(other)).response.request.path
    browser.sign_in("manager_b")
    form = press(browser.get(path), browser, "Refuse Transfer")
    told = browser.submit(form, {"note": "Box was warm"}, button="Refuse Transfer")
    assert told.status == 422, "whether the doses are fit for use must be said"
    fit = {"note": "Box was warm", "usable": "yes"}
    browser.submit(told, fit, button="Refuse Transfer", follow=True)
    assert stock.counters(first)["doses_available"] == 100
    assert stock.counters(second)["doses_available"] == 100
    assert records_of(other) == []
    assert [address for address, _c in mails("transfer_refused")] == [
        "manager.a@example.org",
        "manager.ab@example.org",
    ]
    assert wrong() == []


@pytest.mark.parametrize(("usable", "held"), [("no", True), ("yes", False)])
def test_what_the_receiver_saw_of_the_box_holds_although_it_was_cancelled(
    browser: Browser, scope: Scope, other: Scope, usable: str, held: bool
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    path = send(browser, {record: 4}, to=name_of(other)).response.request.path
    receiver = Browser(browser.app, browser.personas).sign_in("manager_b")
    refusing = press(receiver.get(path), receiver, "Refuse Transfer")
    cancelling = press(browser.get(path), browser, "Cancel Transfer")
    browser.submit(cancelling, {"note": "Wrong clinic"}, button="Cancel Transfer")
    seen = {"note": "Box was warm", "usable": usable}
    told = receiver.submit(refusing, seen, button="Refuse Transfer", follow=True)
    assert ("now in quarantine there, for the reason you gave" in told.root.text) is held
    assert ("canceled this transfer on" in told.root.text) is not held
    page = browser.get(f"/vaccine-inventory/{record}?tab=related").root.text
    assert ("Clinic B: Box was warm" in page) is held
    assert len(mails("quarantine_placed")) == (2 if held else 0)
    assert stock.counters(record)["doses_available"] == 100
    assert wrong() == []


def test_of_two_records_one_can_be_received_and_the_other_cancelled(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    first_name = "Came in time"
    first, second = stock.add(scope, name=first_name), stock.add(scope, lot="LOT2")
    browser.sign_in("manager_a")
    path = send(browser, {first: 4, second: 6}, to=name_of(other)).response.request.path
    browser.sign_in("manager_b")
    done = receive(browser, doses_received="4")
    assert "Doses of other records on their way here" in done.root.text
    assert all(len(context["lines"]) == 1 for _address, context in mails("transfer_received"))
    browser.sign_in("manager_a")
    form = press(browser.get(path), browser, "Cancel Transfer")
    done = browser.submit(form, {"note": "Needed here"}, button="Cancel Transfer", follow=True)
    assert "The doses still on their way were canceled" in done.root.text
    assert f"Received before that: {first_name}." in done.root.text
    assert stock.counters(second)["doses_available"] == 100
    assert stock.counters(first)["doses_transferred"] == 4
    told = [context["lines"] for _address, context in mails("transfer_cancelled")]
    assert told
    assert all([line["sent"] for line in lines] == [6] for lines in told), "not what is received"
    assert wrong() == []


def test_who_comes_second_is_told_who_was_first(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    path = send(browser, {record: 40}, to=name_of(other)).response.request.path
    cancelling = press(browser.get(path), browser, "Cancel Transfer")
    browser.sign_in("manager_b")
    receive(browser, doses_received="40")
    browser.sign_in("manager_a")
    late = browser.get(cancelling.response.request.path, follow_redirects=True)
    assert "Manager B already received these doses on " in late.root.text
    assert wrong() == []
