"""Guessing is slow, and nobody can lock somebody else out (docs/adr/0003-throttling.md)."""

import random
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import throttle
from portal.db import session, unit_of_work
from portal.networks import bucket
from portal.signing_in import by_password as signing_in
from portal.throttle import Attempt
from tests.client import Browser
from tests.people.steps import reading, sign_in, trail, writing
from tests.personas import PASSPHRASE, Personas
from tests.threads import at_once

# What is counted by statements that differ runs on both.
BOTH = pytest.mark.both_databases

WRONG = "not the right password"
START = datetime(2021, 3, 1, 12, tzinfo=UTC)
CLINIC = "203.0.113.7"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting is tested here, not hashing."""
    monkeypatch.setattr(
        "portal.signing_in.hashing.verify", lambda stored, text: bool(stored) and text == PASSPHRASE
    )
    monkeypatch.setattr("portal.signing_in.hashing.is_outdated", lambda _stored: False)


def judge(app: Flask, address: str, password: str = WRONG, username: str = "manager.a") -> int:
    """One attempt; the seconds to wait, 0 if it was judged."""
    with app.app_context():
        return signing_in.judge(username, password, address=address).retry_after


def enter(app: Flask, address: str, username: str = "manager.a") -> bool:
    """One attempt with the right password; whether it succeeded."""
    with app.app_context():
        verdict = signing_in.judge(username, PASSPHRASE, address=address)
    with writing(app):
        return signing_in.complete(verdict) is not None


@BOTH
def test_one_user_signs_in_at_two_tablets_at_once(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget, both = throttle._forget, threading.Barrier(2)

    def slowly(kind: str, subject: str) -> None:
        """Each has taken back its own attempt when both forget the others'."""
        with suppress(threading.BrokenBarrierError):
            both.wait(1)
        forget(kind, subject)

    def enter_once(_index: int) -> bool:
        with app.app_context():
            with unit_of_work():
                admission = throttle.admit("manager.a", CLINIC)
            with unit_of_work():
                throttle.succeeded(admission)
        return True

    monkeypatch.setattr(throttle, "_forget", slowly)
    assert at_once(enter_once, [(0,), (1,)]) == [True, True]


@pytest.mark.parametrize("username", ["manager.a", "nobody.at.all"])
def test_after_ten_failures_the_page_says_how_long_to_wait(browser: Browser, username: str) -> None:
    for _attempt in range(10):
        assert sign_in(browser, username, WRONG).status == 422
    answer = sign_in(browser, username, PASSPHRASE)
    assert answer.status == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 301
    assert "Too many attempts. Try again in 5 min" in answer.root.one("main").text
    assert answer.form(action="/sign-in").one("input", name="username").attributes["value"] == (
        username
    )


@BOTH
def test_the_eleventh_is_judged_again_after_five_minutes(app: Flask, personas: Personas) -> None:
    with time_machine.travel(START, tick=False) as clock:
        for _attempt in range(10):
            assert judge(app, "10.0.0.1") == 0
        wait = judge(app, "10.0.0.1")
        assert wait == 301
        clock.shift(wait)
        assert judge(app, "10.0.0.1") == 0


@BOTH
def test_fifty_failures_from_one_address_stop_it_for_all_accounts(
    app: Flask, personas: Personas
) -> None:
    for number in range(50):
        assert judge(app, "10.0.0.1", username=f"guess{number}") == 0
    assert judge(app, "10.0.0.1", username="one.more") > 0
    assert judge(app, "10.0.0.2", username="one.more") == 0


def test_a_success_takes_its_own_attempt_back(app: Flask, personas: Personas) -> None:
    for _morning in range(60):
        assert enter(app, "10.0.0.1")


@BOTH
def test_a_success_does_not_clear_the_address(app: Flask, personas: Personas) -> None:
    for number in range(49):
        judge(app, "10.0.0.1", username=f"guess{number}")
    assert enter(app, "10.0.0.1", username="provider.a")
    judge(app, "10.0.0.1", username="last")
    assert judge(app, "10.0.0.1", username="one.more") > 0


def use_up(app: Flask, address: str) -> None:
    """Fail with invented names until the address's limit is reached."""
    for number in range(throttle.PER_ADDRESS):
        assert judge(app, address, username=f"nobody{number}") == 0
    assert judge(app, address, username="one.more") > 0


@BOTH
def test_invented_names_do_not_keep_those_out_who_are_known_at_the_address(
    app: Flask, personas: Personas
) -> None:
    assert enter(app, CLINIC)
    use_up(app, CLINIC)
    assert enter(app, CLINIC)
    assert not enter(app, CLINIC, username="provider.a"), "who never was there waits"


def test_who_is_known_at_the_address_still_has_ten_guesses(app: Flask, personas: Personas) -> None:
    assert enter(app, CLINIC)
    use_up(app, CLINIC)
    waits = [judge(app, CLINIC) for _guess in range(11)]
    assert [wait > 0 for wait in waits] == [False] * 10 + [True]


@BOTH
def test_attempts_that_are_not_judged_are_in_the_trail_once_in_a_window(
    app: Flask, personas: Personas
) -> None:
    def throttled() -> list[int | None]:
        return [entry.subject_id for entry in trail(app, "user.sign_in_throttled")]

    manager = personas.users["manager_a"]
    with time_machine.travel(START, tick=False) as clock:
        for _attempt in range(10):
            judge(app, CLINIC)
        assert throttled() == []
        for _attempt in range(5):
            assert judge(app, CLINIC) > 0
        assert throttled() == [manager]
        for _attempt in range(10):
            judge(app, CLINIC, username="nobody.at.all")
        for _attempt in range(5):
            assert judge(app, CLINIC, username="nobody.at.all") > 0
        assert throttled() == [manager, None]
        clock.shift(throttle.WINDOW.total_seconds() + 1)
        for _attempt in range(12):
            judge(app, CLINIC)
        assert throttled() == [manager, None, manager]
    assert "nobody.at.all" not in repr([vars(one) for one in trail(app, "user.sign_in%")])


def test_the_page_too_leaves_the_entry(browser: Browser) -> None:
    for _attempt in range(10):
        sign_in(browser, "manager.a", WRONG)
    assert trail(browser.app, "user.sign_in_throttled") == []
    assert sign_in(browser, "manager.a", WRONG).status == 429
    assert len(trail(browser.app, "user.sign_in_throttled")) == 1


def attack(app: Flask, failures: int) -> None:
    """Guesses from ever new addresses until so many were judged."""
    done = 0
    for number in range(10 * failures):
        address = f"203.{number >> 8 & 255}.{number & 255}.{random.randint(1, 254)}"
        while done < failures and judge(app, address) == 0:
            done += 1
        if done == failures:
            return
    raise AssertionError(f"only {done} guesses were judged")


@BOTH
def test_strangers_never_lock_a_user_out(app: Flask, personas: Personas) -> None:
    assert enter(app, "10.0.0.1")
    attack(app, 100)
    assert enter(app, "10.0.0.1"), "from an address that is known"
    assert enter(app, "198.51.100.7"), "from one that was never seen"


def test_after_a_hundred_strangers_each_network_has_one_guess_a_day(
    app: Flask, personas: Personas
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        attack(app, 100)
        assert judge(app, "198.51.100.7") == 0
        assert judge(app, "198.51.100.7") > 23 * 3600
        assert judge(app, "2001:db8:1:1::1") == 0
        assert judge(app, "2001:db8:1:2::2") > 0, "the same /48"
        clock.shift(timedelta(hours=24, seconds=2))
        assert judge(app, "198.51.100.7") == 0
        assert judge(app, "198.51.100.7") > 0


def test_the_mailed_link_makes_an_address_known(app: Flask, personas: Personas) -> None:
    attack(app, 100)
    judge(app, "198.51.100.7")
    assert not enter(app, "198.51.100.7")
    with writing(app):
        throttle.welcome("manager.a", "198.51.100.7")
    assert enter(app, "198.51.100.7")


@BOTH
def test_all_guesses_of_strangers_together_are_bounded(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "STRANGERS_FREELY", 5)
    monkeypatch.setattr(throttle, "STRANGERS_AT_ALL", 20)
    assert enter(app, "10.0.0.1")
    judged = sum(judge(app, f"198.51.{number}.1") == 0 for number in range(40))
    assert judged == 20
    assert enter(app, "10.0.0.1"), "the known address is not concerned"
    assert judge(app, "198.51.200.1") > 0, "a success from a known address clears nothing"


@BOTH
def test_parallel_guesses_are_counted_exactly(app: Flask, personas: Personas) -> None:
    judged = in_parallel(app, 40)
    assert judged == 10


@BOTH
@pytest.mark.thorough
def test_the_parallel_test_sees_a_count_that_is_taken_too_late(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(account: str, address: str) -> throttle.Admission:
        admission = real(account, address)
        for row in admission.rows:
            session().delete(session().get_one(Attempt, row))
        return admission

    real = throttle.admit
    monkeypatch.setattr(throttle, "admit", too_late)
    assert in_parallel(app, 40) > 10


def in_parallel(app: Flask, guesses: int) -> int:
    """How many of these guesses, all at once from one address, were judged."""
    return at_once(judge, [(app, "10.0.0.1")] * guesses).count(0)


def test_a_forwarded_address_from_nobody_trusted_counts_for_nothing(browser: Browser) -> None:
    def guess(number: int) -> int:
        page = browser.get("/sign-in")
        form = page.form(action="/sign-in")
        data = {"csrf_token": form.one("input", name="csrf_token").attributes["value"]}
        spoofed = f"198.51.100.{number}"
        headers = {
            "X-Forwarded-For": spoofed,
            "X-Real-IP": spoofed,
            "Forwarded": f"for={spoofed}",
        }
        return browser.post(
            "/sign-in",
            {**data, "username": "manager.a", "password": WRONG},
            headers=headers,
        ).status

    assert [guess(number) for number in range(11)] == [422] * 10 + [429]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "not an address", True),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (bucket(one) == bucket(other)) is same


def test_only_keyed_hashes_are_kept(app: Flask, personas: Personas) -> None:
    judge(app, "198.51.100.7")
    with reading(app) as present:
        rows = present.scalars(select(Attempt)).all()
        assert {row.kind for row in rows} == {"address", "pair", "stranger", "network"}
        assert all(len(row.key_hash) == 64 for row in rows)
        assert len({row.key_hash for row in rows}) == 4


@BOTH
def test_old_attempts_are_forgotten(app: Flask, personas: Personas) -> None:
    with time_machine.travel(START, tick=False) as clock:
        judge(app, "198.51.100.7")
        clock.shift(throttle.KNOWN_FOR - timedelta(seconds=1))
        forget(app)
        assert count(app) == 4
        clock.shift(timedelta(seconds=2))
        forget(app)
        assert count(app) == 0


def forget(app: Flask) -> None:
    from portal.signing_in.forgetting import forget_old

    with app.app_context():
        forget_old()


def count(app: Flask) -> int:
    with reading(app) as present:
        return len(present.scalars(select(Attempt)).all())
