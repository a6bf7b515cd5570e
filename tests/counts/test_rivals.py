"""Ten start one count at once, and ten close it."""

from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.counts.models import StockCount
from portal.db import unit_of_work
from tests.counts import steps
from tests.inventory import stock
from tests.personas import Personas
from tests.rivals import all_at_once, browsers

pytestmark = pytest.mark.both_databases


def test_of_ten_who_start_or_close_a_count_one_does_and_the_others_are_told(
    app: Flask, personas: Personas
) -> None:
    with app.app_context():
        record = stock.add(stock.scope_for(personas, "manager_a"), doses=5)
    everybody, calls = browsers(app, personas), []
    for browser in everybody:
        page = browser.get(steps.COUNTS)
        (unit,) = {v for words, v in steps.offered(page).items() if words.startswith("All ")}
        calls.append(partial(browser.submit, page, {"storage_unit": unit}, button="Start Count"))
    won, told = all_at_once(app, calls, r"INSERT INTO stock_count ")
    assert len(won) == 1
    assert all("already being counted" in words for words in told)
    with app.app_context(), unit_of_work(write=False) as session:
        count = session.scalars(select(StockCount.id)).one()
    page = everybody[0].get(f"/counts/{count}")
    everybody[0].submit(page, {"counted_1": "4", "reason_1": "lost"}, button="Save")
    calls = []
    for turn, browser in enumerate(everybody):
        what = ("finish", "cancel")[turn % 2]
        page = browser.get(f"/counts/{count}/{what}")
        calls.append(partial(browser.submit, page, button=f"{what.title()} Count"))
    won, told = all_at_once(app, calls, r"UPDATE stock_count ")
    assert len(won) == 1
    assert all(" this count on " in words and "Nothing was saved" in words for words in told)
    with app.app_context():
        finished = stock.counters(record)["doses_available"] == 4
        assert len(steps.documents()) == int(finished)
        assert steps.wrong() == []
