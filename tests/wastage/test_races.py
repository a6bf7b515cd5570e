"""Ten waste or return the last doses of a record at once."""

from functools import partial

import pytest
from flask import Flask

from tests.effort import some
from tests.inventory import stock
from tests.personas import Personas
from tests.rivals import TEN, all_at_once, browsers, fill_in

pytestmark = pytest.mark.both_databases

DETAILS = {
    "Wastage": {"reason": "broken", "vial": "closed", "note": "fell"},
    "Return": {"reason": "too_warm", "note": "fridge"},
}
PATHS = {"Wastage": "/vaccine-inventory/wastage", "Return": "/vaccine-inventory/return"}


@pytest.mark.parametrize(
    ("name", "region"),
    some(
        [("Wastage", None), ("Return", None), ("Wastage", "wizard"), ("Return", "wizard")], short=2
    ),
)
def test_of_ten_who_take_two_of_five_doses_two_get_them_and_eight_are_told(
    app: Flask, personas: Personas, name: str, region: str | None
) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=5)
    details = {"happened_on": f"{stock.day():%m/%d/%Y}", **DETAILS[name]}
    entered = {"doses": {"lines-0-record": record, "lines-0-doses": 2}, "reason": details}
    calls = []
    for who, browser in zip(TEN, browsers(app, personas), strict=True):
        wizard = f"wastage.{name.lower()}"
        page = fill_in(browser, who, wizard, PATHS[name], entered, step="review")
        calls.append(partial(browser.submit, page, button="Save", region=region))
    won, told = all_at_once(app, calls)
    assert (len(won), len(told)) == (2, 8)
    assert all("Only 1 dose" in words and "Nothing was saved" in words for words in told)
    with app.app_context():
        assert stock.counters(record)["doses_available"] == 1
        assert stock.wrong() == []
