"""Ten managers add one user at once; two who are the last ones put each other out."""

from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.clock import now
from portal.db import unit_of_work
from portal.people.models import User
from tests.accounts.steps import JANE, jane
from tests.client import Browser
from tests.inventory import stock
from tests.people.steps import reading
from tests.personas import Personas
from tests.rivals import all_at_once, browsers

pytestmark = pytest.mark.both_databases


def test_of_ten_who_add_a_user_of_one_name_one_does_and_the_others_are_told(
    app: Flask, personas: Personas
) -> None:
    calls = []
    for turn, browser in enumerate(browsers(app, personas)):
        page = browser.get("/accounts/add")
        # Half of them have the username in common, all of them the address.
        name = JANE["username"] if turn % 2 else f"{JANE['username']}{turn}"
        calls.append(partial(browser.submit, page, {**JANE, "username": name}, button="Save"))
    won, told = all_at_once(app, calls, r"INSERT INTO user_account ")
    assert len(won) == 1
    assert all("cannot be used" in words or "already" in words for words in told)
    with reading(app) as session:
        made = select(func.count(User.id)).where(User.email == JANE["email"].lower())
        assert session.scalar(made) == 1
    assert jane(app) is None or len(told) == 9


def test_of_two_last_managers_who_deactivate_each_other_one_stays(
    app: Flask, personas: Personas
) -> None:
    with app.app_context():
        for who in ("first_c", "second_c"):
            stock.scope_at(personas, who, "C")
        with unit_of_work() as session:
            users = session.scalars(select(User).where(User.email.like("%_c@example.org")))
            for user in users:
                user.registered_at = now()
    calls = []
    for who, other in (("first_c", "second_c"), ("second_c", "first_c")):
        browser = Browser(app, personas).sign_in(who)
        page = browser.get(f"/accounts/{personas.users[other]}")
        page = browser.get(page.root.with_text("a", "Deactivate").attributes["href"])
        calls.append(partial(browser.submit, page, button="Deactivate"))
    won, told = all_at_once(app, calls, r"SELECT location.* FOR NO KEY UPDATE")
    # Who has been put out before the portal looks is no longer signed in at all.
    signed_out = [page for page in won if page.leads_to.startswith("/sign-in")]
    assert len(won) - len(signed_out) == 1 == len(told) + len(signed_out)
    with reading(app) as session:
        left = select(func.count(User.id)).where(User.email.like("%_c@example.org"), User.active)
        assert session.scalar(left) == 1
