"""What a stranger could count or time while registering is the same, whoever is known."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from portal.db import unit_of_work
from portal.people.models import User
from portal.signing_in import hashing, recovery
from tests.client import Browser
from tests.helpdesk.test_registering import FORM, send
from tests.statements import watched


class Told:
    """What one registration answers, and the work it takes."""

    def __init__(self, app: Flask, browser: Browser, **typed: str) -> None:
        hashes = 0
        original = hashing.hash_password

        def counted(password: str) -> str:
            nonlocal hashes
            hashes += 1
            return original(password)

        with pytest.MonkeyPatch.context() as patched, watched(app) as seen:
            patched.setattr(hashing, "hash_password", counted)
            page = send(browser, typed.pop("email"), **typed)
        self.answer = (page.status, page.leads_to, page.root.text)
        self.hashes = hashes
        self.work = Counter(_kind(text) for text in seen)


def _kind(statement: str) -> str:
    """Verb and table of a statement."""
    found = re.match(r"\s*(\w+)(?:.*?\b(?:FROM|INTO|UPDATE)\s+(\w+))?", statement, re.S)
    return " ".join(filter(None, found.groups())) if found else statement


@pytest.mark.both_databases
def test_every_address_gets_the_same_answer_for_the_same_work(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(browser, "waits@example.org")
    with app.app_context(), unit_of_work() as session:
        session.execute(
            update(User).where(User.email == "readonly.a@example.org").values(active=False)
        )
    told = {
        what: Told(app, browser, email=email)
        for what, email in {
            "new": "new@example.org",
            "known": "manager.a@example.org",
            "registered": "waits@example.org",
            "deactivated": "readonly.a@example.org",
        }.items()
    }
    monkeypatch.setattr(recovery, "MAILS", ((1, timedelta(minutes=15)),))
    # What was mailed lately is counted for every address alike, known or not.
    rested = Told(app, browser, email="manager.a@example.org")
    first = told.pop("new")
    assert (rested.answer, rested.hashes) == (first.answer, first.hashes)
    for what, one in told.items():
        assert one.answer == first.answer, what
        assert one.hashes == first.hashes == 1, what
        # What is undone ends with ROLLBACK in place of RELEASE.
        ends = Counter({"RELEASE": 1, "ROLLBACK": 1})
        assert {kind: number for kind, number in one.work.items() if kind not in ends} == {
            kind: number for kind, number in first.work.items() if kind not in ends
        }, what
        assert one.work.total() == first.work.total(), what


@pytest.mark.parametrize("code", ["NCA000001", "NCA650009", "650008"])
def test_an_unknown_pin_is_as_unknown_as_another_and_costs_no_hash(
    app: Flask, browser: Browser, code: str
) -> None:
    known = Told(app, browser, email="manager.a@example.org", code=code)
    new = Told(app, browser, email="new@example.org", code=code)
    other = Told(app, browser, email="new@example.org", code="NCA000002")
    assert known.answer[0] == new.answer[0] == 422
    assert known.hashes == new.hashes == other.hashes == 0
    assert known.work == new.work == other.work


def test_a_known_pin_and_the_general_code_cost_the_same(app: Flask, browser: Browser) -> None:
    told = [
        Told(app, browser, email=f"rita{number}@example.org", code=code)
        for number, code in enumerate(("NCA650001", "NCA650002", FORM["code"]))
    ]
    assert len({one.answer for one in told}) == 1
    assert [one.hashes for one in told] == [1, 1, 1]
    assert told[0].work == told[1].work == told[2].work
