"""Several processes finish one draft, or edit one field, at the same moment."""

from multiprocessing.synchronize import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import unit_of_work
from tests.client import Browser, fields_of
from tests.personas import Personas
from tests.processes import FORK, together
from tests.wizards.conftest import Shelve
from tests.wizards.test_steps import tins, to_review
from tests.wizards.tins import Tin

pytestmark = pytest.mark.both_databases

RIVALS = 4


def send(
    number: int, app: Flask, ready: Barrier, cookie: str, sent: list[tuple[str, dict[str, Any]]]
) -> int:
    """Send a form from a process of its own, at the same moment as the others."""
    client = app.test_client()
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)
    address, form = sent[number]
    ready.wait(30)
    return client.post(address, data=form).status_code


def race(app: Flask, browser: Browser, sent: list[tuple[str, dict[str, Any]]]) -> list[int]:
    """The status of each answer, sorted."""
    cookie = browser.client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    ready = FORK.Barrier(len(sent))
    return sorted(together(app, len(sent), send, app, ready, cookie.value, sent))


def test_a_draft_is_finished_once_whoever_presses_save(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    to_review(browser)
    sent = []
    for _window in range(RIVALS):
        page = browser.get("/tins/add/1/review")
        sent.append(
            ("/tins/add/1/review", fields_of(page.form(action="/tins/add/1/review"), "Save"))
        )
    assert race(app, browser, sent) == [303, 409, 409, 409]
    assert tins(app) == [("Peas", 400)]


def test_of_several_changes_of_one_field_at_once_one_is_saved_and_the_others_are_told(
    app: Flask, browser: Browser, shelve: Shelve, personas: Personas
) -> None:
    tin = shelve()
    browser.sign_in("manager_a")
    address = f"/tins/{tin}/edit/label"
    sent = []
    for number in range(RIVALS):
        form = fields_of(browser.get(address).form(action=address), "Save")
        sent.append((address, form | {"label": f"Slow {number}"}))
    assert race(app, browser, sent) == [303, 409, 409, 409]
    with app.app_context(), unit_of_work(write=False) as session:
        assert session.scalar(select(Tin.label)) in {f"Slow {n}" for n in range(RIVALS)}
