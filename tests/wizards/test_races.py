"""Several processes finish one draft, or edit one field, at the same moment."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import unit_of_work
from tests.client import Browser, fields_of
from tests.personas import Personas
from tests.wizards.conftest import Shelve, tins_app
from tests.wizards.test_steps import tins, to_review
from tests.wizards.tins import Tin

pytestmark = pytest.mark.both_databases

RIVALS = 4
ready: Barrier


def start_rival(barrier: Barrier) -> None:
    global ready
    ready = barrier


def send(instance: Path, url: str, cookie: str, address: str, form: dict[str, Any]) -> int:
    """Send a form from a process of its own, at the same moment as the others."""
    app = tins_app(instance, url)
    client = app.test_client()
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)
    ready.wait(30)
    return client.post(address, data=form).status_code


def race(
    app: Flask, url: str, browser: Browser, sent: list[tuple[str, dict[str, Any]]]
) -> list[int]:
    """The status of each answer, sorted."""
    cookie = browser.client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(sent))
    with ProcessPoolExecutor(
        len(sent), mp_context=context, initializer=start_rival, initargs=(barrier,)
    ) as pool:
        instance = Path(app.instance_path)
        calls = [
            pool.submit(send, instance, url, cookie.value, address, form) for address, form in sent
        ]
        return sorted(call.result(60) for call in calls)


def test_a_draft_is_finished_once_whoever_presses_save(
    app: Flask, browser: Browser, brands: dict[str, int], database_url: str
) -> None:
    to_review(browser)
    sent = []
    for _window in range(RIVALS):
        page = browser.get("/tins/add/1/review")
        sent.append(
            ("/tins/add/1/review", fields_of(page.form(action="/tins/add/1/review"), "Save"))
        )
    assert race(app, database_url, browser, sent) == [303, 409, 409, 409]
    assert tins(app) == [("Peas", 400)]


def test_of_several_changes_of_one_field_at_once_one_is_saved_and_the_others_are_told(
    app: Flask, browser: Browser, shelve: Shelve, database_url: str, personas: Personas
) -> None:
    tin = shelve()
    browser.sign_in("manager_a")
    address = f"/tins/{tin}/edit/label"
    sent = []
    for number in range(RIVALS):
        form = fields_of(browser.get(address).form(action=address), "Save")
        sent.append((address, form | {"label": f"Slow {number}"}))
    assert race(app, database_url, browser, sent) == [303, 409, 409, 409]
    with app.app_context(), unit_of_work(write=False) as session:
        assert session.scalar(select(Tin.label)) in {f"Slow {n}" for n in range(RIVALS)}
