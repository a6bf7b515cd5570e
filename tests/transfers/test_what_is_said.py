"""What pages and mails say of transfers whose doses are held, missing, or came back."""

import re

import pytest

from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.messages.models import Message
from portal.messages.rendering import render
from tests.client import Browser
from tests.inventory import stock
from tests.transfers.steps import (
    LIST,
    name_of,
    press,
    receive,
    records_of,
    send,
    wrong,
)


def hold(browser: Browser, record: int, note: str = "9.2 °C overnight") -> None:
    """Put the lot of a record into quarantine at its location."""
    form = browser.get(f"/vaccine-inventory/{record}/quarantine")
    browser.submit(form, {"reason": "power", "note": note}, button="Quarantine")


@pytest.mark.parametrize(("usable", "held"), [("yes", False), ("no", True)])
def test_refused_doses_come_back_in_quarantine_unless_they_are_fit_for_use(
    browser: Browser, scope: Scope, other: Scope, usable: str, held: bool
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    path = send(browser, {record: 4}, to=name_of(other)).response.request.path
    browser.sign_in("manager_b")
    form = press(browser.get(path), browser, "Refuse Transfer")
    given = {"note": "Indicator was red", "usable": usable}
    assert browser.submit(form, given, button="Refuse Transfer").status == 303
    browser.sign_in("manager_a")
    page = browser.get(f"/vaccine-inventory/{record}").root
    assert stock.counters(record)["doses_available"] == 100
    assert ("in quarantine at this location" in page.text) is held
    assert (f"{name_of(other)}: Indicator was red" in page.text) is held
    assert wrong() == []


def test_a_lot_held_on_its_way_is_marked_wherever_it_is_seen(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    path = send(browser, {record: 4}, to=name_of(other)).response.request.path
    assert "uarantine" not in browser.get(path).root.one("main").text
    hold(browser, record)
    assert "Quarantine" in browser.get(path).root.one("tbody").text
    assert "4 of them are of lots in quarantine." in browser.get("/").root.text
    browser.sign_in("manager_b")
    assert "4 of them are of lots in quarantine." in browser.get("/").root.text
    page = press(browser.get(LIST), browser, "Inbound Transfer")
    assert "(in quarantine), doses: 4, from" in page.root.text
    done = receive(browser, doses_received="4")
    assert "Status Quarantine" in done.root.text


def test_what_is_still_coming_is_counted_in_doses_of_other_records(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    first, second = stock.add(scope), stock.add(scope, lot="LOT2")
    browser.sign_in("manager_a")
    send(browser, {first: 3, second: 5}, to=name_of(other))
    browser.sign_in("manager_b")
    done = receive(browser, doses_received="2", difference_reason="lost_transit")
    assert "Missing doses 1, Lost in transit" in done.root.text
    assert "Doses of other records on their way here 5" in done.root.text


def test_a_record_shows_its_own_part_of_a_transfer(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    first, second = stock.add(scope), stock.add(scope, lot="LOT2")
    browser.sign_in("manager_a")
    send(browser, {first: 3, second: 5}, to=name_of(other))
    browser.sign_in("manager_b")
    receive(browser, doses_received="3")
    browser.sign_in("manager_a")
    for record, said in ((first, "3 3 Received"), (second, "5 – In transit")):
        page = browser.get(f"/vaccine-inventory/{record}?tab=related")
        assert page.root.one(id="section-transfers").text.endswith(said)


def test_the_number_of_a_transfer_leads_to_it_on_both_sides(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    path = send(browser, {record: 4}, to=name_of(other)).response.request.path
    browser.sign_in("manager_b")
    receive(browser, doses_received="4")
    (arrived,) = records_of(other)
    for who, own in (("manager_a", record), ("manager_b", arrived.id)):
        browser.sign_in(who)
        history = browser.get(f"/vaccine-inventory/{own}?tab=related").root
        links = history.one(id="section-ledger").all("a")
        numbers = {link.attributes["href"] for link in links if link.text == "T-000001"}
        assert [browser.get(href).leads_to for href in numbers] == [path]


def test_a_dose_the_sender_had_counted_wrong_is_told_with_its_reason(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    send(browser, {record: 4}, to=name_of(other), reason="surplus")
    browser.sign_in("manager_b")
    receive(browser, doses_received="3", difference_reason="miscounted", note="Recounted twice")
    browser.sign_in("manager_a")
    history = browser.get(f"/vaccine-inventory/{record}?tab=related").root
    (reversal,) = [row for row in history.all("tr") if "reversal of entry" in row.text]
    assert "Counted wrong by the sender" in reversal.text
    assert "Recounted twice" in reversal.text
    with unit_of_work(write=False) as session:
        message = session.query(Message).filter_by(kind="transfer_received").first()
        text = render(message, zone="America/New_York", secrets=False).text
    assert ", 1 back in your inventory – Recounted twice\n" in text
    assert re.search(r"twice\n\n?If doses are missing", text)


def test_doses_refused_as_unfit_stay_held_when_another_hold_ends(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    path = send(browser, {record: 4}, to=name_of(other)).response.request.path
    hold(browser, record)
    browser.sign_in("manager_b")
    form = press(browser.get(path), browser, "Refuse Transfer")
    refused = {"note": "Indicator was red", "usable": "no"}
    told = browser.submit(form, refused, button="Refuse Transfer", follow=True)
    assert "The doses may not be used, or nobody is sure" in told.root.text
    browser.sign_in("manager_a")
    page = browser.get(f"/vaccine-inventory/{record}")
    release = press(page, browser, "Release from Quarantine")
    page = browser.submit(
        release, {"note": "Fridge is fine"}, button="Release from Quarantine", follow=True
    )
    assert "stays in quarantine where there is another hold" in page.root.text
    assert "Indicator was red" in page.root.text
    release = press(page, browser, "Release from Quarantine")
    page = browser.submit(
        release, {"note": "Looked at"}, button="Release from Quarantine", follow=True
    )
    assert "The lot is released." in page.root.text


def test_unfinished_transfers_say_which_doses_they_are_about(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    record = stock.add(scope, name="Blue fridge")
    browser.sign_in("manager_a")
    page = browser.get(f"/transfers/send?record={record}")
    browser.submit(page, {"lines-0-doses": "7"}, button="Next")
    assert "You left Transfer (Blue fridge, doses: 7) unfinished" in browser.get("/").root.text
    path = send(browser, {record: 4}, to=name_of(other)).response.request.path
    assert "entered for “Blue fridge”: Transferred out 4." in browser.get("/").root.text
    browser.sign_in("manager_b")
    page = press(browser.get(LIST), browser, "Inbound Transfer")
    chosen = page.root.all("input", type="radio")[0].attributes["value"]
    browser.submit(page, {"line": chosen}, button="Next")
    home = browser.get("/").root.text
    assert "Inbound Transfer (Blue fridge, doses: 4)" in home
    assert "no longer on their way" not in home
    browser.sign_in("manager_a")
    form = press(browser.get(path), browser, "Cancel Transfer")
    browser.submit(form, {"note": "Wrong clinic"}, button="Cancel Transfer")
    browser.sign_in("manager_b")
    assert "These doses are no longer on their way: Canceled." in browser.get("/").root.text


def test_a_record_that_has_expired_offers_no_transfer(browser: Browser, scope: Scope) -> None:
    expired = stock.add(scope, expiration_date=stock.day(1), confirmed=True)
    good = stock.add(scope, lot="LOT2")
    browser.sign_in("manager_a")
    for record, offered in ((good, 1), (expired, 0)):
        links = browser.get(f"/vaccine-inventory/{record}").root.one("main").all("a")
        assert sum(link.text == "Transfer" for link in links) == offered
