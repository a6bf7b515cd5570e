"""Several people take from, waste or add to one vial in the same moment."""

from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.vials.models import OpenVial
from portal.db import unit_of_work
from tests import threads
from tests.inventory import stock
from tests.personas import Personas
from tests.rivals import all_at_once, browsers
from tests.vials.vials import available, give, vial

pytestmark = pytest.mark.both_databases


def test_ten_doses_given_at_once_come_from_one_vial(app: Flask, personas: Personas) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=20)

    def one_dose() -> None:
        with app.app_context():
            give(scope, record)

    threads.at_once(one_dose, [()] * 10)
    with app.app_context(), unit_of_work(write=False) as session:
        found = session.execute(select(OpenVial.taken, OpenVial.doses, OpenVial.state)).all()
        assert [tuple(row) for row in found] == [(10, 10, "used_up")]
    with app.app_context():
        assert available(record) == 10


def test_of_ten_who_waste_what_is_left_one_does(app: Flask, personas: Personas) -> None:
    with app.app_context():
        record = stock.add(stock.scope_for(personas, "manager_a"), doses=20)
        number = give(stock.scope_for(personas, "manager_a"), record)
    calls = []
    for browser in browsers(app, personas):
        page = browser.get(f"/open-vials/{number}/waste")
        calls.append(partial(browser.submit, page, button="Record Wastage"))
    won, told = all_at_once(app, calls)
    assert (len(won), len(told)) == (1, 9)
    assert all("Nothing is left in this vial. Nothing was saved." in words for words in told)
    with app.app_context():
        assert (available(record), vial(number).state) == (10, "wasted")
        assert stock.wrong() == []


def test_of_ten_who_find_the_extra_dose_one_adds_it(app: Flask, personas: Personas) -> None:
    with app.app_context():
        record = stock.add(stock.scope_for(personas, "manager_a"), doses=20)
        number = give(stock.scope_for(personas, "manager_a"), record)
    calls = []
    for browser in browsers(app, personas):
        page = browser.get("/")
        calls.append(partial(browser.submit, page, button="Extra Dose"))
    answers, told = all_at_once(app, calls)
    assert (len(answers), told) == (10, [])
    with app.app_context():
        assert (available(record), vial(number).doses) == (20, 11)
        assert stock.wrong() == []
