"""Ten send the last doses of a record at once, or settle one transfer."""

from functools import partial

import pytest
from flask import Flask

from tests.client import Browser
from tests.inventory import stock
from tests.personas import Personas
from tests.rivals import TEN, all_at_once, browsers, fill_in
from tests.transfers import boxes
from tests.transfers.steps import wrong

pytestmark = pytest.mark.both_databases


def test_of_ten_who_send_two_of_five_doses_two_do_and_eight_are_told(
    app: Flask, personas: Personas
) -> None:
    with app.app_context():
        record = stock.add(stock.scope_for(personas, "manager_a"), doses=5)
    entered = {
        "doses": {"lines-0-record": record, "lines-0-doses": 2},
        "receiver": {
            "happened_on": f"{stock.day():%m/%d/%Y}",
            "receiver": personas.locations["B"],
            "reason": "surplus",
        },
    }
    calls = []
    for who, browser in zip(TEN, browsers(app, personas), strict=True):
        page = fill_in(browser, who, "transfers.send", "/transfers/send", entered, step="review")
        calls.append(partial(browser.submit, page, button="Send"))
    won, told = all_at_once(app, calls)
    assert (len(won), len(told)) == (2, 8)
    assert all("Only 1 dose" in words and "Nothing was saved" in words for words in told)
    with app.app_context():
        found = stock.counters(record)
        assert (found["doses_available"], found["doses_in_transit"]) == (1, 4)
        assert wrong() == []


def test_of_ten_who_settle_a_transfer_one_does_and_the_others_are_told_who(
    app: Flask, personas: Personas
) -> None:
    with app.app_context():
        sender = stock.scope_for(personas, "manager_a")
        record = stock.add(sender, doses=5)
        sent = boxes.send(sender, stock.scope_for(personas, "manager_b"), record, doses=4)
        transfer, line = sent.transfer.id, sent.lines[0].row.id
    calls = []
    for turn in range(10):
        what = ("cancel", "refuse", "receive")[turn % 3]
        who = "manager_a" if what == "cancel" else "manager_b"
        browser = Browser(app, personas).sign_in(who)
        if what == "receive":
            page = fill_in(
                browser,
                who,
                "transfers.inbound",
                "/transfers/inbound",
                {"choose": {"line": line}},
                step="details",
                letter="B",
            )
            values = {"date_received": f"{stock.day():%m/%d/%Y}", "doses_received": "4"}
            calls.append(partial(browser.submit, page, values, button="Next"))
            continue
        page = browser.get(f"/transfers/{transfer}/{what}")
        values = {"note": "race", **({"usable": "yes"} if what == "refuse" else {})}
        button = f"{what.title()} Transfer"
        calls.append(partial(browser.submit, page, values, button=button))
    won, told = all_at_once(app, calls)
    assert (len(won), len(told)) == (1, 9)
    assert all(" on " in words and "Nothing was saved" in words for words in told)
    with app.app_context():
        assert stock.counters(record)["doses_in_transit"] == 0
        assert wrong() == []
