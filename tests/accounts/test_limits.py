"""What managers cannot do: flood a mailbox, ask who has an account, leave nobody in charge."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete

from blueprints.accounts import services
from portal import clock, submissions
from portal.access.profiles import Profile
from portal.accounts import limit_on_adding as additions
from portal.accounts import services as accounts
from portal.db import run, session
from portal.errors import Forbidden, Invalid, NotFound
from portal.people import rules
from portal.people.models import User, UserLocation
from portal.people.rules import Giver, Holder
from tests.accounts.steps import JANE, add, jane, press
from tests.client import Browser, Page
from tests.inventory.stock import scope_for
from tests.people.steps import change, mails, trail, user_of, writing
from tests.personas import Personas
from tests.threads import at_once

START = datetime(2021, 3, 1, 12, tzinfo=UTC)

# Invitations


def test_one_mailbox_gets_three_invitations_in_a_quarter_of_an_hour_and_ten_a_day(
    browser: Browser,
) -> None:
    def invite(user_id: int) -> Page:
        return press(browser, user_id, "Resend Invitation")

    with time_machine.travel(START, tick=False) as travel:
        add(browser.sign_in("manager_a"))
        user = jane(browser.app)
        assert user is not None
        assert [invite(user.id).status for _time in range(2)] == [303, 303]
        refused = invite(user.id)
        assert refused.status == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 901
        assert "already been invited several times" in refused.root.one("main").text
        assert len(mails(browser.app, "welcome")) == 3
        assert len(trail(browser.app, "user.invited")) == 2
        for _quarter in range(4):
            travel.shift(timedelta(minutes=15, seconds=1))
            browser.sign_in("manager_a")
            while invite(user.id).status == 303:
                pass
        assert len(mails(browser.app, "welcome")) == 10


def test_deactivating_and_reactivating_sends_no_more_invitations(browser: Browser) -> None:
    add(browser.sign_in("manager_a"))
    user = jane(browser.app)
    assert user is not None
    for _time in range(2):
        press(browser, user.id, "Deactivate")
        assert press(browser, user.id, "Reactivate").status == 303
    press(browser, user.id, "Deactivate")
    assert press(browser, user.id, "Reactivate").status == 429
    assert not user_of(browser.app, user.id).active
    assert len(mails(browser.app, "welcome")) == 3


# Who has an account


def ask(browser: Browser, number: int = 0, **values: str) -> Page:
    return add(browser, **{"username": f"guess{number}", "email": "agent@example.org", **values})


def test_asking_by_adding_who_has_an_account_is_stopped_and_recorded(
    browser: Browser, personas: Personas
) -> None:
    with time_machine.travel(START, tick=False) as travel:
        browser.sign_in("manager_a")
        assert [ask(browser, number).status for number in range(20)] == [422] * 20
        stopped = ask(browser, 20)
        assert stopped.status == 429
        assert 1 <= int(stopped.headers["Retry-After"]) <= 901
        text = stopped.root.one("main").text
        assert "Too many of your forms were refused" in text
        assert "belongs to an account" not in text
        typed = stopped.form(action="/accounts/add").one("input", name="username")
        assert typed.attributes["value"] == "guess20"
        entries = trail(browser.app, "user.adding_met_account")
        assert {(entry.actor_id, entry.subject_id) for entry in entries} == {
            (personas.users["manager_a"], personas.users["agent"])
        }
        assert len(entries) == 20
        assert "guess" not in repr([vars(entry) for entry in entries])
        assert add(browser).status == 429, "nothing is judged"
        browser.sign_in("manager_b")
        assert ask(browser, 21).status == 422, "another manager is not concerned"
        travel.shift(timedelta(minutes=15, seconds=1))
        browser.sign_in("manager_a")
        assert add(browser).status == 303


def test_who_adds_many_users_is_not_stopped(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(additions, "REFUSED", ((2, timedelta(minutes=15)),))
    browser.sign_in("manager_a")
    for number in range(4):
        done = add(browser, username=f"user{number}", email=f"user{number}@example.org")
        assert done.status == 303
    assert add(browser, username="").status == 422, "an empty field asks nothing"
    assert [ask(browser, number).status for number in range(3)] == [422, 422, 429]


def test_who_may_not_add_users_is_not_counted(browser: Browser, personas: Personas) -> None:
    page = browser.sign_in("manager_a").get("/accounts/add")
    change(browser.app, personas.users["manager_a"], profile="provider")
    form = {**JANE, "email": "agent@example.org"}
    assert browser.submit(page, form, button="Save").status == 403
    assert trail(browser.app, "user.%") == []


# Who is in charge


def giver_at(personas: Personas, letter: str) -> Giver:
    return Giver(profile=Profile.MANAGER, location_ids=frozenset({personas.locations[letter]}))


def test_an_invited_manager_does_not_count_as_the_one_who_remains(
    browser: Browser, personas: Personas
) -> None:
    user_id = personas.users["manager_a"]
    change(browser.app, personas.users["manager_ab"], profile="provider")
    add(browser.sign_in("manager_a"), profile="manager")
    with pytest.raises(Invalid, match="the last manager of Clinic A"), writing(browser.app) as work:
        accounts.deactivate(None, giver_at(personas, "A"), work.get_one(User, user_id))
    assert user_of(browser.app, user_id).active
    ghost = jane(browser.app)
    assert ghost is not None
    assert press(browser, ghost.id, "Deactivate").status == 303, "whom nobody depends on"
    press(browser, ghost.id, "Reactivate")
    change(browser.app, ghost.id, registered_at=clock.now())
    with writing(browser.app) as work:
        accounts.deactivate(None, giver_at(personas, "A"), work.get_one(User, user_id))
    assert not user_of(browser.app, user_id).active


def test_an_invited_administrator_does_not_count_either(
    browser: Browser, personas: Personas
) -> None:
    user_id = personas.users["admin"]
    add(browser.sign_in("admin"), profile="administrator")
    giver = Giver(profile=Profile.ADMINISTRATOR, everywhere=True)
    with pytest.raises(Invalid, match="the last programme admin"), writing(browser.app) as work:
        accounts.deactivate(None, giver, work.get_one(User, user_id))
    assert user_of(browser.app, user_id).active


def test_who_works_nowhere_is_no_managers_to_change() -> None:
    giver = Giver(profile=Profile.MANAGER, location_ids=frozenset({1}))
    nowhere = Holder(profile=Profile.PROVIDER, location_ids=frozenset())
    with pytest.raises(Forbidden):
        rules.check_whole_account(giver, nowhere)
    rules.check_whole_account(Giver(profile=Profile.ADMINISTRATOR, everywhere=True), nowhere)


def test_what_a_manager_may_change_is_read_after_the_lock(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = personas.users["provider_a"]
    real = accounts.load_for_change

    def removed_meanwhile(number: int) -> User:
        session().execute(delete(UserLocation).where(UserLocation.user_id == number))
        return real(number)

    monkeypatch.setattr(accounts, "load_for_change", removed_meanwhile)
    with app.app_context():
        scope = scope_for(personas, "manager_a")
    with pytest.raises(NotFound), writing(app):
        services.deactivate(scope, user_id)
    assert user_of(app, user_id).active


@pytest.mark.both_databases
def test_two_managers_who_change_each_other_do_not_wait_for_one_another(
    app: Flask, personas: Personas
) -> None:
    tries: list[str] = []
    barrier = threading.Barrier(2)

    def work(me: str, other: str) -> None:
        def step() -> bool:
            tries.append(me)
            submissions.claim(
                submissions.new_operation_id(), user_id=personas.users[me], fingerprint="x"
            )
            if app_on_postgresql and tries.count(me) == 1:
                barrier.wait()
            accounts.load_for_change(personas.users[other])
            return True

        with app.app_context():
            run(step, write=True)

    app_on_postgresql = "postgresql" in app.config["SQLALCHEMY_DATABASE_URI"]
    pair = ("manager_a", "manager_ab")
    at_once(work, (pair, pair[::-1]))
    assert sorted(tries) == ["manager_a", "manager_ab"], "once each, without a deadlock"


# Looking


def test_looking_at_a_user_is_in_the_trail(browser: Browser, personas: Personas) -> None:
    user_id = personas.users["provider_a"]
    browser.sign_in("manager_a").get(f"/accounts/{user_id}")
    assert browser.get(f"/accounts/{personas.users['manager_b']}").status == 404
    (entry,) = trail(browser.app, "user.viewed")
    assert (entry.actor_id, entry.subject_id, entry.location_id) == (
        personas.users["manager_a"],
        user_id,
        personas.locations["A"],
    )
